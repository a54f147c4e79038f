// Command hub runs the fake GitHub server, and tells one that runs what to do:
//
//	hub serve [-dir DIR] [-addr ADDR] [-web URL]
//	hub WORD [ARG...]
//
// serve prints the address of the API on one line and ends by SIGINT or SIGTERM. With
// -dir the program that git runs instead of ssh is DIR/ssh, and DIR/gitconfig is what a
// user's configuration of git needs. Words go to the server at $HUB_URL; `hub help`
// lists them.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv("HUB_URL"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, address string, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return errors.New("usage: hub serve | hub WORD [ARG...]")
	case args[0] == "serve":
		return serve(ctx, args[1:], stdout)
	case args[0] == "help":
		_, err := io.WriteString(stdout, forgetest.Words())
		return err
	case address == "":
		return errors.New("HUB_URL is not set: it is what hub serve prints")
	}
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/_hub/do", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		_, err = io.Copy(stdout, resp.Body)
		return err
	}
	why, err := io.ReadAll(resp.Body)
	return errors.Join(err, errors.New(strings.TrimSpace(string(why))))
}

func serve(ctx context.Context, args []string, stdout io.Writer) error {
	var o forgetest.Options
	flags := flag.NewFlagSet("hub serve", flag.ContinueOnError)
	flags.StringVar(&o.Dir, "dir", "", "where repositories are; default: a temporary directory that ends with the server")
	flags.StringVar(&o.Addr, "addr", "", "host and port; default: a free port of 127.0.0.1")
	flags.StringVar(&o.Web, "web", "", `address in the URLs of pull requests; default: https://github.com; "self" = the server's own`)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	hub, err := forgetest.Start(ctx, o)
	if err != nil {
		return err
	}
	if o.Dir != "" {
		err = os.WriteFile(filepath.Join(o.Dir, "gitconfig"), []byte(hub.GitConfig()), 0o600)
	}
	if err == nil {
		_, err = fmt.Fprintln(stdout, hub.URL())
	}
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, hub.Close())
}
