// Package tuitest is what tests of the screen are written with: fixed tasks, a
// client that answers from memory, golden screens, and a driver that presses
// keys and waits until nothing is left to do.
package tuitest

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write the golden screens anew")

// Now is when every test happens.
func Now() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

// Size is a size of the screen.
type Size struct{ W, H int }

// Sizes are those every screen is drawn at.
func Sizes() []Size { return []Size{{80, 24}, {120, 40}, {40, 12}} }

// Look is a way of drawing.
type Look struct {
	Name  string
	Theme *theme.Theme
}

// Looks are the ways every screen is drawn: dark, and without colours.
func Looks() []Look {
	return []Look{
		{"dark", theme.New(theme.Options{Name: theme.Dark, Profile: termenv.TrueColor, Dark: true})},
		{"nocolor", theme.New(theme.Options{Name: theme.Dark, Profile: termenv.Ascii, NoColor: true, Dark: true})},
	}
}

// Deps returns what panes are made from, around a store of tasks. actions may
// be nil.
func Deps(t testing.TB, c command.Client, th *theme.Theme, actions func(*pane.Deps) *command.Table) *pane.Deps {
	t.Helper()
	d := &pane.Deps{
		Env: &command.Env{
			Ctx: t.Context(), Store: model.NewStore(), Client: c, Program: &Programs{}, Screen: &Screen{},
			Vars: func(context.Context) (api.Env, error) { return api.Env{}, nil },
		},
		Theme: th, Drafts: draft.New(""), Now: Now,
	}
	d.Table = command.NewTable()
	if actions != nil {
		d.Table = actions(d)
	}
	var problems []error
	d.Keys, problems = keys.New(d.Table.Bindings(), nil)
	for _, p := range problems {
		t.Errorf("the keys: %v", p)
	}
	return d
}

// Golden compares what is drawn with testdata/NAME.golden, or writes it with
// -update. Colours stand as escape sequences in it.
func Golden(t *testing.T, name string, lines []string, size Size) {
	t.Helper()
	if len(lines) != size.H {
		t.Errorf("%s has %d lines, not %d", name, len(lines), size.H)
	}
	for i, l := range lines {
		if w := widget.Width(l); w > size.W {
			t.Errorf("%s: line %d is %d columns wide, not %d: %q", name, i+1, w, size.W, l)
		}
	}
	compare(t, name, strings.Join(lines, "\n")+"\n")
}

// GoldenBox is Golden for a dialog, which is as large as it wants to be.
func GoldenBox(t *testing.T, name string, lines []string, size Size) {
	t.Helper()
	if len(lines) > size.H {
		t.Errorf("%s has %d lines, more than %d", name, len(lines), size.H)
	}
	for i, l := range lines {
		if w := widget.Width(l); w > size.W || w != widget.Width(lines[0]) {
			t.Errorf("%s: line %d is %d columns wide: %q", name, i+1, w, l)
		}
	}
	compare(t, name, strings.Join(lines, "\n")+"\n")
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	shown := readable(got)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(shown), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), shown); diff != "" {
		t.Errorf("%s (-want +got; -update takes it over):\n%s", name, diff)
	}
}

