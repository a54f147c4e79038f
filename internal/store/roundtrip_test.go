package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Every field of every stored type comes back as it was, full and empty,
// inserted and replaced. The fields are found by reflection: one that is added
// to a type and not to its table fails here.
func TestRoundTrip(t *testing.T) {
	now := time.Unix(1e9, 123456000).UTC()
	s := openTest(t, Options{Now: func() time.Time { return now }})
	seed(t, s, "t")
	update(t, s, func(tx *Tx) error {
		return tx.PutSession(&session.Session{ID: "s", Task: "t"})
	})
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		for _, full := range []bool{true, false} {
			roundTrip(t, s, full, r, func(v *task.Task) {
				v.ID, v.Workspace, v.RepoID, v.RepoName = "random", "w", "r", "repo"
				v.LastEvent, v.Version, v.UpdatedAt = 0, 0, now
				view(t, s, func(tx *Tx) error { // a replaced one has the next version
					if old, err := tx.Task(v.ID); err == nil {
						v.Version = old.Version
					}
					return nil
				})
			}, (*Tx).PutTask, func(tx *Tx) (*task.Task, error) { return tx.Task("random") })
			roundTrip(t, s, full, r, func(v *task.Repo) { v.ID, v.Workspace, v.Tasks = "random", "w", 0 },
				(*Tx).PutRepo, func(tx *Tx) (*task.Repo, error) { return tx.Repo("random") })
			roundTrip(t, s, full, r, func(v *session.Session) { v.ID, v.Task = "random", "t" },
				(*Tx).PutSession, func(tx *Tx) (*session.Session, error) { return tx.Session("random") })
			roundTrip(t, s, full, r, func(v *session.Message) { v.ID, v.Task = "random", "t" },
				(*Tx).PutMessage, func(tx *Tx) (*session.Message, error) { return tx.Message("random") })
			roundTrip(t, s, full, r, func(v *session.Permission) { v.ID, v.Task, v.Session = "random", "t", "s" },
				(*Tx).PutPermission, func(tx *Tx) (*session.Permission, error) { return tx.Permission("random") })
			roundTrip(t, s, full, r, func(v *change.RemoteBranch) { v.Repo, v.Remote, v.Branch = "r", "origin", "random" },
				(*Tx).PutRemoteBranch, func(tx *Tx) (*change.RemoteBranch, error) { return tx.RemoteBranch("r", "origin", "random") })
			roundTrip(t, s, full, r, func(v *change.Fix) { v.Task, v.Kind, v.Signature = "t", api.FixCI, "random" },
				(*Tx).PutFix, func(tx *Tx) (*change.Fix, error) {
					fixes, err := tx.Fixes("t")
					if err != nil || len(fixes) != 1 {
						return nil, fmt.Errorf("%d fixes, %w", len(fixes), err)
					}
					return &fixes[0], nil
				})
			roundTrip(t, s, full, r, func(v *branch.Branch) {
				v.Repo, v.Name, v.PullRequest = "r", "random", api.Opt[api.PullRequestSummary]{}
			}, (*Tx).PutBranch, func(tx *Tx) (*branch.Branch, error) {
				list, err := tx.Branches("r")
				return &list[0], err
			})
			roundTrip(t, s, full, r, func(v *operation.Operation) {
				v.ID, v.Task, v.Repo, v.UpdatedAt = "random", "t", "r", now
				v.Steps = []operation.Step{*random[operation.Step](r), {Name: "empty"}}
				v.Steps[0].Name = "full"
				v.Steps[0].Limit = 90 * time.Second
			}, (*Tx).PutOperation, func(tx *Tx) (*operation.Operation, error) { return tx.Operation("random") })
			roundTrip(t, s, full, r, func(v *change.Action) { v.Operation, v.Repo, v.UpdatedAt = "random", "r", now },
				(*Tx).PutStackAction, func(tx *Tx) (*change.Action, error) { return tx.StackAction("random") })
		}
	}
}

func roundTrip[T any](t *testing.T, s *Store, full bool, r *rand.Rand, fix func(*T), put func(*Tx, *T) error, get func(*Tx) (*T, error)) {
	t.Helper()
	v := new(T)
	if full {
		v = random[T](r)
	}
	fix(v)
	update(t, s, func(tx *Tx) error { return put(tx, v) })
	var got *T
	view(t, s, func(tx *Tx) (err error) {
		got, err = get(tx)
		return err
	})
	if diff := cmp.Diff(v, got, cmp.AllowUnexported(api.Opt[api.PullRequestSummary]{})); diff != "" {
		t.Fatalf("%T, full %v (- put, + got):\n%s", v, full, diff)
	}
}

