package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A person presses Tab in bash, without any package that helps bash.
func TestTabInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	d := newDesk(t)
	id := d.create("say: a word")
	d.hf("wait", id)
	rc := filepath.Join(filepath.Dir(d.repo), "rc")
	if err := os.WriteFile(rc, []byte("PS1='ready> '\nbind 'set enable-bracketed-paste off'\nsource <(hf completion bash)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := d.terminalOf(bash, "--noprofile", "--rcfile", rc, "-i")
	v.sees("ready>")
	for _, tt := range []struct{ typed, becomes string }{
		{"hf dif\t", "hf diff "},
		{"hf show " + id[:5] + "\t", "hf show " + id + " "},
		{"hf show feat/s\t", "hf show feat/say-a-word "},
		{"hf --workspace def\t", "hf --workspace default "},
		{"hf list --status=wai\t", "hf list --status=waiting "},
		{"hf list --json=crea\t", "hf list --json=createdAt "},
		{"hf create --agent dem\t", "hf create --agent demo "},
		{"hf create --base ma\t", "hf create --base main "},
		{"hf create --repo rep\t", "hf create --repo repo "},
		{"hf config set backend.idl\t", "hf config set backend.idle_exit "},
		{"hf config set permission edi\t", "hf config set permission edits "},
		{"hf config set repos.web.permission al\t", "hf config set repos.web.permission all "},
		{"hf config set tmux.window t\t", "hf config set tmux.window true "},
		{"hf help exit\t", "hf help exit-codes "},
	} {
		v.types(tt.typed)
		v.sees(tt.becomes)
		v.types("\x15") // the line is gone
	}
	v.types("exit 0\r")
	v.ends()
	if text := v.text(); strings.Contains(text, "command not found") || strings.Contains(text, "rc:") {
		t.Errorf("bash complains:\n%s", text)
	}
}

// What a shell asks for starts nothing, and is silent when there is no answer.
func TestCompletionStartsNothing(t *testing.T) {
	d := newDesk(t)
	for _, args := range [][]string{
		{"show", ""}, {"list", "--repo", ""}, {"create", "--agent", ""}, {"approve", "x", ""}, {"workspace", "use", ""}, {"-w", ""},
	} {
		cmd := d.cmd(append([]string{"__complete"}, args...)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || string(out) != ":4\n" || !strings.HasPrefix(stderr.String(), "Completion ended") || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("hf __complete %q: %v, %q, %q", args, err, out, stderr.String())
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(d.repo), "state")); err == nil {
		t.Error("hfd was started")
	}
}

func TestTabInFish(t *testing.T) {
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Skip("there is no fish")
	}
	d := newDesk(t)
	id := d.create("say: a word")
	cmd := exec.CommandContext(t.Context(), fish, "--no-config", "-c", "hf completion fish | source; complete -C 'hf show '; complete -C 'hf create --agent '")
	cmd.Dir, cmd.Env = d.repo, d.env
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), id+"\t") || !strings.Contains(string(out), "demo\tinstalled") {
		t.Errorf("%v\n%s", err, out)
	}
}