// readable writes escapes as text, and takes the blanks at the ends of lines
// away.
func readable(s string) string {
	s = strings.ReplaceAll(s, "\x1b[", "‹")
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// Each runs a test for every size and look, with the name of its golden file.
func Each(t *testing.T, name string, f func(t *testing.T, golden string, size Size, th *theme.Theme)) {
	t.Helper()
	for _, size := range Sizes() {
		for _, look := range Looks() {
			golden := fmt.Sprintf("%s-%dx%d-%s", name, size.W, size.H, look.Name)
			t.Run(golden, func(t *testing.T) {
				t.Parallel() // they mostly wait
				f(t, golden, size, look.Theme)
			})
		}
	}
}

// Programs notes what would have been run.
type Programs struct {
	mu  sync.Mutex
	Ran []string
}

func (p *Programs) note(what string, args []string) tea.Cmd {
	return func() tea.Msg {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.Ran = append(p.Ran, strings.Join(append([]string{what}, args...), " "))
		return command.Done{}
	}
}

// HF notes a call of hf.
func (p *Programs) HF(args ...string) tea.Cmd { return p.note("hf", args) }

// Shell notes a shell command.
func (p *Programs) Shell(line string, args ...string) tea.Cmd { return p.note(line, args) }

// Behind notes a call of hf behind the screen.
func (p *Programs) Behind(_ string, args ...string) tea.Cmd { return p.note("hf", args) }

// Browse notes a page.
func (p *Programs) Browse(page string) tea.Cmd { return p.note("browse", []string{page}) }

// Suspend notes that hf would have been stopped.
func (p *Programs) Suspend() tea.Cmd { return p.note("suspend", nil) }

// Screen keeps what is written to it.
type Screen struct{ Wrote []string }

// Write keeps a sequence.
func (s *Screen) Write(sequence string) { s.Wrote = append(s.Wrote, sequence) }

// Redraw does nothing.
func (s *Screen) Redraw() {}

// Edit gives the text back with a line more.
func (p *Programs) Edit(text string, edited func(string, error) tea.Msg) tea.Cmd {
	return func() tea.Msg { return edited(text+"\nedited", nil) }
}

// Client answers from memory. What a test does not fill in answers with
// nothing; a method that is not here panics, so that a test says what it needs.
type Client struct {
	command.Client
	Entries  map[string][]api.Entry // transcripts by task; live ones stay open
	Past     []api.HistoryEntry
	Diffs    map[string]api.Diff
	List     []api.Task
	Repo     []api.Repo
	Agent    []api.Agent
	Spaces   []api.Workspace
	Stacks   api.Stack
	Pulls    map[string]api.PullRequest  // by task
	Threads  map[string]api.Conversation // by task
	Ops      map[string]api.OperationDetail
	Details  map[string]api.TaskDetail // by task
	Err      error                     // of every mutation
	PullErr  error                     // of PullRequest and LookAtPull
	TalkErr  error                     // of Comments
	DiffErr  error                     // of Diff
	StackErr error                     // of Stack
	Plans    map[string]api.PullPlan   // by task

	mu    sync.Mutex
	Calls []string
	reads map[string]int
}

// Set changes what is answered while questions may be on their way.
func (c *Client) Set(f func(c *Client)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

// Reads is how often something was read: "comments auth1".
func (c *Client) Reads(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads[what]
}

// read notes a question, which the caller answers while it holds the lock.
func (c *Client) read(what string) (unlock func()) {
	c.mu.Lock()
	if c.reads == nil {
		c.reads = map[string]int{}
	}
	c.reads[what]++
	return c.mu.Unlock
}

func (c *Client) call(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Calls = append(c.Calls, fmt.Sprintf(format, args...))
	return c.Err
}

// Called returns the mutations so far.
func (c *Client) Called() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.Calls...)
}

// Task gives c.Details.
func (c *Client) Task(_ context.Context, task string, _ bool) (api.TaskDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Details[task], nil
}

// SetDetail changes what Task answers.
func (c *Client) SetDetail(task string, d api.TaskDetail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Details == nil {
		c.Details = map[string]api.TaskDetail{}
	}
	c.Details[task] = d
}

// Tasks lists c.List.
func (c *Client) Tasks(context.Context, client.TaskFilter) (api.TaskList, error) {
	return api.TaskList{Tasks: c.List}, nil
}

// Transcript gives a task's entries, and stays open when that is asked for.
func (c *Client) Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error] {
	return func(yield func(api.Entry, error) bool) {
		past := after == ""
		for _, e := range c.Entries[task] {
			if past && !yield(e, nil) {
				return
			}
			past = past || e.Cursor == after
		}
		if live {
			<-ctx.Done()
		}
	}
}

// History gives c.Past, and stays open when that is asked for.
func (c *Client) History(ctx context.Context, f client.HistoryFilter) iter.Seq2[api.HistoryEntry, error] {
	return func(yield func(api.HistoryEntry, error) bool) {
		for _, e := range c.Past {
			if (f.Task == "" || f.Task == e.Task) && !yield(e, nil) {
				return
			}
		}
		if f.Follow {
			<-ctx.Done()
		}
	}
}

// Diff gives c.Diffs.
func (c *Client) Diff(_ context.Context, task string, _ api.PatchKind) (api.Diff, error) {
	defer c.read("diff " + task)()
	return c.Diffs[task], c.DiffErr
}

// Stack gives c.Stacks.
func (c *Client) Stack(context.Context, client.StackFilter) (api.Stack, error) {
	defer c.read("stack")()
	return c.Stacks, c.StackErr
}

// PullRequest gives c.Pulls.
func (c *Client) PullRequest(_ context.Context, task string) (api.PullRequest, error) {
	defer c.read("pull " + task)()
	return c.pull(task)
}

// PlanPull gives c.Plans.
func (c *Client) PlanPull(_ context.Context, task string, _ api.CreatePull) (api.PullPlan, error) {
	defer c.read("plan " + task)()
	return c.Plans[task], c.PullErr
}

// CreatePull notes a pull request to be made.
func (c *Client) CreatePull(_ context.Context, task string, in api.CreatePull) (api.Accepted, error) {
	body, draft := "as planned", "as it is"
	if in.Body != nil {
		body = *in.Body
	}
	if in.Draft != nil {
		draft = fmt.Sprint(*in.Draft)
	}
	return accepted(task), c.call("pull %s title=%s draft=%s body=%s", task, in.Title, draft, body)
}

