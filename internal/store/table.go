package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// column is one column of a table and the field it is bound to.
type column struct {
	name string
	at   any // see column.go
}

// table says how values of type T are stored.
type table[T any] struct {
	columns func(*T) []column // written and read
	joined  func(*T) []column // only read; their names are expressions
	read    string            // SELECT … FROM …, to which a condition is added
	write   string            // INSERT … ON CONFLICT … DO UPDATE …
}

// newTable builds the statements of a table. from is its name and what it is
// joined with for reading; key are the columns that name a row; guard is a
// condition for replacing a row, or "".
func newTable[T any](from string, key []string, guard string, columns, joined func(*T) []column) *table[T] {
	name, _, _ := strings.Cut(from, " ")
	var names, read, marks, set []string
	for _, c := range columns(new(T)) {
		names = append(names, c.name)
		read = append(read, name+"."+c.name)
		marks = append(marks, "?")
		if !slices.Contains(key, c.name) {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	t := &table[T]{columns: columns, joined: joined}
	if joined != nil {
		for _, c := range joined(new(T)) {
			read = append(read, c.name)
		}
	}
	t.read = "SELECT " + strings.Join(read, ", ") + " FROM " + from + " "
	t.write = fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s",
		name, strings.Join(names, ", "), strings.Join(marks, ", "), strings.Join(key, ", "), strings.Join(set, ", "))
	if guard != "" {
		t.write += " WHERE " + guard
	}
	return t
}

// put writes v. It reports whether a row was written: not so when the guard
// was against it.
func (t *table[T]) put(tx *Tx, v *T) (bool, error) {
	cols := t.columns(v)
	args := make([]any, len(cols))
	for i, c := range cols {
		args[i] = c.at
	}
	res, err := tx.exec(t.write, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// all reads the rows that a condition (WHERE …, ORDER BY …) selects.
func (t *table[T]) all(tx *Tx, condition string, args ...any) ([]T, error) {
	rows, err := tx.conn.query(tx.ctx, t.read+condition, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer func() { _ = rows.Close() }()
	var v T // every row is read into the same place, and copied from there
	cols := t.columns(&v)
	if t.joined != nil {
		cols = append(cols, t.joined(&v)...)
	}
	dest := make([]any, len(cols))
	for i, c := range cols {
		dest[i] = c.at
	}
	var out []T
	for rows.Next() {
		v = *new(T)
		if err := rows.Scan(dest...); err != nil {
			return nil, classify(err)
		}
		out = append(out, v)
	}
	return out, classify(rows.Err())
}

// one reads the only row a condition selects, or the first. Its error is
// sql.ErrNoRows when there is none.
func (t *table[T]) one(tx *Tx, condition string, args ...any) (*T, error) {
	rows, err := t.all(tx, condition+" LIMIT 1", args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sql.ErrNoRows
	}
	return &rows[0], nil
}

// find is one with the error a person should see when there is none.
func (t *table[T]) find(tx *Tx, what, name, condition string, args ...any) (*T, error) {
	v, err := t.one(tx, condition, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound(what, name)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %q: %w", what, name, err)
	}
	return v, nil
}