func TestEventsAndSettingsRoundTrip(t *testing.T) {
	now := time.Unix(1e9, 123456000).UTC()
	s := openTest(t, Options{Now: func() time.Time { return now }})
	seed(t, s, "t")
	update(t, s, func(tx *Tx) error {
		if seq, err := tx.LastSeq(); seq != 0 || err != nil {
			t.Errorf("before any event: %d, %v", seq, err)
		}
		for _, task := range []string{"t", "", "t"} {
			if _, err := tx.Event(api.EventWarning, "w", task, api.Error{Code: api.CodeLimit, Message: task}); err != nil {
				return err
			}
		}
		_, err := tx.Event(api.EventTaskCreated, "w", "t", nil)
		return err
	})
	view(t, s, func(tx *Tx) error {
		all, err := tx.Events(0, "", 0)
		if err != nil {
			return err
		}
		want := api.Event{Seq: 1, Time: now, Kind: api.EventWarning, Workspace: "w", Task: "t", Data: []byte(`{"code":"usage_limit","message":"t"}`)}
		if diff := cmp.Diff(want, all[0]); diff != "" {
			t.Error(diff)
		}
		if all[3].Data != nil {
			t.Errorf("data of an event without any: %s", all[3].Data)
		}
		for _, c := range []struct {
			after int64
			task  string
			limit int
			want  []int64
		}{{0, "", 0, []int64{1, 2, 3, 4}}, {1, "", 2, []int64{2, 3}}, {1, "t", 0, []int64{3, 4}}, {4, "", 0, nil}, {0, "t", 1, []int64{1}}} {
			events, err := tx.Events(c.after, c.task, c.limit)
			if err != nil {
				return err
			}
			var got []int64
			for _, e := range events {
				got = append(got, e.Seq)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("after %d of %q, limit %d: %s", c.after, c.task, c.limit, diff)
			}
		}
		if seq, err := tx.LastSeq(); seq != 4 || err != nil {
			t.Errorf("last seq %d, %v", seq, err)
		}
		tk, err := tx.Task("t")
		if err == nil && tk.LastEvent != 4 {
			t.Errorf("last event of the task: %d", tk.LastEvent)
		}
		return err
	})
	update(t, s, func(tx *Tx) error {
		if _, found, err := tx.Setting("k"); found || err != nil {
			t.Errorf("setting that was never set: %v, %v", found, err)
		}
		return errors.Join(tx.PutSetting("k", "1"), tx.PutSetting("k", ""), tx.Trust("r", "h"), tx.Trust("r", "h"))
	})
	view(t, s, func(tx *Tx) error {
		if v, found, err := tx.Setting("k"); v != "" || !found || err != nil {
			t.Errorf("setting: %q, %v, %v", v, found, err)
		}
		for hash, want := range map[string]bool{"h": true, "other": false} {
			if ok, err := tx.Trusted("r", hash); ok != want || err != nil {
				t.Errorf("trusted %q: %v, %v", hash, ok, err)
			}
		}
		return nil
	})
}

// Every query is compiled against the schema: each method of Tx is called, by
// reflection, on a database in which whatever it asks for exists.
func TestEveryQueryCompiles(t *testing.T) {
	s := openTest(t, Options{})
	update(t, s, func(tx *Tx) error {
		return errors.Join(
			tx.EnsureWorkspace("x"),
			tx.PutRepo(&task.Repo{ID: "x", Workspace: "x", Name: "x", Path: "x", Remote: "x"}),
			tx.PutTask(&task.Task{ID: "x", Workspace: "x", RepoID: "x"}),
			tx.PutSession(&session.Session{ID: "x", Task: "x"}),
			tx.PutMessage(&session.Message{ID: "x", Task: "x", State: api.MessageQueued}),
			tx.PutPermission(&session.Permission{Session: "x", PermissionRequest: api.PermissionRequest{ID: "x", Task: "x", State: api.PermissionOpen}}),
			tx.PutOperation(&operation.Operation{ID: "x", Task: "x", State: api.OperationPending, Steps: []operation.Step{{Name: "x"}}}),
			tx.PutStackAction(&change.Action{Operation: "x", Repo: "x"}),
			tx.PutSetting("x", "x"),
			tx.Remember("x", nil),
		)
	})
	methods := reflect.TypeFor[*Tx]()
	for m := range methods.Methods() {
		if strings.HasPrefix(m.Name, "Put") || m.Name == "Remember" {
			continue // called above
		}
		undo := errors.New("undo")
		err := s.Update(t.Context(), func(tx *Tx) error {
			args := []reflect.Value{reflect.ValueOf(tx)}
			for i := 1; i < m.Type.NumIn(); i++ {
				arg := reflect.New(m.Type.In(i)).Elem()
				if arg.Kind() == reflect.String {
					arg.SetString("x")
				}
				args = append(args, arg)
			}
			out := m.Func.Call(args)
			if err, _ := reflect.TypeAssert[error](out[len(out)-1]); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Error(err)
		}
	}
}
