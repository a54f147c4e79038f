package server

import (
	"context"
	"net/http"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// history streams what happened, in words: the newest events up to a limit, or
// all from where the client was.
func (s *server) history(w http.ResponseWriter, r *request) error {
	f, follow, err := s.historyFilter(r)
	if err != nil {
		return err
	}
	woken, stop := s.cfg.Events.Watch()
	defer stop()
	l := stream(r.Context(), w)
	defer l.close()
	for {
		more, err := s.sendHistory(r.Context(), l, &f)
		if err != nil {
			return err
		}
		switch {
		case more:
			continue
		case !follow:
			return nil
		}
		select {
		case <-woken:
		case <-r.Context().Done():
			return context.Cause(r.Context())
		}
	}
}

func (s *server) historyFilter(r *request) (f task.HistoryFilter, follow bool, err error) {
	if follow, err = r.flag(api.QueryFollow); err != nil {
		return f, follow, err
	}
	if f.Workspace, err = r.workspace(""); err != nil {
		return f, follow, err
	}
	if f.After, err = r.number(api.QueryAfter); err != nil {
		return f, follow, err
	}
	if f.Before, err = r.number(api.QueryBefore); err != nil {
		return f, follow, err
	}
	limit, err := r.number(api.QueryLimit)
	if err != nil {
		return f, follow, err
	}
	f.Branch = r.URL.Query().Get(api.QueryBranch)
	if ref := r.URL.Query().Get(api.QueryTask); ref != "" {
		if f.Task, err = r.find(ref); err != nil {
			return f, follow, err
		}
	}
	f.Limit = eventBatch
	if limit > 0 && f.After == 0 {
		f.Limit, f.Newest = int(min(limit, 1<<30)), true
	}
	return f, follow, nil
}

// sendHistory sends a part of the history, and makes f the one that follows it.
// It reports whether there may be more of it by now.
func (s *server) sendHistory(ctx context.Context, l *lines, f *task.HistoryFilter) (more bool, err error) {
	events, seq, err := s.cfg.Tasks.History(ctx, *f)
	if err != nil {
		return false, err
	}
	for i := range events {
		if err := l.send(s.view.history(&events[i])); err != nil {
			return false, err
		}
	}
	f.After = seq
	if more = !f.Newest && len(events) == f.Limit; more {
		f.After = events[len(events)-1].Seq
	}
	f.Newest, f.Limit = false, eventBatch
	return more, nil
}

func (v view) history(e *task.HistoryEvent) api.HistoryEntry {
	return api.HistoryEntry{Schema: api.Schema, Event: e.Event, Title: e.Title, Branch: e.Branch, Text: e.Words()}
}
