package acp

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files")

// configs is how each recorded session was driven.
var configs = map[string]Config{
	"claude":   {Cwd: "/w", Mode: "default", Permission: api.PermissionAsk, ResumeMethod: ResumeByID, SignIn: "run claude"},
	"codex":    {Cwd: "/w", Mode: "read-only", Permission: api.PermissionAsk, ResumeMethod: ResumeByID},
	"opencode": {Cwd: "/w", Mode: "default", Permission: api.PermissionAsk, ServeFiles: true},
	"gemini":   {Cwd: "/w", Mode: "default", Permission: api.PermissionEdits, ResumeMethod: ResumeNone},
	"demo":     {Cwd: "/w", Mode: "edits", Permission: api.PermissionEdits, ResumeMethod: ResumeLoad, Resume: "demo-x"},
}

var epoch = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

// sample reads a recorded session: one record a line.
func sample(t testing.TB, name string) []journal.Record {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var out []journal.Record
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rec := journal.Record{Kind: journal.Kind(line[0]), Data: []byte(line[2:])}
		out = append(out, rec)
	}
	return number(out)
}

// number gives records their places and times.
func number(records []journal.Record) []journal.Record {
	var at int64
	for i := range records {
		records[i].Offset = at
		at += int64(len(records[i].Data)) + 9
		records[i].Next = at
		records[i].Time = epoch.Add(time.Duration(i) * time.Second)
	}
	return records
}

func fold(m *Machine, records []journal.Record) []api.Entry {
	var out []api.Entry
	for _, rec := range records {
		out = append(out, m.Feed(rec)...)
	}
	return out
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSamples(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			m := New(cfg)
			var got bytes.Buffer
			for _, rec := range sample(t, name) {
				for _, e := range m.Feed(rec) {
					e.Time = time.Time{}
					fmt.Fprintf(&got, "%s\n", strings.Replace(asJSON(t, e), `{"cursor":"","session":"","time":"0001-01-01T00:00:00Z",`, "{", 1))
				}
				for _, due := range m.Due() {
					fmt.Fprintf(&got, "    due %s %s\n", due.Key, bytes.TrimSpace(due.Line))
				}
				f := m.Facts()
				fmt.Fprintf(&got, "    %s %s turn=%q\n", f.Activity, f.Reason, f.Turn)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("the fold of %s changed:\n%s", name, diffText([]api.ToolDiff{{Path: golden, Old: new(string(want)), New: got.String()}}))
			}
		})
	}
}

// Wherever the output is cut into records, and whoever reads on from whichever
// record, the entries and the facts are the same.
func TestAnySplit(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			whole := sample(t, name)
			wantEntries, wantFacts := timeless(t, fold(New(cfg), whole)), factsOf(t, cfg, whole)
			rapid.Check(t, func(r *rapid.T) {
				records := number(cut(r, whole))
				m := New(cfg)
				var got []api.Entry
				for i, rec := range records {
					got = append(got, m.Feed(rec)...)
					if !rapid.Bool().Draw(r, "restore") {
						continue
					}
					restored, err := Restore(cfg, m.Snapshot())
					if err != nil {
						r.Fatal(err)
					}
					for _, again := range records[:i+1] {
						if again.Offset >= m.SafeOffset() {
							got = append(got, restored.Feed(again)...)
						}
					}
					m = restored
				}
				if s := timeless(t, got); s != wantEntries {
					r.Fatalf("entries\n%s\nwant\n%s", s, wantEntries)
				}
				if s := timelessFacts(t, m.Facts()); s != wantFacts {
					r.Fatalf("facts\n%s\nwant\n%s", s, wantFacts)
				}
			})
		})
	}
}

// noise is what cut puts into the middle of lines.
const noise = "noise"

// cut joins neighbouring output and cuts it anywhere, with records of another
// kind in the middle of lines.
func cut(r *rapid.T, records []journal.Record) []journal.Record {
	var out []journal.Record
	for _, rec := range records {
		if rec.Kind != journal.Out {
			out = append(out, rec)
			continue
		}
		data := rec.Data
		if n := len(out); n > 0 && out[n-1].Kind == journal.Out && rapid.Bool().Draw(r, "join") {
			data = append(bytes.Clone(out[n-1].Data), data...)
			out = out[:n-1]
		}
		for len(data) > 1 && rapid.IntRange(0, 3).Draw(r, "more") == 0 {
			n := rapid.IntRange(1, len(data)-1).Draw(r, "cut")
			out = append(out, journal.Record{Kind: journal.Out, Data: data[:n]})
			data = data[n:]
			if rapid.Bool().Draw(r, "noise") {
				out = append(out, journal.Record{Kind: journal.Err, Data: []byte(noise)})
			}
		}
		out = append(out, journal.Record{Kind: journal.Out, Data: data})
	}
	return out
}

func timeless(t testing.TB, entries []api.Entry) string {
	t.Helper()
	var b strings.Builder
	for _, e := range entries {
		if e.Kind == api.EntryStderr && e.Text == noise {
			continue
		}
		e.Time = time.Time{}
		if e.Permission != nil {
			p := *e.Permission
			p.CreatedAt, p.ResolvedAt = time.Time{}, nil
			e.Permission = &p
		}
		b.WriteString(asJSON(t, e) + "\n")
	}
	return b.String()
}

func factsOf(t testing.TB, cfg Config, records []journal.Record) string {
	t.Helper()
	m := New(cfg)
	fold(m, records)
	return timelessFacts(t, m.Facts())
}

func timelessFacts(t testing.TB, f Facts) string {
	t.Helper()
	f.Since, f.TurnStart, f.LastProgress, f.LastGiven = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	for i := range f.OpenPermissions {
		f.OpenPermissions[i].CreatedAt = time.Time{}
	}
	for i := range f.Questions {
		f.Questions[i].At = time.Time{}
	}
	return asJSON(t, f)
}

func FuzzFeed(f *testing.F) {
	for name := range configs {
		for _, rec := range sample(f, name) {
			f.Add(byte(rec.Kind), rec.Data)
		}
	}
	opening := sample(f, "claude")[:11]
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		cfg := configs["claude"]
		cfg.ServeFiles, cfg.Permission = true, api.PermissionEdits
		m := New(cfg)
		records := number(append(append([]journal.Record{}, opening...),
			journal.Record{Kind: journal.Kind(kind), Data: data},
			journal.Record{Kind: journal.Out, Data: []byte("\n")},
			journal.Record{Kind: journal.Exit, Data: []byte(`{"code":1}`)}))
		want := New(cfg)
		all := fold(want, records)
		got := fold(m, records[:len(opening)+1])
		restored, err := Restore(cfg, m.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			if rec.Offset >= m.SafeOffset() {
				got = append(got, restored.Feed(rec)...)
			}
		}
		if asJSON(t, got) != asJSON(t, all) {
			t.Fatalf("restored:\n%s\nfolded at once:\n%s", asJSON(t, got), asJSON(t, all))
		}
		if asJSON(t, restored.Facts()) != asJSON(t, want.Facts()) {
			t.Fatalf("restored:\n%s\nfolded at once:\n%s", asJSON(t, restored.Facts()), asJSON(t, want.Facts()))
		}
		for _, due := range want.Due() {
			if !json.Valid(due.Line) {
				t.Fatalf("due %s is not JSON: %q", due.Key, due.Line)
			}
		}
	})
}
