package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// expiryLayout is how GitHub writes when a token expires.
const expiryLayout = "2006-01-02 15:04:05 MST"

// Whoami returns the account that the token speaks for.
func (c *client) Whoami(ctx context.Context) (forge.Account, error) {
	var user struct {
		Login string `json:"login"`
		Name  string `json:"name"`
	}
	a, err := c.conn.do(ctx, restRequest{method: http.MethodGet, path: "user"}, &user)
	if api.IsCode(err, api.CodeUnauthorized) {
		return c.viewer(ctx, err)
	}
	if err != nil {
		return forge.Account{}, err
	}
	out := forge.Account{Login: user.Login, Name: user.Name}
	if scopes, ok := a.header["X-Oauth-Scopes"]; ok {
		out.Scopes = []string{}
		for scope := range strings.SplitSeq(strings.Join(scopes, ","), ",") {
			if scope = strings.TrimSpace(scope); scope != "" {
				out.Scopes = append(out.Scopes, scope)
			}
		}
	}
	if at, err := time.Parse(expiryLayout, a.header.Get("GitHub-Authentication-Token-Expiration")); err == nil {
		out.ExpiresAt = at.UTC()
	}
	return out, nil
}

// viewer asks for the account of a token that is no user's, such as that of a
// workflow: REST refuses to say. Where GraphQL does, too, refused is the answer.
func (c *client) viewer(ctx context.Context, refused error) (forge.Account, error) {
	var data struct{ Viewer *login }
	if err := c.conn.query(ctx, `query HfViewer { viewer { login } }`, nil, &data); err != nil || data.Viewer == nil {
		return forge.Account{}, refused
	}
	return forge.Account{Login: data.Viewer.Login}, nil
}

type restRepository struct {
	FullName      string    `json:"full_name"`
	DefaultBranch string    `json:"default_branch"`
	CloneURL      string    `json:"clone_url"`
	SSHURL        string    `json:"ssh_url"`
	Description   string    `json:"description"`
	Private       bool      `json:"private"`
	Fork          bool      `json:"fork"`
	Archived      bool      `json:"archived"`
	Size          int64     `json:"size"`
	PushedAt      time.Time `json:"pushed_at"`
	AllowSquash   *bool     `json:"allow_squash_merge"`
	AllowMerge    *bool     `json:"allow_merge_commit"`
	AllowRebase   *bool     `json:"allow_rebase_merge"`
	AllowAuto     bool      `json:"allow_auto_merge"`
	Permissions   struct {
		Push bool `json:"push"`
	} `json:"permissions"`
}

func (r restRepository) info(host string) forge.RepositoryInfo {
	owner, name, _ := strings.Cut(r.FullName, "/")
	out := forge.RepositoryInfo{
		Repository:    forge.Repository{Host: host, Owner: owner, Name: name},
		DefaultBranch: r.DefaultBranch, CloneURL: r.CloneURL, SSHURL: r.SSHURL, Description: r.Description,
		Private: r.Private, Fork: r.Fork, Archived: r.Archived, Empty: r.Size == 0 && r.PushedAt.IsZero(), SizeKiB: r.Size, PushedAt: r.PushedAt,
		AutoMerge: r.AllowAuto, CanPush: r.Permissions.Push,
	}
	for _, m := range []struct {
		allowed *bool
		method  api.MergeMethod
	}{{r.AllowSquash, api.MergeSquash}, {r.AllowMerge, api.MergeCommit}, {r.AllowRebase, api.MergeRebase}} {
		if m.allowed != nil && *m.allowed {
			out.Methods = append(out.Methods, m.method)
		}
	}
	return out
}

// Repository describes a repository. GitHub answers for a former name by
// sending the request to the repository itself.
func (c *client) Repository(ctx context.Context, r forge.Repository) (forge.RepositoryInfo, error) {
	var found restRepository
	if _, err := c.conn.do(ctx, restRequest{method: http.MethodGet, path: "repos/" + r.FullName()}, &found); err != nil {
		return forge.RepositoryInfo{}, err
	}
	return found.info(r.Host), nil
}

// Repositories returns a page of what an organisation or a user has.
func (c *client) Repositories(ctx context.Context, owner, cursor string) (forge.RepositoryPage, error) {
	if !forge.ValidName(owner) {
		return forge.RepositoryPage{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be an organisation or a user", owner)}
	}
	kind, number, _ := strings.Cut(cursor, ":")
	if cursor == "" {
		return c.firstPage(ctx, owner)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return forge.RepositoryPage{}, &api.Error{Code: api.CodeInvalid, Message: "that is no cursor of a list of repositories"}
	}
	return c.page(ctx, owner, kind, n)
}

// firstPage finds out whose repositories they are: an organisation's, the
// account's own (of which it sees the private ones, too), or another user's.
func (c *client) firstPage(ctx context.Context, owner string) (forge.RepositoryPage, error) {
	page, err := c.page(ctx, owner, "org", 1)
	if !api.IsCode(err, api.CodeNotFound) {
		return page, err
	}
	kind := "user"
	if me, whoErr := c.Whoami(ctx); whoErr == nil && strings.EqualFold(me.Login, owner) {
		kind = "own"
	}
	return c.page(ctx, owner, kind, 1)
}

func (c *client) page(ctx context.Context, owner, kind string, number int) (forge.RepositoryPage, error) {
	query := url.Values{"per_page": {strconv.Itoa(c.conn.page)}, "page": {strconv.Itoa(number)}, "sort": {"pushed"}, "direction": {"desc"}}
	var path string
	switch kind {
	case "org":
		path = "orgs/" + owner + "/repos"
	case "user":
		path = "users/" + owner + "/repos"
	default:
		path = "user/repos"
		query.Set("affiliation", "owner")
	}
	var list []restRepository
	a, err := c.conn.do(ctx, restRequest{method: http.MethodGet, path: path, query: query}, &list)
	if err != nil {
		return forge.RepositoryPage{}, err
	}
	var out forge.RepositoryPage
	for _, r := range list {
		out.Repositories = append(out.Repositories, r.info(c.conn.endpoint.Host))
	}
	if strings.Contains(a.header.Get("Link"), `rel="next"`) {
		out.Next = kind + ":" + strconv.Itoa(number+1)
	} else {
		out.Total = (number-1)*c.conn.page + len(list)
	}
	return out, nil
}
