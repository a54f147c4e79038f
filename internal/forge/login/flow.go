package login

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	maxFlows   = 20
	keepFlow   = time.Hour        // the end of one, for who asks late
	flowWait   = 20 * time.Second // that one question waits for news
	firstRetry = 2 * time.Second
	lastRetry  = 30 * time.Second
)

// flows are the sign-ins by a code, by id.
type flows struct {
	byID      map[string]*flow
	byRequest map[string]string // so that a repeated request begins no second one
}

func newFlows() flows { return flows{byID: map[string]*flow{}, byRequest: map[string]string{}} }

// flow is one sign-in. All but changed is guarded by the keeper's mutex.
type flow struct {
	record  flowRecord
	api     api.AuthFlow
	ended   time.Time
	changed chan struct{} // closed when it ended
}

// flowRecord is what another build of hfd needs to go on with one. In it are
// secrets, as text.
type flowRecord struct {
	ID        string
	Request   string
	Host      string
	ClientID  string
	Device    string
	UserCode  string
	URL       string
	ExpiresAt time.Time
	Interval  time.Duration
	Network   api.Env
}

func (r flowRecord) code() forge.DeviceCode {
	return forge.DeviceCode{
		Host: r.Host, ClientID: r.ClientID, Secret: forge.Secret(r.Device), UserCode: r.UserCode, URL: r.URL,
		ExpiresAt: r.ExpiresAt, Interval: r.Interval,
	}
}

func (f flows) handoff() []flowRecord {
	var out []flowRecord
	for _, fl := range f.byID {
		if fl.api.State == api.AuthFlowPending {
			out = append(out, fl.record)
		}
	}
	return out
}

// defaultScopes is what hf needs: pull requests, and the repositories of
// organisations.
func defaultScopes() []string { return []string{"repo", "read:org"} }

// Begin begins a sign-in by a code. It goes on by itself until alive ends. The
// same request again is the same sign-in.
func (k *Keeper) Begin(ctx, alive context.Context, request string, in api.AuthLogin) (api.AuthFlow, error) {
	host, err := k.host(in.Host)
	if err != nil {
		return api.AuthFlow{}, err
	}
	k.Saw(in.Env)
	if f, ok := k.known(request); ok {
		return f, nil
	}
	scopes := in.Scopes
	if len(scopes) == 0 {
		scopes = defaultScopes()
	}
	code, err := k.cfg.Forge().BeginDevice(ctx, host, scopes, network(in.Env))
	if err != nil {
		return api.AuthFlow{}, err
	}
	if !showable(code.URL) {
		return api.AuthFlow{}, &api.Error{Code: api.CodeForge, Message: fmt.Sprintf("%s sends people to %q to sign in, which is no page of the web", host, code.URL)}
	}
	return k.takeUp(alive, flowRecord{
		ID: ids.New(), Request: request, Host: host, ClientID: code.ClientID, Device: string(code.Secret), UserCode: code.UserCode,
		URL: code.URL, ExpiresAt: code.ExpiresAt, Interval: code.Interval, Network: network(in.Env),
	}), nil
}

// showable reports whether a page can be opened in a browser, where a program
// would be dangerous.
func showable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func (k *Keeper) known(request string) (api.AuthFlow, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.flows.byID[k.flows.byRequest[request]]
	if f == nil {
		return api.AuthFlow{}, false
	}
	return f.api, true
}

// takeUp follows a sign-in to its end.
func (k *Keeper) takeUp(ctx context.Context, r flowRecord) api.AuthFlow {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sweep()
	if id, ok := k.flows.byRequest[r.Request]; ok { // two at the same moment: one code is enough
		return k.flows.byID[id].api
	}
	f := &flow{record: r, changed: make(chan struct{}), api: api.AuthFlow{
		ID: r.ID, Host: r.Host, State: api.AuthFlowPending, Code: r.UserCode, URL: r.URL, ExpiresAt: r.ExpiresAt.UTC(),
	}}
	k.flows.byID[r.ID], k.flows.byRequest[r.Request] = f, r.ID
	k.running.Go(func() { k.follow(ctx, r) })
	return f.api
}

