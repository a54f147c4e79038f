package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	maxDeviceAnswer = 64 << 10
	leastInterval   = time.Second
	// GitHub's own, where it names none, and by how much it wants to be asked less
	// often when it says so.
	usualInterval = 5 * time.Second
	usualExpiry   = 15 * time.Minute
	slowDown      = 5 * time.Second
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
)

// BeginDevice begins a sign-in by a code. It needs an OAuth app that the
// configuration names: hf has none of its own, and those of other programs are
// theirs.
func (c *Clients) BeginDevice(ctx context.Context, host string, scopes []string, network api.Env) (forge.DeviceCode, error) {
	client := c.opts.Settings(host).ClientID
	if client == "" {
		return forge.DeviceCode{}, &api.Error{
			Code: api.CodeUnauthorized, Message: "hf knows no OAuth app of " + host + " to sign in with",
			Hint: fmt.Sprintf("gh auth login --hostname %[1]s, or hf auth login --host %[1]s --with-token < FILE; or register an app with the device flow there and set [forge.%[1]q] client_id", host),
		}
	}
	var got struct {
		DeviceCode      string `json:"device_code"`
		UserCode        string `json:"user_code"`
		VerificationURI string `json:"verification_uri"`
		ExpiresIn       int    `json:"expires_in"`
		Interval        int    `json:"interval"`
		deviceError
	}
	form := url.Values{"client_id": {client}, "scope": {strings.Join(scopes, " ")}}
	if err := c.askDevice(ctx, host, "login/device/code", form, network, &got); err != nil {
		return forge.DeviceCode{}, err
	}
	if got.DeviceCode == "" || got.UserCode == "" {
		return forge.DeviceCode{}, got.explain(host)
	}
	out := forge.DeviceCode{
		Host: host, ClientID: client, Secret: forge.Secret(got.DeviceCode), UserCode: got.UserCode, URL: got.VerificationURI,
		Interval: usualInterval, ExpiresAt: c.opts.Now().Add(usualExpiry),
	}
	if got.Interval > 0 {
		out.Interval = time.Duration(got.Interval) * time.Second
	}
	if got.ExpiresIn > 0 {
		out.ExpiresAt = c.opts.Now().Add(time.Duration(got.ExpiresIn) * time.Second)
	}
	return out, nil
}

// PollDevice asks once whether the person did it.
func (c *Clients) PollDevice(ctx context.Context, code forge.DeviceCode, network api.Env) (forge.DeviceAnswer, error) {
	var got struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
		Interval    int    `json:"interval"`
		deviceError
	}
	form := url.Values{"client_id": {code.ClientID}, "device_code": {string(code.Secret)}, "grant_type": {deviceGrant}}
	if err := c.askDevice(ctx, code.Host, "login/oauth/access_token", form, network, &got); err != nil {
		return forge.DeviceAnswer{}, err
	}
	wait := max(code.Interval, leastInterval)
	switch got.Error {
	case "":
		if got.AccessToken == "" {
			return forge.DeviceAnswer{}, got.explain(code.Host)
		}
		scopes := strings.FieldsFunc(got.Scope, func(r rune) bool { return r == ',' || r == ' ' })
		return forge.DeviceAnswer{Token: forge.Secret(got.AccessToken), Scopes: scopes}, nil
	case "authorization_pending":
		return forge.DeviceAnswer{Interval: wait}, nil
	case "slow_down":
		return forge.DeviceAnswer{Interval: max(wait+slowDown, time.Duration(got.Interval)*time.Second)}, nil
	}
	return forge.DeviceAnswer{}, got.explain(code.Host)
}

// deviceError is how the forge says no.
type deviceError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (e deviceError) explain(host string) error {
	out := &api.Error{Code: api.CodeUnauthorized, Hint: "nothing was stored; hf auth login begins anew"}
	switch e.Error {
	case "access_denied":
		out.Message = "the sign-in to " + host + " was refused there"
	case "expired_token", "token_expired":
		out.Message = "the code for " + host + " expired before it was used"
	case "incorrect_client_credentials", "unauthorized_client", "device_flow_disabled":
		out.Message = fmt.Sprintf("%s does not let this OAuth app sign anybody in (%s)", host, e.Error)
		out.Hint = fmt.Sprintf("correct [forge.%q] client_id, and enable the device flow of the app", host)
	case "":
		out.Code, out.Message = api.CodeForge, host+" gave an answer to the sign-in that makes no sense"
	default:
		out.Message = fmt.Sprintf("%s refuses to sign in: %s", host, strings.TrimSpace(e.Error+" "+e.Description))
	}
	return out
}

// askDevice sends a form. Nobody is signed in yet, so there is no token to keep
// from anybody; but the answer may be one, so no redirect is followed.
func (c *Clients) askDevice(ctx context.Context, host, path string, form url.Values, network api.Env, out any) error {
	e, err := NewEndpoint(host, c.opts.Settings(host))
	if err != nil {
		return err
	}
	c.mu.Lock()
	_, t, err := c.transport(network)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	cn := &conn{endpoint: e, refuse: func() {}, gate: newGate(c.opts.Now), limit: c.opts.Limit}
	ctx, cancel := cn.limited(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Web.JoinPath(path).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opts.Agent)
	resp, err := t.RoundTrip(req)
	if err != nil {
		return cn.explain(ctx, core, nil, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return cn.rateLimited(core, resp.Header, "", true)
	case resp.StatusCode == http.StatusNotFound:
		return &api.Error{
			Code: api.CodeUnauthorized, Message: fmt.Sprintf("%s has no OAuth app with the client id of the configuration, or no device flow", host),
			Hint: fmt.Sprintf("correct [forge.%q] client_id; or hf auth login --host %s --with-token", host, host),
		}
	case resp.StatusCode/100 == 5:
		return cn.failed(fmt.Sprintf("has a fault (%d %s)", resp.StatusCode, http.StatusText(resp.StatusCode)), true)
	case resp.StatusCode/100 == 3:
		return cn.failed("sends the sign-in elsewhere, where hf does not follow", false)
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxDeviceAnswer)).Decode(out)
	if err != nil && resp.StatusCode/100 == 4 {
		return cn.failed(fmt.Sprintf("refuses to sign in (%d)", resp.StatusCode), false)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return cn.failed("broke off in the middle of its answer", true)
	}
	if err != nil {
		return cn.explain(ctx, core, nil, err)
	}
	return nil
}
