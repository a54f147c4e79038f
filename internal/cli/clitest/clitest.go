// Package clitest helps to test commands without a daemon.
package clitest

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Daemon answers what commands ask with what its fields say, and notes what it
// was asked to change. Events and live transcripts end when their list does.
type Daemon struct {
	Err      error            // of every change
	Details  []api.TaskDetail // of Task: one a call, the last for ever
	TaskList api.TaskList
	Accept   api.Accepted // of create, retry and kill
	Log      []api.Event
	Entries  []api.Entry
	Live     chan api.Entry // what the live transcript adds; nil for nothing
	Open     []api.PermissionRequest
	Sent     api.Message // the answer to Send
	Patch    api.Diff
	Cmd      api.Command
	Trust    api.RepoTrust
	Overview api.RepoOverview
	RepoList api.RepoList
	Added    api.Repo
	Prefs    api.Preferences
	Past     []api.HistoryEntry

	mu    sync.Mutex
	calls []string
}

// Calls returns what was asked to change, one line each.
func (d *Daemon) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.calls...)
}

func (d *Daemon) note(words ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, strings.Join(words, " "))
	return d.Err
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Task returns the next detail.
func (d *Daemon) Task(context.Context, string, bool) (api.TaskDetail, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.Details) == 0 {
		return api.TaskDetail{}, &api.Error{Code: api.CodeNotFound, Message: "no task"}
	}
	next := d.Details[0]
	if len(d.Details) > 1 {
		d.Details = d.Details[1:]
	}
	return next, nil
}

// Tasks returns TaskList.
func (d *Daemon) Tasks(context.Context, client.TaskFilter) (api.TaskList, error) {
	return d.TaskList, nil
}

// Events gives Log.
func (d *Daemon) Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		for _, e := range d.Log {
			if e.Seq > f.After && !yield(e, nil) {
				return
			}
		}
		<-ctx.Done()
		yield(api.Event{}, context.Cause(ctx))
	}
}

// Transcript gives Entries behind the cursor, and then those of Live.
func (d *Daemon) Transcript(ctx context.Context, _, after string, live bool) iter.Seq2[api.Entry, error] {
	return func(yield func(api.Entry, error) bool) {
		from := 0
		for i, e := range d.Entries {
			if e.Cursor == after {
				from = i + 1
			}
		}
		for _, e := range d.Entries[from:] {
			if !yield(e, nil) {
				return
			}
		}
		for live {
			select {
			case e := <-d.Live:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(api.Entry{}, context.Cause(ctx))
				return
			}
		}
	}
}

// CreateTask accepts.
func (d *Daemon) CreateTask(_ context.Context, in api.CreateTask) (api.Accepted, error) {
	return d.Accept, d.note("create", text(in))
}

// Retry accepts.
func (d *Daemon) Retry(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return d.Accept, d.note("retry", task)
}

// Kill accepts.
func (d *Daemon) Kill(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return d.Accept, d.note("kill", task)
}

// Rename accepts.
func (d *Daemon) Rename(_ context.Context, task string, in api.RenameTask) (api.Accepted, error) {
	return d.Accept, d.note("rename", task, in.Title)
}

// Preferences returns Prefs.
func (d *Daemon) Preferences(context.Context) (api.Preferences, error) { return d.Prefs, nil }

// History gives Past, and notes what was asked for.
func (d *Daemon) History(_ context.Context, f client.HistoryFilter) iter.Seq2[api.HistoryEntry, error] {
	err := d.note("history", text(f))
	return func(yield func(api.HistoryEntry, error) bool) {
		for _, e := range d.Past {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(api.HistoryEntry{}, err)
		}
	}
}

// Interrupt accepts.
func (d *Daemon) Interrupt(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return d.Accept, d.note("interrupt", task)
}

// Send returns Sent.
func (d *Daemon) Send(_ context.Context, task string, in api.SendMessage) (api.Message, error) {
	return d.Sent, d.note("send", task, in.Text)
}

// Message returns Sent.
func (d *Daemon) Message(context.Context, string, string) (api.Message, error) { return d.Sent, nil }

// Permissions returns Open.
func (d *Daemon) Permissions(context.Context, string) ([]api.PermissionRequest, error) {
	return d.Open, nil
}

// Approvals returns Open.
func (d *Daemon) Approvals(context.Context) ([]api.PermissionRequest, error) { return d.Open, nil }

// Resolve notes the answer.
func (d *Daemon) Resolve(_ context.Context, task, id string, in api.ResolvePermission) (api.PermissionRequest, error) {
	return api.PermissionRequest{ID: id, Task: task, Title: "it"}, d.note("resolve", task, id, text(in))
}

// Diff returns Patch.
func (d *Daemon) Diff(context.Context, string, api.PatchKind) (api.Diff, error) {
	return d.Patch, nil
}

// Command returns Cmd.
func (d *Daemon) Command(_ context.Context, task string, in api.CommandRequest) (api.Command, error) {
	return d.Cmd, d.note("command", task, text(in.Argv))
}

// RepoOverview returns Overview.
func (d *Daemon) RepoOverview(context.Context, string) (api.RepoOverview, error) {
	return d.Overview, nil
}

// RepoTrust returns Trust.
func (d *Daemon) RepoTrust(context.Context, string) (api.RepoTrust, error) { return d.Trust, nil }

// TrustRepo trusts.
func (d *Daemon) TrustRepo(_ context.Context, repo, hash string) (api.RepoTrust, error) {
	t := d.Trust
	t.Trusted = true
	return t, d.note("trust", repo, hash)
}

// Repos returns RepoList.
func (d *Daemon) Repos(context.Context) (api.RepoList, error) { return d.RepoList, nil }

// AddRepo returns Added.
func (d *Daemon) AddRepo(_ context.Context, in api.AddRepo) (api.Repo, error) {
	return d.Added, d.note("add", in.Spec, in.Name)
}

// RemoveRepo notes it.
func (d *Daemon) RemoveRepo(_ context.Context, repo string) error { return d.note("remove", repo) }

// Event makes an event with its data.
func Event(seq int64, kind api.EventKind, data any) api.Event {
	return api.Event{Seq: seq, Kind: kind, Time: time.Unix(1000+seq, 0), Data: json.RawMessage(text(data))}
}

// Env stands in for the variables the daemon wants.
func Env(context.Context) (api.Env, error) { return api.Env{"LANG": "C"}, nil }

// Run runs a command as the root would.
func Run(t *testing.T, cmd *cobra.Command, args ...string) error {
	t.Helper()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(output.JoinFields(cmd, args))
	return cmd.ExecuteContext(t.Context())
}
