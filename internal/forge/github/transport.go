package github

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// networkVariables are the caller's variables that a network is made of.
func networkVariables() []string {
	return []string{
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE",
	}
}

// newTransport returns a transport that reaches the network as a caller would.
func newTransport(env api.Env, connect time.Duration) (*http.Transport, error) {
	first := func(names ...string) string {
		for _, name := range names {
			if env[name] != "" {
				return env[name]
			}
		}
		return ""
	}
	proxies := httpproxy.Config{
		HTTPProxy: first("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), HTTPSProxy: first("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"),
		NoProxy: first("NO_PROXY", "no_proxy"),
	}
	proxy := proxies.ProxyFunc()
	dialer := net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   connect,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		MaxConnsPerHost:       8,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// A connection that a sleeping laptop has lost is found out, not waited for.
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
		MaxResponseHeaderBytes: 256 << 10,
	}
	file := env["SSL_CERT_FILE"]
	if file == "" {
		return t, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &api.Error{Code: api.CodeForge, Message: fmt.Sprintf("read the certificates that SSL_CERT_FILE names: %v", err)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(pem)
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// guard is the innermost transport. It sends a request where it belongs, signs
// it only there, and bounds what comes back.
type guard struct {
	next     http.RoundTripper
	endpoint Endpoint
	token    forge.Secret
	graphql  bool // every request is one to the GraphQL endpoint, wherever go-gh meant it to go
	most     int64
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if g.graphql {
		req.URL, req.Host = g.endpoint.GraphQL, ""
	}
	req.Header.Del("Authorization")
	req.Header.Del("Time-Zone")
	if sameOrigin(req.URL, g.endpoint.REST) {
		req.Header.Set("Authorization", "Bearer "+string(g.token))
	}
	resp, err := g.next.RoundTrip(req)
	if x, ok := req.Context().Value(exchangeKey{}).(*exchange); ok && err == nil {
		x.status, x.header = resp.StatusCode, resp.Header
	}
	if err != nil {
		return nil, err
	}
	if g.most > 0 {
		resp.Body = &bounded{ReadCloser: resp.Body, left: g.most}
	}
	return resp, nil
}

// exchange is what go-gh does not tell of an answer.
type exchange struct {
	status int
	header http.Header
}

type exchangeKey struct{}

// watch returns a context in which the next answer is noted.
func watch(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// errTooLarge is an answer that is larger than any should be.
var errTooLarge = errors.New("the answer is too large")

// bounded is a body that ends in an error when it is too large.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
