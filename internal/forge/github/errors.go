package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	ghapi "github.com/cli/go-gh/v2/pkg/api"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// explain turns what went wrong with a request into an error of the contract.
func (c *conn) explain(ctx context.Context, r resource, h http.Header, err error) error {
	if e, ok := errors.AsType[*ghapi.HTTPError](err); ok {
		return c.explainStatus(r, e)
	}
	if e, ok := errors.AsType[*ghapi.GraphQLError](err); ok {
		return c.explainGraphQL(h, e)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errSlow) {
		return cause // the caller's own
	}
	host := c.endpoint.Host
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	var network net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return c.failed("gave an answer that is larger than any should be", false)
	case errors.Is(context.Cause(ctx), errSlow), errors.As(err, &network) && network.Timeout():
		return &api.Error{
			Code: api.CodeTimeout, Message: fmt.Sprintf("%s did not answer in time", host), Retryable: true,
			Hint: "nothing is lost; try again, or see whether it has a problem: https://www.githubstatus.com",
		}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &syntax):
		return c.failed("broke off in the middle of its answer", true)
	case errors.As(err, &wrongType):
		return c.failed("gave an answer that makes no sense: "+err.Error(), false)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address, which says nothing more
	}
	return &api.Error{
		Code: api.CodeForge, Message: fmt.Sprintf("cannot reach %s: %v", host, err), Retryable: true,
		Hint: "is there a network? all that needs none goes on working",
	}
}

func (c *conn) explainStatus(r resource, e *ghapi.HTTPError) error {
	message, _, _ := strings.Cut(e.Message, "\n")
	full := strings.ReplaceAll(e.Message, "\n", "; ")
	switch {
	case isLimit(e):
		return c.rateLimited(r, e.Headers, message, e.Headers.Get("X-RateLimit-Remaining") != "0")
	case e.StatusCode == http.StatusUnauthorized:
		return c.refused()
	case e.StatusCode == http.StatusForbidden:
		return c.forbidden(e.Headers, message)
	case e.StatusCode == http.StatusNotFound, e.StatusCode == http.StatusGone:
		return c.notFound(message)
	case e.StatusCode == http.StatusMethodNotAllowed, e.StatusCode == http.StatusConflict:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s refuses: %s", c.endpoint.Host, full)}
	case e.StatusCode == http.StatusUnprocessableEntity:
		return c.unprocessable(full)
	case e.StatusCode/100 == 3:
		return c.failed(fmt.Sprintf("sends the request elsewhere (%d), where hf does not follow", e.StatusCode), false)
	case e.StatusCode/100 == 5:
		return c.failed(fmt.Sprintf("has a fault (%d %s)", e.StatusCode, http.StatusText(e.StatusCode)), true)
	}
	return c.failed(fmt.Sprintf("answered %d: %s", e.StatusCode, full), false)
}

// isLimit tells a rate limit from a refusal: both can be 403.
func isLimit(e *ghapi.HTTPError) bool {
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return e.Headers.Get("Retry-After") != "" || e.Headers.Get("X-RateLimit-Remaining") == "0" || isLimitText(e.Message)
	}
	return false
}

func isLimitText(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "rate limit") || strings.Contains(s, "abuse detection")
}

func (c *conn) rateLimited(r resource, h http.Header, message string, secondary bool) error {
	secondary = secondary || strings.Contains(strings.ToLower(message), "secondary")
	limit := &forge.LimitError{Until: c.gate.until(h), Secondary: secondary}
	what := "the rate limit of " + c.endpoint.Host + " is used up"
	if secondary {
		what = c.endpoint.Host + " was asked too much at once"
	}
	limit.Err = &api.Error{
		Code: api.CodeLimit, Retryable: true,
		Message: fmt.Sprintf("%s; it can be asked again at %s", what, limit.Until.UTC().Format(time.RFC3339)),
		Hint:    "hf asks again by itself; `hf status` shows the budget",
	}
	c.gate.block(r, limit)
	return limit
}

