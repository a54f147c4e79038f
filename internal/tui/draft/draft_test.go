package draft

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// opened is a book as another program would have it.
func opened(t *testing.T, path string) *Book {
	t.Helper()
	b := New(path)
	if l, ok := b.Load()().(Loaded); !ok || l.Err != nil {
		t.Fatalf("loaded %+v", l)
	}
	return b
}

func TestDraftsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "drafts.json")
	b := opened(t, path)
	type form struct{ Prompt string }
	b.Set(Key("message", "a1"), "half a sen\n")
	b.Set("blank", " \n")
	b.SetJSON("create", form{"Fix it"})
	if msg := b.Save()(); msg != nil {
		t.Fatal(msg)
	}
	if b.Save() != nil {
		t.Error("it writes again, with nothing changed")
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", fi.Mode(), err)
	}

	again := opened(t, path)
	var f form
	if got := again.Get("message/a1"); got != "half a sen\n" || !again.GetJSON("create", &f) || f.Prompt != "Fix it" {
		t.Errorf("back came %q and %+v", got, f)
	}
	if again.GetJSON("message/a1", &f) || again.Save() != nil {
		t.Error("a draft of text is one of JSON, or reading is a change")
	}
	again.Set("message/a1", "")
	if err := again.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, path).Get("message/a1"); got != "" {
		t.Errorf("what was sent is a draft again: %q", got)
	}
}

// What is typed before the file was read is not replaced by it.
func TestTypedBeforeLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	b := opened(t, path)
	b.Set("a", "old")
	b.Set("b", "old")
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	b = New(path)
	b.Set("a", "new")
	b.Load()()
	if b.Get("a") != "new" || b.Get("b") != "old" {
		t.Errorf("a %q, b %q", b.Get("a"), b.Get("b"))
	}
}

// Two programs keep each other's drafts, whoever writes last.
func TestTwoPrograms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	books := []*Book{opened(t, path), opened(t, path)}
	var wg sync.WaitGroup
	for i, b := range books {
		wg.Go(func() {
			for n := range 10 {
				b.Set(fmt.Sprint("own", i), fmt.Sprint("text ", n))
				if err := b.Flush(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	books[1].Set("shared", "first")
	books[0].Set("shared", "last")
	for _, i := range []int{1, 0} {
		if err := books[i].Flush(); err != nil {
			t.Fatal(err)
		}
	}
	b := opened(t, path)
	for key, want := range map[string]string{"own0": "text 9", "own1": "text 9", "shared": "last"} {
		if got := b.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v", left, err)
	}
}

func TestBadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	const garbage = `{"drafts": {"a": {"text`
	if err := os.WriteFile(path, []byte(garbage), 0o600); err != nil {
		t.Fatal(err)
	}
	b := New(path)
	if l, ok := b.Load()().(Loaded); !ok || l.Err == nil || !strings.Contains(l.Err.Error(), "drafts.json.bad") {
		t.Errorf("loaded %+v", l)
	}
	if kept, err := os.ReadFile(path + ".bad"); err != nil || string(kept) != garbage {
		t.Errorf("kept %q, %v", kept, err)
	}
	b.Set("a", "new")
	if err := b.Flush(); err != nil || opened(t, path).Get("a") != "new" {
		t.Errorf("%v, a = %q", err, opened(t, path).Get("a"))
	}
}

// What cannot be written is written with the next change.
func TestUnwritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := New(filepath.Join(dir, "drafts.json"))
	b.Set("a", "text")
	if u, ok := b.Save()().(Unsaved); !ok || u.Err == nil {
		t.Error("it says nothing of it")
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	b.Set("b", "more")
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, b.path); got.Get("a") != "text" || got.Get("b") != "more" {
		t.Errorf("a %q, b %q", got.Get("a"), got.Get("b"))
	}
}

func TestOldDraftsGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	at := func(age time.Duration) string { return time.Now().Add(-age).Format(time.RFC3339) }
	doc := fmt.Sprintf(`{"drafts": {"old": {"text": "o", "at": %q}, "young": {"text": "y", "at": %q}}}`, at(keepFor+time.Hour), at(time.Hour))
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	b := opened(t, path)
	b.Set("new", "n")
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if b := opened(t, path); b.Get("old") != "" || b.Get("young") != "y" {
		t.Errorf("old %q, young %q", b.Get("old"), b.Get("young"))
	}
}
