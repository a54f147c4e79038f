package forgetest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// device is a sign-in by the device flow.
type device struct {
	code     string // the client's
	userCode string // the person's
	scopes   []string
	expires  time.Time
	interval time.Duration
	asked    time.Time // when the client asked last
	user     *user     // who approved it
	denied   bool
	used     bool
}

// login answers what belongs to signing in.
func (h *Hub) login(x *exchange) *answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x.Method != http.MethodPost {
		return message(http.StatusNotFound, "Not Found")
	}
	in := x.form()
	var out map[string]any
	switch x.Path {
	case "/login/device/code":
		out = h.deviceCode(in)
	case "/login/oauth/access_token":
		out = h.accessToken(in)
	default:
		return message(http.StatusNotFound, "Not Found")
	}
	if strings.Contains(x.http.Header.Get("Accept"), "json") {
		return reply(http.StatusOK, out)
	}
	form := url.Values{}
	for name, value := range out {
		form.Set(name, fmt.Sprint(value))
	}
	return (&answer{status: http.StatusOK, body: []byte(form.Encode())}).set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
}

// form are the fields of a body, a form or JSON.
func (x *exchange) form() url.Values {
	form := x.http.URL.Query()
	kind, _, _ := mime.ParseMediaType(x.http.Header.Get("Content-Type")) // "" is a form
	if kind == "application/json" {
		var m map[string]any
		_ = json.Unmarshal(x.body, &m) // what is no JSON has no fields
		for name, value := range m {
			form.Set(name, fmt.Sprint(value))
		}
		return form
	}
	body, _ := url.ParseQuery(string(x.body)) // what is no form has no fields
	maps.Copy(form, body)
	return form
}

func (h *Hub) deviceCode(in url.Values) map[string]any {
	if in.Get("client_id") == "" {
		return map[string]any{"error": "incorrect_client_credentials", "error_description": "The client_id is not valid."}
	}
	o := h.options.Device
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Expires == 0 {
		o.Expires = 15 * time.Minute
	}
	text := rand.Text()
	d := &device{
		code: strings.ToLower(rand.Text()), userCode: text[:4] + "-" + text[4:8], scopes: strings.FieldsFunc(in.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' }),
		expires: time.Now().Add(o.Expires), interval: o.Interval,
	}
	h.devices = append(h.devices, d)
	return map[string]any{
		"device_code": d.code, "user_code": d.userCode, "verification_uri": h.web() + "/login/device",
		"expires_in": int(o.Expires / time.Second), "interval": int(o.Interval / time.Second),
	}
}

func (h *Hub) accessToken(in url.Values) map[string]any {
	problem := func(code, text string) map[string]any {
		return map[string]any{"error": code, "error_description": text, "error_uri": "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow"}
	}
	if in.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" {
		return problem("unsupported_grant_type", "The grant type is not supported.")
	}
	var d *device
	for _, o := range h.devices {
		if o.code == in.Get("device_code") {
			d = o
		}
	}
	now := time.Now()
	switch {
	case in.Get("client_id") == "":
		return problem("incorrect_client_credentials", "The client_id is not valid.")
	case d == nil || d.used:
		return problem("incorrect_device_code", "The device_code provided is not valid.")
	case !now.Before(d.expires):
		return problem("expired_token", "The device code has expired.")
	case d.denied:
		return problem("access_denied", "The authorization request was denied.")
	}
	early := !d.asked.IsZero() && now.Sub(d.asked) < d.interval*9/10
	d.asked = now
	switch {
	case early:
		d.interval += 5 * time.Second
		out := problem("slow_down", "Too many requests have been made in the same timeframe.")
		out["interval"] = int(d.interval / time.Second)
		return out
	case d.user == nil:
		return problem("authorization_pending", "The authorization request is still pending.")
	}
	d.used = true
	return map[string]any{"access_token": h.newToken(d.user, d.scopes), "token_type": "bearer", "scope": strings.Join(d.scopes, ",")}
}

func (h *Hub) newToken(u *user, scopes []string) string {
	secret := "gho_" + rand.Text() + rand.Text()[:10]
	h.tokens[secret] = &token{user: u, scopes: scopes, limits: map[string]*limit{}}
	return secret
}

// deviceOf finds a sign-in that waits for a person; "" means the last one.
func (h *Hub) deviceOf(userCode string) (*device, error) {
	for _, d := range slices.Backward(h.devices) {
		if userCode == "" || d.userCode == userCode {
			return d, nil
		}
	}
	return nil, fmt.Errorf("nobody signs in with the code %q", userCode)
}

// Authorize is a person who types a code of the device flow ("" = the last one that
// was given out) and says yes.
func (h *Hub) Authorize(userCode, login string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.deviceOf(userCode)
	if err == nil {
		d.user = h.person(login)
	}
	return err
}

// Deny is a person who types a code and says no.
func (h *Hub) Deny(userCode string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.deviceOf(userCode)
	if err == nil {
		d.denied = true
	}
	return err
}

// Expire lets a code's time be over.
func (h *Hub) Expire(userCode string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.deviceOf(userCode)
	if err == nil {
		d.expires = time.Time{}
	}
	return err
}