func (c *conn) refused() error {
	c.refuse()
	e := &api.Error{
		Code: api.CodeUnauthorized, Message: fmt.Sprintf("%s does not accept the token %s", c.endpoint.Host, from(c.source)),
		Hint: "hf auth login --host " + c.endpoint.Host,
	}
	switch c.source {
	case forge.SourceGH:
		e.Hint = "gh auth login --hostname " + c.endpoint.Host
	case forge.SourceStore:
	default:
		e.Hint = fmt.Sprintf("correct %s, or unset it and run: hf auth login --host %s", c.source, c.endpoint.Host)
	}
	return e
}

// from says where a token comes from.
func from(s forge.Source) string {
	switch s {
	case forge.SourceGH:
		return "of gh's login"
	case forge.SourceStore:
		return "of hf's login"
	}
	return "in " + string(s)
}

func (c *conn) forbidden(h http.Header, message string) error {
	e := &api.Error{
		Code: api.CodeUnauthorized, Message: fmt.Sprintf("%s does not allow that to the token %s: %s", c.endpoint.Host, from(c.source), message),
		Hint: "sign in with an account or a token that may: hf auth login --host " + c.endpoint.Host,
	}
	needed, has := h.Get("X-Accepted-OAuth-Scopes"), h.Get("X-OAuth-Scopes")
	if needed != "" && !strings.Contains(has, needed) {
		e.Hint = fmt.Sprintf("the token has the scopes %q and needs one of %q: hf auth login --host %s", has, needed, c.endpoint.Host)
	}
	if needed := h.Get("X-Accepted-GitHub-Permissions"); needed != "" && has == "" {
		e.Hint = fmt.Sprintf("the token needs %s for this repository, as its page on %s calls it", needed, c.endpoint.Host)
	}
	if _, page, ok := strings.Cut(h.Get("X-GitHub-SSO"), "url="); ok {
		e.Hint = "the organisation wants you to sign in once more: open " + page
	}
	return e
}

func (c *conn) notFound(message string) error {
	if message == "" || strings.EqualFold(message, "not found") {
		message = "it does not exist"
	}
	return &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("not found on %s: %s", c.endpoint.Host, message),
		Hint: fmt.Sprintf("it may be gone, or the token %s may not see it: hf auth status", from(c.source)),
	}
}

func (c *conn) unprocessable(message string) error {
	code := api.CodeInvalid
	if strings.Contains(strings.ToLower(message), "already exists") {
		code = api.CodeExists
	}
	return &api.Error{Code: code, Message: fmt.Sprintf("%s refuses: %s", c.endpoint.Host, message)}
}

// explainGraphQL judges by the first error: the others follow from it, or are
// of its kind.
func (c *conn) explainGraphQL(h http.Header, e *ghapi.GraphQLError) error {
	first := e.Errors[0]
	for _, item := range e.Errors {
		if item.Type == "RATE_LIMITED" || item.Type == "RATE_LIMIT" || isLimitText(item.Message) {
			return c.rateLimited(graphql, h, item.Message, false)
		}
	}
	message := first.Message
	switch first.Type {
	case "NOT_FOUND":
		return c.notFound(message)
	case "FORBIDDEN", "INSUFFICIENT_SCOPES":
		return c.forbidden(h, message)
	case "UNPROCESSABLE":
		return c.unprocessableGraphQL(message)
	case "":
		if code, _ := first.Extensions["code"].(string); code != "" {
			return c.failed("does not understand what hf asks for; is it a very old GitHub Enterprise? "+message, false)
		}
	}
	lower := strings.ToLower(message)
	if first.Type == "SERVICE_UNAVAILABLE" || first.Type == "INTERNAL" || first.Type == "TIMEOUT" ||
		strings.Contains(lower, "something went wrong") || strings.Contains(lower, "timeout") || strings.Contains(lower, "timedout") {
		return c.failed("has a fault: "+message, true)
	}
	return c.failed("answered: "+message, false)
}

// unprocessableGraphQL tells what the state does not allow from what is wrong.
func (c *conn) unprocessableGraphQL(message string) error {
	lower := strings.ToLower(message)
	for _, words := range []string{"clean status", "not mergeable", "head branch was modified", "not in the correct state", "not allowed for this repository", "already merged"} {
		if strings.Contains(lower, words) {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s refuses: %s", c.endpoint.Host, message)}
		}
	}
	return c.unprocessable(message)
}
