package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// keepAlive is how long a stream is silent at most. An empty line breaks
	// the silence, and finds out that a client is gone.
	keepAlive = 15 * time.Second
	// eventBatch is how many events are read at once.
	eventBatch = 256
)

// lines is an answer of lines of JSON. Lines that come close together are sent
// together: send only writes, and a goroutine of its own flushes.
type lines struct {
	ctx context.Context
	rc  *http.ResponseController

	mu    sync.Mutex // guards w and err
	w     http.ResponseWriter
	err   error
	dirty chan struct{}
	done  chan struct{}
	wg    sync.WaitGroup
}

// stream begins an answer. The caller closes it.
func stream(ctx context.Context, w http.ResponseWriter) *lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	l := &lines{ctx: ctx, rc: http.NewResponseController(w), w: w, dirty: make(chan struct{}, 1), done: make(chan struct{})}
	// A client that does not read must not hold up the end of the daemon.
	stop := context.AfterFunc(ctx, func() { _ = l.rc.SetWriteDeadline(time.Unix(1, 0)) })
	l.wg.Go(func() {
		defer stop()
		l.flushes()
	})
	return l
}

// close flushes what is left and returns when nothing touches the answer any
// more.
func (l *lines) close() {
	close(l.done)
	l.wg.Wait()
}

// send writes one line.
func (l *lines) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a line: %w", err)
	}
	return l.write(append(b, '\n'))
}

func (l *lines) write(b []byte) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
	select {
	case l.dirty <- struct{}{}:
	default:
	}
	return l.err
}

// flushes sends what was written, as soon as it was and whenever it is time.
func (l *lines) flushes() {
	silence := time.NewTicker(keepAlive)
	defer silence.Stop()
	for {
		select {
		case <-l.dirty:
			l.flush()
			silence.Reset(keepAlive)
		case <-silence.C:
			_ = l.write([]byte{'\n'}) // an error stays in l
		case <-l.done:
			select {
			case <-l.dirty:
				l.flush()
			default:
			}
			return
		}
	}
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.rc.Flush()
	}
}

// transcript streams what a task's agent said and did.
func (s *server) transcript(w http.ResponseWriter, r *request) error {
	follow, err := r.flag(api.QueryFollow)
	if err != nil {
		return err
	}
	id, err := r.task()
	if err != nil {
		return err
	}
	l := stream(r.Context(), w)
	defer l.close()
	return s.cfg.Sessions.Transcript(r.Context(), id, r.URL.Query().Get(api.QueryAfter), follow, func(e api.Entry) error {
		return l.send(e)
	})
}

// events streams what happened in a workspace or to a task.
func (s *server) events(w http.ResponseWriter, r *request) error {
	sel, err := s.selection(r)
	if err != nil {
		return err
	}
	woken, stop := s.cfg.Events.Watch()
	defer stop()
	l := stream(r.Context(), w)
	defer l.close()
	if sel.snapshot {
		if sel.after, err = s.sendSnapshot(r.Context(), l, sel); err != nil {
			return err
		}
	}
	for {
		more, err := s.sendEvents(r.Context(), l, &sel)
		if err != nil {
			return err
		}
		switch {
		case more:
			continue
		case !sel.follow:
			return nil
		}
		select {
		case <-woken:
		case <-r.Context().Done():
			return context.Cause(r.Context())
		}
	}
}

// selection says which events a client wants.
type selection struct {
	workspace string
	task      string // id, or "" for all of the workspace
	after     int64
	follow    bool
	snapshot  bool
}

func (s *server) selection(r *request) (sel selection, err error) {
	if sel.follow, err = r.flag(api.QueryFollow); err != nil {
		return sel, err
	}
	if sel.snapshot, err = r.flag(api.QuerySnapshot); err != nil {
		return sel, err
	}
	if sel.after, err = r.number(api.QueryAfter); err != nil {
		return sel, err
	}
	if sel.workspace, err = r.workspace(""); err != nil {
		return sel, err
	}
	if ref := r.URL.Query().Get(api.QueryTask); ref != "" {
		if sel.task, err = r.find(ref); err != nil {
			return sel, err
		}
	}
	last, err := s.cfg.Events.LastSeq(r.Context())
	if err == nil && sel.after > last {
		err = &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("event %d has not happened: the last one is %d", sel.after, last),
			Hint: "the database was replaced by an older one; begin again without after",
		}
	}
	return sel, err
}

// sendSnapshot begins a stream with the tasks as they are, and returns the
// event after which they were read.
func (s *server) sendSnapshot(ctx context.Context, l *lines, sel selection) (int64, error) {
	list, err := s.snapshot(ctx, sel)
	if err != nil {
		return 0, err
	}
	data, err := json.Marshal(list)
	if err != nil {
		return 0, fmt.Errorf("encode the snapshot: %w", err)
	}
	return list.Seq, l.send(api.Event{Seq: list.Seq, Time: time.Now().UTC(), Kind: api.EventSnapshot, Workspace: sel.workspace, Task: sel.task, Data: data})
}

func (s *server) snapshot(ctx context.Context, sel selection) (api.TaskList, error) {
	if sel.task == "" {
		tasks, seq, err := s.cfg.Tasks.List(ctx, task.Filter{Workspace: sel.workspace})
		return s.view.list(tasks, seq), err
	}
	// An event that comes in between is told again, which does no harm.
	seq, err := s.cfg.Events.LastSeq(ctx)
	if err != nil {
		return api.TaskList{}, err
	}
	d, err := s.cfg.Tasks.Detail(ctx, sel.task)
	return s.view.list([]task.Task{d.Task}, seq), err
}

// sendEvents sends the next batch and reports whether there may be more.
func (s *server) sendEvents(ctx context.Context, l *lines, sel *selection) (more bool, err error) {
	events, err := s.cfg.Events.Events(ctx, sel.after, sel.task, eventBatch)
	if err != nil {
		return false, err
	}
	for _, e := range events {
		sel.after = e.Seq
		if sel.task == "" && e.Workspace != "" && e.Workspace != sel.workspace {
			continue
		}
		if err := l.send(e); err != nil {
			return false, err
		}
	}
	return len(events) == eventBatch, nil
}

// shownStatus reads a status that a list is narrowed to.
func shownStatus(name string) (api.Status, error) {
	all := []api.Status{
		api.StatusQueued, api.StatusProvisioning, api.StatusRunning, api.StatusWaiting,
		api.StatusIdle, api.StatusArchived, api.StatusKilled, api.StatusError,
	}
	if slices.Contains(all, api.Status(name)) {
		return api.Status(name), nil
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return "", invalid("%q is no status: it is one of %s", name, strings.Join(names, ", "))
}
