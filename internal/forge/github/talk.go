package github

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hf-dev/hf/internal/forge"
)

// threadPages bounds how many requests a conversation costs.
const threadPages = 5

type commentNode struct {
	ID          string
	Body        string
	URL         string
	State       string
	CreatedAt   time.Time
	SubmittedAt time.Time
	Author      *login
}

func (n commentNode) comment() forge.Comment {
	at := n.CreatedAt
	if at.IsZero() {
		at = n.SubmittedAt
	}
	return forge.Comment{ID: n.ID, Author: n.Author.name(), Body: n.Body, URL: n.URL, At: at}
}

type commentNodes struct {
	TotalCount int
	Nodes      []commentNode
}

type threadNode struct {
	ID           string
	Path         string
	Line         int
	OriginalLine int
	IsResolved   bool
	IsOutdated   bool
	Comments     commentNodes
}

func (n threadNode) thread() forge.Thread {
	t := forge.Thread{ID: n.ID, Path: n.Path, Line: n.Line, Resolved: n.IsResolved, Outdated: n.IsOutdated}
	if t.Line == 0 {
		t.Line = n.OriginalLine
	}
	for _, c := range n.Comments.Nodes {
		t.Comments = append(t.Comments, c.comment())
	}
	if len(t.Comments) > 0 {
		t.URL = t.Comments[0].URL
	}
	return t
}

type conversationNode struct {
	RateLimit  *rateLimit
	Repository *struct {
		PullRequest *struct {
			ReviewThreads struct {
				PageInfo page
				Nodes    []threadNode
			}
			Reviews  commentNodes
			Comments commentNodes
		}
	}
}

func (n *conversationNode) limits() *rateLimit { return n.RateLimit }

// texts are the comments that say something. A review that is not sent yet is
// nobody's business.
func texts(nodes commentNodes) []forge.Comment {
	var out []forge.Comment
	for _, n := range nodes.Nodes {
		if n.Body != "" && n.State != "PENDING" {
			out = append(out, n.comment())
		}
	}
	return out
}

// Conversation returns what people wrote about a pull request.
func (c *client) Conversation(ctx context.Context, r forge.Repository, number int) (forge.Conversation, error) {
	var out forge.Conversation
	after := any(nil)
	for i := range threadPages {
		var data conversationNode
		if err := c.graph(ctx, r, conversationQuery, map[string]any{"number": number, "after": after}, &data); err != nil {
			return out, err
		}
		if data.Repository == nil || data.Repository.PullRequest == nil {
			return out, c.conn.notFound(fmt.Sprintf("%s has no pull request #%d", r.FullName(), number))
		}
		pull := data.Repository.PullRequest
		for _, n := range pull.ReviewThreads.Nodes {
			out.Threads = append(out.Threads, n.thread())
			out.More = out.More || n.Comments.TotalCount > len(n.Comments.Nodes)
		}
		if i == 0 {
			out.Reviews, out.Comments = texts(pull.Reviews), texts(pull.Comments)
			out.More = out.More || pull.Reviews.TotalCount > len(pull.Reviews.Nodes) || pull.Comments.TotalCount > len(pull.Comments.Nodes)
		}
		if !pull.ReviewThreads.PageInfo.HasNextPage {
			return out, nil
		}
		after = pull.ReviewThreads.PageInfo.EndCursor
	}
	out.More = true
	return out, nil
}

// Comment adds a comment to a pull request.
func (c *client) Comment(ctx context.Context, r forge.Repository, number int, body string) (forge.Comment, error) {
	var made struct {
		NodeID    string    `json:"node_id"`
		Body      string    `json:"body"`
		HTMLURL   string    `json:"html_url"`
		CreatedAt time.Time `json:"created_at"`
		User      struct {
			Login string `json:"login"`
		} `json:"user"`
	}
	_, err := c.conn.do(ctx, restRequest{
		method: http.MethodPost, path: fmt.Sprintf("repos/%s/issues/%d/comments", r.FullName(), number), body: map[string]any{"body": body},
	}, &made)
	return forge.Comment{ID: made.NodeID, Author: made.User.Login, Body: made.Body, URL: made.HTMLURL, At: made.CreatedAt}, err
}

// JobLog returns the end of a job's log. GitHub sends it from elsewhere, which
// never sees the token.
func (c *client) JobLog(ctx context.Context, r forge.Repository, job int64, limit int) (forge.Log, error) {
	ctx, cancel := c.conn.limited(ctx)
	defer cancel()
	resp, err := c.conn.send(ctx, c.conn.logs, restRequest{method: http.MethodGet, path: fmt.Sprintf("repos/%s/actions/jobs/%d/logs", r.FullName(), job)})
	if err != nil {
		return forge.Log{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, cut, err := tail(resp.Body, limit)
	if err != nil {
		return forge.Log{}, c.conn.explain(ctx, core, nil, err)
	}
	return forge.Log{Text: string(text), Truncated: cut}, nil
}
