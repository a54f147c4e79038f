package store

import (
	"context"
	"database/sql"
)

// conn is one connection with the statements prepared on it. It is used by
// one goroutine at a time. The zero value is not connected.
type conn struct {
	*sql.Conn
	stmts map[string]*sql.Stmt
	list  taskList // readers only
}

func connect(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return &conn{}, err
	}
	return &conn{Conn: c, stmts: make(map[string]*sql.Stmt)}, nil
}

// prepare returns the statement of a query, compiled on its first use. Queries
// are constants of this package, so their number is small.
func (c *conn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = stmt
	return stmt, nil
}

func (c *conn) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := c.prepare(ctx, query) //nolint:sqlclosecheck // kept for the connection's life
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (c *conn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := c.prepare(ctx, query) //nolint:sqlclosecheck // kept for the connection's life
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// scan reads the only row of a query. Its error is sql.ErrNoRows when there
// is none.
func (c *conn) scan(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := c.prepare(ctx, query) //nolint:sqlclosecheck // kept for the connection's life
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

func (c *conn) close() error {
	if c.Conn == nil {
		return nil
	}
	for _, stmt := range c.stmts {
		_ = stmt.Close() // the connection's own Close reports what matters
	}
	clear(c.stmts)
	return c.Conn.Close()
}