// sweep forgets sign-ins that ended long ago. The caller holds mu.
func (k *Keeper) sweep() {
	ended := slices.SortedFunc(maps.Values(k.flows.byID), func(a, b *flow) int { return a.ended.Compare(b.ended) })
	for _, f := range ended {
		if f.ended.IsZero() || k.cfg.Now().Sub(f.ended) < keepFlow && len(k.flows.byID) < maxFlows {
			continue
		}
		delete(k.flows.byID, f.record.ID)
		delete(k.flows.byRequest, f.record.Request)
	}
}

// follow asks until the person did it, or cannot any more. One that hfd's end
// cuts off stays pending: the next build goes on with it.
func (k *Keeper) follow(ctx context.Context, r flowRecord) {
	code, retry := r.code(), firstRetry
	for {
		if !sleep(ctx, code.Interval) {
			return
		}
		if k.cfg.Now().After(code.ExpiresAt) {
			k.end(r.ID, nil, &api.Error{
				Code: api.CodeUnauthorized, Message: "the code for " + r.Host + " expired before it was used",
				Hint: "nothing was stored; hf auth login begins anew",
			})
			return
		}
		answer, err := k.cfg.Forge().PollDevice(ctx, code, r.Network)
		e, refused := errors.AsType[*api.Error](err)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && answer.Token != "":
			k.signIn(ctx, r, answer)
			return
		case err == nil:
			code.Interval, retry = answer.Interval, firstRetry
		case refused && e.Retryable:
			k.cfg.Log.Warn("ask for the end of a sign-in", "host", r.Host, "err", err)
			if !sleep(ctx, retry) {
				return
			}
			retry = min(2*retry, lastRetry)
		default:
			if !refused {
				e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
			}
			k.end(r.ID, nil, e)
			return
		}
	}
}

// signIn keeps a token that was granted. A forge gives it once, so it is kept
// also when the forge cannot say just now whose it is, and when hfd is ending.
func (k *Keeper) signIn(ctx context.Context, r flowRecord, answer forge.DeviceAnswer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), whoLimit)
	defer cancel()
	c := forge.Credential{Host: r.Host, Token: answer.Token, Source: forge.SourceStore, Network: r.Network}
	account := k.check(ctx, c, true)
	if len(account.Scopes) == 0 {
		account.Scopes = answer.Scopes
	}
	if err := k.keep(c, account); err != nil {
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
		}
		k.end(r.ID, nil, e)
		return
	}
	k.end(r.ID, &account, nil)
}

// end notes how a sign-in ended and tells those who wait.
func (k *Keeper) end(id string, account *api.AuthAccount, failure *api.Error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.flows.byID[id]
	if f == nil || f.api.State != api.AuthFlowPending {
		return
	}
	f.api.State, f.api.Account, f.api.Error = api.AuthFlowDone, account, failure
	if failure != nil {
		f.api.State = api.AuthFlowFailed
	}
	f.record.Device, f.ended = "", k.cfg.Now() // it was used, and never is again
	close(f.changed)
}

// Flow returns how far a sign-in is. It waits a while for its end.
func (k *Keeper) Flow(ctx context.Context, id string) (api.AuthFlow, error) {
	k.mu.Lock()
	f := k.flows.byID[id]
	k.mu.Unlock()
	if f == nil {
		return api.AuthFlow{}, &api.Error{
			Code: api.CodeNotFound, Message: "hfd knows nothing of that sign-in: it was restarted meanwhile",
			Hint: "nothing was stored; hf auth login begins anew",
		}
	}
	wait := time.NewTimer(flowWait)
	defer wait.Stop()
	select {
	case <-f.changed:
	case <-wait.C:
	case <-ctx.Done():
		return api.AuthFlow{}, context.Cause(ctx)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return f.api, nil
}

// Busy reports whether a sign-in is in progress: hfd must not end for want of
// work in the middle of it.
func (k *Keeper) Busy() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.flows.handoff()) > 0
}

// Close waits for what goes on by itself, whose context has ended.
func (k *Keeper) Close() { k.running.Wait() }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
