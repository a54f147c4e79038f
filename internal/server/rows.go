package server

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// maxTexts bounds how many rows are remembered, some hundred bytes each.
const maxTexts = 1 << 14

// rows encodes tasks as rows of an api.TaskList. Their texts are remembered,
// because a list is asked for far more often than most of its tasks change.
type rows struct {
	view  view
	index map[string]int // of a field of api.Task, by its name in JSON

	mu    sync.Mutex
	texts map[rowKey]rowText
}

// rowKey names a text: that of a task, with all its fields or with some.
type rowKey struct{ task, fields string }

// rowText is a text and what it was made of. A task whose version is the same
// is the same; the other two come from elsewhere.
type rowText struct {
	version, lastEvent int64
	repo               string
	text               []byte
}

func newRows(v view) *rows {
	r := &rows{view: v, index: map[string]int{}, texts: map[rowKey]rowText{}}
	for f := range reflect.TypeFor[api.Task]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		r.index[name] = f.Index[0]
	}
	return r
}

// list encodes a list. fields is the query's: names with commas between, or ""
// for all.
func (r *rows) list(tasks []task.Task, seq int64, fields string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.texts) > maxTexts {
		clear(r.texts)
	}
	b := make([]byte, 0, 512*(1+len(tasks)))
	b = fmt.Appendf(b, `{"schema":%d,"tasks":[`, api.Schema)
	for i := range tasks {
		text, err := r.row(&tasks[i], fields)
		if err != nil {
			return nil, fmt.Errorf("encode task %q: %w", tasks[i].ID, err)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, text...)
	}
	return fmt.Appendf(b, `],"seq":%d}`, seq), nil
}

func (r *rows) row(t *task.Task, fields string) ([]byte, error) {
	key := rowKey{t.ID, fields}
	had, ok := r.texts[key]
	if ok && had.version == t.Version && had.lastEvent == t.LastEvent && had.repo == t.RepoName {
		return had.text, nil
	}
	text, err := r.encode(t, fields)
	if err == nil {
		r.texts[key] = rowText{t.Version, t.LastEvent, t.RepoName, text}
	}
	return text, err
}

// encode leaves out fields that are zero where only some are asked for. A name
// it does not know was asked for by a younger client, which can do without.
func (r *rows) encode(t *task.Task, fields string) ([]byte, error) {
	whole := r.view.task(t)
	if fields == "" {
		return json.Marshal(whole)
	}
	v := reflect.ValueOf(&whole).Elem()
	b := []byte{'{'}
	for name := range strings.SplitSeq(fields, ",") {
		i, ok := r.index[name]
		if !ok || v.Field(i).IsZero() {
			continue
		}
		value, err := json.Marshal(v.Field(i).Interface())
		if err != nil {
			return nil, err
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `"%s":%s`, name, value)
	}
	return append(b, '}'), nil
}
