package http11

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Client is an http.RoundTripper. Its fields are set before the first request.
type Client struct {
	// Dial makes a connection; needed.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is used for https; nil: the defaults of crypto/tls. What it says of
	// protocols is not looked at.
	TLS *tls.Config
	// Handshake bounds the TLS handshake; 0: nothing but the request's context.
	Handshake time.Duration
	// Idle is how long a connection is kept without work; 0: 90 seconds.
	Idle time.Duration
	// MaxIdle is how many connections are kept for each backend; 0: 4096.
	MaxIdle int
	// MaxHead bounds the head of an answer, with all informational ones before
	// it, in bytes; 0: 256 KiB.
	MaxHead int
	// Proxy tells which proxy a request goes through, as of http.Transport;
	// such requests are left to Transport. nil: there are none. It is asked
	// once for each backend.
	Proxy func(*http.Request) (*url.URL, error)
	// Transport takes what this client is not made for; needed.
	Transport http.RoundTripper
	// HTTP2 takes what goes to backends that refuse HTTP/1.1; nil: nothing does.
	HTTP2 http.RoundTripper
	// Now is the clock that idle connections are aged by; needed.
	Now func() time.Time

	mu    sync.RWMutex
	hosts map[place]*host
}

// place is where requests go: a scheme and a host with or without port.
type place struct{ scheme, host string }

// maxBody is the longest body that is written together with the head. It fits
// into what two kernels hold between them, so that writing never waits for a
// backend that answers before it reads.
const maxBody = 64 << 10

const (
	defaultIdle    = 90 * time.Second
	defaultMaxIdle = 4096
	defaultMaxHead = 256 << 10
)

var (
	errNoAnswer = errors.New("the connection was closed before the answer began")
	errHeadLong = errors.New("the head of the answer is too long")
	errStale    = errUnsent{errors.New("the connection is no longer open")}
)

// errUnsent means that the backend saw nothing of the request.
type errUnsent struct{ error }

// RoundTrip sends a request and returns when the head of its answer is here.
// The answer's body must be closed and, unlike that of http.Transport, be used
// by one goroutine at a time; it is a Streamer.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	h := c.host(req)
	if h.http2.Load() && c.HTTP2 != nil {
		return c.HTTP2.RoundTrip(req)
	}
	if h.foreign || !suits(req) {
		return c.Transport.RoundTrip(req)
	}
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		closeBody(req)
		return nil, context.Cause(ctx)
	}
	out := requests.Get().(*outgoing)
	defer out.free()
	err := out.compose(req)
	closeBody(req)
	if err != nil {
		return nil, err
	}
	for {
		res, again, err := c.attempt(ctx, h, req, out.b)
		switch {
		case err == nil:
			return res, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case again:
			continue // on another connection; a new one is never stale
		case c.HTTP2 != nil && refusesHTTP1(err):
			h.http2.Store(true)
			return c.HTTP2.RoundTrip(resent(req, out))
		}
		return nil, err
	}
}

// attempt makes one try. again tells that the connection had been closed by
// the backend before it saw anything of the request, or, for a request that
// may be repeated, before it answered.
func (c *Client) attempt(ctx context.Context, h *host, req *http.Request, raw []byte) (res *http.Response, again bool, err error) {
	k, err := h.get(ctx)
	if err != nil {
		return nil, false, err
	}
	k.begin(ctx)
	if err := k.ask(raw); err != nil {
		k.discard()
		var unsent errUnsent
		return nil, k.reused && (errors.As(err, &unsent) || !k.begun && repeatable(req)), err
	}
	res, err = k.answer(req, c.maxHead())
	if err != nil {
		silent := !k.begun
		k.discard()
		return nil, k.reused && silent && repeatable(req), err
	}
	return res, false, nil
}

func (c *Client) maxHead() int {
	if c.MaxHead > 0 {
		return c.MaxHead
	}
	return defaultMaxHead
}

// suits tells whether a request is one for this client.
func suits(req *http.Request) bool {
	switch {
	case req.URL == nil, req.Method == http.MethodConnect, req.Close, len(req.TransferEncoding) > 0, len(req.Trailer) > 0:
		return false
	case req.ContentLength < 0, req.ContentLength > maxBody, req.ContentLength == 0 && req.Body != nil && req.Body != http.NoBody:
		return false
	}
	h := req.Header
	return len(h["Upgrade"]) == 0 && len(h["Connection"]) == 0 && len(h["Expect"]) == 0
}

// repeatable tells whether a request may reach the backend twice.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return len(req.Header["Idempotency-Key"]) > 0 || len(req.Header["X-Idempotency-Key"]) > 0
}

// refusesHTTP1 recognizes the alert of a server that speaks none of the
// protocols that were offered; crypto/tls has no value for it.
func refusesHTTP1(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error" && remote.Err.Error() == "tls: no application protocol"
}

// resent is the request with its body put back.
func resent(req *http.Request, out *outgoing) *http.Request {
	other := *req
	if n := int(req.ContentLength); n > 0 {
		other.Body = io.NopCloser(bytes.NewReader(append([]byte(nil), out.b[len(out.b)-n:]...)))
	}
	return &other
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// host finds what is known of where a request goes.
func (c *Client) host(req *http.Request) *host {
	if req.URL == nil {
		return &host{foreign: true}
	}
	at := place{req.URL.Scheme, req.URL.Host}
	c.mu.RLock()
	h := c.hosts[at]
	c.mu.RUnlock()
	if h != nil {
		return h
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h = c.hosts[at]; h == nil {
		h = c.newHost(at, req)
		if c.hosts == nil {
			c.hosts = map[place]*host{}
		}
		c.hosts[at] = h
	}
	return h
}

// CloseIdleConnections closes connections that nobody uses.
func (c *Client) CloseIdleConnections() {
	c.mu.RLock()
	hosts := make([]*host, 0, len(c.hosts))
	for _, h := range c.hosts {
		hosts = append(hosts, h)
	}
	c.mu.RUnlock()
	for _, h := range hosts {
		h.closeIdle()
	}
	for _, rt := range []http.RoundTripper{c.Transport, c.HTTP2} {
		if other, ok := rt.(interface{ CloseIdleConnections() }); ok {
			other.CloseIdleConnections()
		}
	}
}
