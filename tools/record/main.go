// Command record plays a short session of the screen on a terminal of its own, and
// writes what was seen: an asciicast, and a picture of one moment of it.
//
//	record -hf PROGRAM -cast FILE -png FILE
//
// scripts/record.sh makes the machine that it is played on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/tui/ttytest"
)

// The size of the terminal.
const (
	width  = 110
	height = 32
)

const (
	// keyPause is how long a person takes from one letter to the next.
	keyPause = 25 * time.Millisecond
	// readPause is how long who watches has to read.
	readPause = 1500 * time.Millisecond
	// patience is how long anything may take.
	patience = 30 * time.Second
)

func main() {
	hf := flag.String("hf", "hf", "the program")
	castFile := flag.String("cast", "", "where the recording goes")
	pngFile := flag.String("png", "", "where the picture goes")
	flag.Parse()
	if err := run(context.Background(), *hf, *castFile, *pngFile); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, hf, castFile, pngFile string) error {
	c := &cast{began: time.Now()}
	term, tty, err := ttytest.Open(width, height, c)
	if err != nil {
		return err
	}
	defer term.Close()
	cmd := exec.CommandContext(ctx, hf)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, tty.Close())
	}
	_ = tty.Close()
	p := &player{ctx: ctx, term: term}
	var picture []byte
	p.play(func() { picture, p.err = pictureOf(term) })
	if p.err != nil {
		return errors.Join(p.err, cmd.Process.Kill(), cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("hf: %w", err)
	}
	text, err := c.file()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(castFile, text, 0o644), os.WriteFile(pngFile, picture, 0o644)) //nolint:gosec // for everybody
}

// player is the person. After the first error it does nothing more.
type player struct {
	ctx  context.Context
	term *ttytest.Terminal
	err  error
}

// play is the session: a task is made, watched and allowed to go on, and what it
// changed is commented on. snap takes the picture.
func (p *player) play(snap func()) {
	p.sees("Show it on", "Fix the flaky test", "Speed up the search")
	p.rests(2)
	p.press("c")
	p.sees("new task")
	p.types("say: I greet people by their name.")
	p.press("enter")
	p.types("plan: read main.go; write greet.go; try it")
	p.press("enter")
	p.types("read main.go")
	p.press("enter")
	p.types(`write greet.go: package main\n\n// greet is what a person is told first.\nfunc greet(name string) string {\n\treturn "Hello, " + name\n}`)
	p.press("enter")
	p.types("run: go vet ./...")
	for range 5 { // repo, on, base, agent, branch
		p.press("tab")
	}
	p.types("greet")
	p.press("tab")
	p.types("Greet people")
	p.rests(1)
	p.press("ctrl+s")
	p.sees("asks to be allowed", "go vet", "Write greet.go")
	p.rests(2)
	p.press("ctrl+l") // the line at the bottom tells what can be done, not what was
	if p.err == nil {
		snap()
	}
	p.press("a")
	p.sees("Greet people", "allowed")
	p.rests(1)
	p.press("alt+2")
	p.sees("greet.go", "func")
	p.rests(1)
	p.press("G", "k", "v", "w")
	p.sees("comment on")
	p.types("and say goodbye, too")
	p.press("enter")
	p.rests(1)
	p.press("M")
	p.rests(1)
	p.press("alt+1")
	p.sees("goodbye")
	p.rests(2)
	p.press("alt+3")
	p.rests(2)
	p.press("ctrl+c")
}

func (p *player) press(keys ...string) {
	for _, key := range keys {
		if p.err != nil {
			return
		}
		p.err = p.term.Press(key)
		p.pause(10 * keyPause)
	}
}

func (p *player) types(text string) {
	for _, letter := range text {
		if p.err != nil {
			return
		}
		p.err = p.term.Type(string(letter))
		p.pause(keyPause)
	}
}

// sees waits for texts.
func (p *player) sees(texts ...string) {
	if p.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.err = p.term.Until(ctx, func(s *ttytest.Screen) bool {
		for _, text := range texts {
			if !strings.Contains(s.Text(), text) {
				return false
			}
		}
		return true
	})
}

// rests lets who watches read.
func (p *player) rests(times time.Duration) { p.pause(times * readPause) }

func (p *player) pause(d time.Duration) {
	if p.err != nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
		p.err = context.Cause(p.ctx)
	}
}