// Merge notes a merge.
func (c *Client) Merge(_ context.Context, task string, in api.MergeTask) (api.Accepted, error) {
	return accepted(task), c.call("merge %s method=%s auto=%v keep=%v anyway=%v", task, in.Method, in.Auto, in.Keep, in.Anyway)
}

// accepted is the answer to what goes on as the operation "op".
func accepted(task string) api.Accepted {
	return api.Accepted{Task: api.Task{ID: task, Title: task}, Operation: &api.Operation{ID: "op"}}
}

// StackAction notes an action on stacks.
func (c *Client) StackAction(_ context.Context, in api.StackAction) (api.ChangeAccepted, error) {
	words := []string{"stack", string(in.Action), in.Task + in.Branch}
	for name, value := range map[string]string{"repo": in.Repo, "onto": in.Onto} {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	words = append(words, string(in.Scope))
	if in.Draft != nil {
		words = append(words, fmt.Sprintf("draft=%v", *in.Draft))
	}
	if in.DryRun {
		words = append(words, "dry")
	}
	slices.Sort(words[3:])
	return api.ChangeAccepted{Operation: api.Operation{ID: "op"}}, c.call("%s", strings.Join(strings.Fields(strings.Join(words, " ")), " "))
}

// LookAtPull gives c.Pulls.
func (c *Client) LookAtPull(_ context.Context, task string, _ api.LookAtPull) (api.PullRequest, error) {
	defer c.read("look " + task)()
	return c.pull(task)
}

func (c *Client) pull(task string) (api.PullRequest, error) {
	p, ok := c.Pulls[task]
	if !ok && c.PullErr == nil {
		return p, &api.Error{Code: api.CodeNotFound, Message: "task " + task + " has no pull request"}
	}
	return p, c.PullErr
}

// Comments gives c.Threads.
func (c *Client) Comments(_ context.Context, task string, _ api.ReadComments) (api.Conversation, error) {
	defer c.read("comments " + task)()
	return c.Threads[task], c.TalkErr
}

// Operation gives c.Ops.
func (c *Client) Operation(_ context.Context, id string) (api.OperationDetail, error) {
	defer c.read("operation " + id)()
	return c.Ops[id], nil
}

// Repos lists c.Repo.
func (c *Client) Repos(context.Context) (api.RepoList, error) {
	return api.RepoList{Repos: c.Repo}, nil
}

// Workspaces lists c.Spaces.
func (c *Client) Workspaces(context.Context) (api.WorkspaceList, error) {
	return api.WorkspaceList{Workspaces: c.Spaces}, nil
}

// UseWorkspace notes which one is to be the current one.
func (c *Client) UseWorkspace(_ context.Context, name string) (api.Workspace, error) {
	return api.Workspace{Name: name}, c.call("use workspace %s", name)
}

// Agents lists c.Agent.
func (c *Client) Agents(context.Context, api.ListAgents) (api.AgentList, error) {
	return api.AgentList{Agents: c.Agent}, nil
}

// Send notes a message.
func (c *Client) Send(_ context.Context, task string, in api.SendMessage) (api.Message, error) {
	return api.Message{State: api.MessageAccepted}, c.call("send %s %s", task, in.Text)
}

// Resolve notes an answer.
func (c *Client) Resolve(_ context.Context, task, permission string, in api.ResolvePermission) (api.PermissionRequest, error) {
	return api.PermissionRequest{}, c.call("resolve %s %s allow=%v always=%v option=%s", task, permission, in.Allow, in.Always, in.Option)
}

// CreateTask notes a task to be made.
func (c *Client) CreateTask(_ context.Context, in api.CreateTask) (api.Accepted, error) {
	return api.Accepted{Task: api.Task{ID: "new1", Title: in.Title}}, c.call("create %s", in.Prompt)
}

// Rename notes a new title.
func (c *Client) Rename(_ context.Context, task string, in api.RenameTask) (api.Accepted, error) {
	return api.Accepted{}, c.call("rename %s %s", task, in.Title)
}

// Interrupt notes an interruption.
func (c *Client) Interrupt(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return api.Accepted{}, c.call("interrupt %s", task)
}

// Retry notes that a task goes on.
func (c *Client) Retry(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return api.Accepted{}, c.call("retry %s", task)
}

// Archive notes that a task is parked.
func (c *Client) Archive(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return api.Accepted{}, c.call("archive %s", task)
}

// Restore notes that a task comes back.
func (c *Client) Restore(_ context.Context, task string, _ api.TaskAction) (api.Accepted, error) {
	return api.Accepted{}, c.call("restore %s", task)
}

// Kill notes the end of a task.
func (c *Client) Kill(_ context.Context, task string, in api.TaskAction) (api.Accepted, error) {
	return api.Accepted{}, c.call("kill %s deleteBranch=%v", task, in.DeleteBranch)
}
