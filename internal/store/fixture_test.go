package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openTest opens a database that lives as long as the test.
func openTest(t testing.TB, opts Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "hf.db"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func update(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// seed makes the workspace "w" with the repo "r" and the tasks named.
func seed(t testing.TB, s *Store, tasks ...string) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		if err := tx.EnsureWorkspace("w"); err != nil {
			return err
		}
		if err := tx.PutRepo(&task.Repo{ID: "r", Workspace: "w", Name: "repo", State: api.RepoReady, CreatedAt: time.Unix(1, 0)}); err != nil {
			return err
		}
		for i, id := range tasks {
			if err := tx.PutTask(newTask(id, time.Unix(int64(i+1), 0))); err != nil {
				return err
			}
		}
		return nil
	})
}

func newTask(id string, created time.Time) *task.Task {
	return &task.Task{ID: id, Workspace: "w", RepoID: "r", Title: "Title of " + id, Lifecycle: api.LifecycleReady, CreatedAt: created}
}

// fill sets every field below v to something random, so that a field which is
// not stored is noticed. Times are what a database can hold.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMicro(1 + r.Int64N(4e15)).UTC()))
		return
	case api.Opt[api.PullRequestSummary]:
		v.Set(reflect.ValueOf(api.Some(api.PullRequestSummary{Number: 1 + r.IntN(1e6), URL: "https://forge.test/1", State: api.PullRequestDraft, Draft: true})))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%x 'ü'\n", r.Uint32()))
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(1e9))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 { // bytes, or JSON
			v.SetBytes(fmt.Appendf(nil, `{"n":%d}`, r.Uint32()))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, r)
			fill(value, r)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, r)
		}
	default:
		panic("fill: " + v.Type().String())
	}
}

func random[T any](r *rand.Rand) *T {
	v := new(T)
	fill(reflect.ValueOf(v).Elem(), r)
	return v
}
