// Package browser opens pages in the person's web browser.
package browser

import (
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/xec"
)

// patience is for how long a browser may say that it cannot start.
const patience = time.Second

// ErrNone says that there is no browser, or nothing to show one on.
var ErrNone = errors.New("there is no browser here")

// Open opens a page: with the program of the variable BROWSER, or else as the
// system does. environ are the variables of this process. The browser outlives
// it.
func Open(environ []string, page string) error {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%q is not the address of a web page", page)
	}
	argv := command(environ)
	if argv == nil {
		return ErrNone
	}
	p, err := xec.StartSession(xec.Cmd{Argv: append(argv, page), Env: environ})
	if xec.IsNotFound(err) {
		return ErrNone
	}
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		state, err := p.Wait()
		if err == nil && !state.Success() {
			err = fmt.Errorf("%s: %s", argv[0], state)
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		return nil // it shows the page
	}
}

// command is how pages are opened here, nil where they are not.
func command(environ []string) []string {
	env := map[string]string{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	if words := strings.Fields(env["BROWSER"]); len(words) > 0 {
		return words
	}
	switch {
	case runtime.GOOS == "darwin":
		return []string{"open"}
	case env["WSL_DISTRO_NAME"] != "":
		return []string{"wslview"}
	case env["DISPLAY"] != "" || env["WAYLAND_DISPLAY"] != "":
		return []string{"xdg-open"}
	}
	return nil
}
