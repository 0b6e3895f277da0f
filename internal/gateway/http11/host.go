package http11

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// host is one backend with the connections to it that are idle.
type host struct {
	c       *Client
	address string      // with port
	tls     *tls.Config // nil for http
	foreign bool        // not for this client: behind a proxy, or of a scheme that it does not know
	http2   atomic.Bool // speaks nothing else

	mu    sync.Mutex
	idle  []*conn // the one that was used last is last
	timer *time.Timer
}

func (c *Client) newHost(at place, req *http.Request) *host {
	h := &host{c: c}
	name, port := req.URL.Hostname(), req.URL.Port()
	switch at.scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		if port == "" {
			port = "443"
		}
		h.tls = &tls.Config{}
		if c.TLS != nil {
			h.tls = c.TLS.Clone()
		}
		h.tls.NextProtos = []string{"http/1.1"}
		if h.tls.ServerName == "" {
			h.tls.ServerName = name
		}
	default:
		h.foreign = true
	}
	h.foreign = h.foreign || name == "" || !plainHost(at.host)
	if c.Proxy != nil && !h.foreign {
		proxy, err := c.Proxy(req)
		h.foreign = proxy != nil || err != nil
	}
	h.address = net.JoinHostPort(name, port)
	return h
}

// plainHost tells whether a host goes into a request as it is written: no
// international names, no zones of IPv6 addresses.
func plainHost(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != ""
}

// get returns an idle connection that is still open, else a new one.
func (h *host) get(ctx context.Context) (*conn, error) {
	for {
		k := h.take()
		if k == nil {
			return h.dial(ctx)
		}
		if k.lazy() || k.alive() { // one that is lazy is asked when it is used
			k.reused = true
			return k, nil
		}
		k.Close()
	}
}

func (h *host) take() *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.idle)
	if n == 0 {
		return nil
	}
	k := h.idle[n-1]
	h.idle[n-1] = nil
	h.idle = h.idle[:n-1]
	if asked := h.c.Now(); !canAsk && asked.Sub(k.idleSince) > blindIdle {
		k.Close()
		return nil
	}
	return k
}

func (h *host) dial(ctx context.Context) (*conn, error) {
	raw, err := h.c.Dial(ctx, "tcp", h.address)
	if err != nil {
		return nil, err
	}
	k := newConn(h, raw)
	if h.tls == nil {
		return k, nil
	}
	k.socket.plain = false
	secure := tls.Client(raw, h.tls)
	if h.c.Handshake > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.c.Handshake)
		defer cancel()
	}
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	k.Conn = secure
	return k, nil
}

// put keeps a connection for the next request.
func (h *host) put(k *conn) {
	most, last := h.c.MaxIdle, h.c.Idle
	if most == 0 {
		most = defaultMaxIdle
	}
	if last == 0 {
		last = defaultIdle
	}
	k.idleSince = h.c.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.idle) >= most {
		k.Close()
		return
	}
	h.idle = append(h.idle, k)
	if h.timer == nil {
		h.timer = time.AfterFunc(last, func() { h.sweep(last) })
	}
}

// sweep closes connections that have been idle for too long. It runs again as
// long as there are others.
func (h *host) sweep(last time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, old := h.c.Now(), 0
	for old < len(h.idle) && now.Sub(h.idle[old].idleSince) >= last {
		h.idle[old].Close()
		old++
	}
	n := copy(h.idle, h.idle[old:])
	clear(h.idle[n:])
	h.idle = h.idle[:n]
	if n == 0 {
		h.timer = nil
		return
	}
	h.timer.Reset(max(last-now.Sub(h.idle[0].idleSince), time.Second))
}

func (h *host) closeIdle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range h.idle {
		k.Close()
	}
	h.idle = nil
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

var _ http.RoundTripper = (*Client)(nil)

// blindIdle is how long a connection is trusted to be open where it cannot be
// asked.
const blindIdle = 2 * time.Second
