package ttytest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T) (*Terminal, *os.File) {
	t.Helper()
	term, tty, err := Open(20, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = term.Close(); _ = tty.Close() })
	return term, tty
}

func shows(text string) func(*Screen) bool {
	return func(s *Screen) bool { return strings.Contains(s.Text(), text) }
}

// A frame that is half drawn is not seen.
func TestFramesAreWhole(t *testing.T) {
	term, tty := open(t)
	_, _ = tty.WriteString("\x1b[?2026hhalf")
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := term.Until(short, shows("half")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("half a frame is seen: %v", err)
	}
	_, _ = tty.WriteString("\x1b[?2026l")
	if err := term.Until(t.Context(), shows("half")); err != nil {
		t.Fatal(err)
	}
}

// Close hangs up although the screen is read all the time.
func TestClosingHangsUp(t *testing.T) {
	term, tty := open(t)
	ended := make(chan error, 1)
	go func() {
		_, err := tty.Read(make([]byte, 8))
		ended <- err
	}()
	if err := term.Resize(30, 4); err != nil {
		t.Fatal(err)
	}
	_, _ = tty.WriteString("read")
	if err := term.Until(t.Context(), shows("read")); err != nil {
		t.Fatal(err)
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("whoever reads the terminal is not told that it is gone")
	}
	if err := term.Until(t.Context(), shows("never")); err == nil {
		t.Error("a terminal that is gone shows something")
	}
}
