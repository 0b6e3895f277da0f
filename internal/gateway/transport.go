package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/gateway/http11"
)

// transports keeps one connection pool for each set of trusted authorities, so
// that connections survive a reload.
type transports struct {
	mu    sync.Mutex
	known map[string]http.RoundTripper
	now   func() time.Time
	wrap  func(http.RoundTripper) http.RoundTripper // tests put themselves between; nil for none
}

// find returns the transport that trusts the system's authorities and those of
// caFile, which may be "". connect bounds how long a connection may take. The
// file is read each time, so that a reload takes up a new bundle.
func (t *transports) find(caFile string, connect time.Duration) (http.RoundTripper, error) {
	var pem []byte
	if caFile != "" {
		var err error
		if pem, err = os.ReadFile(caFile); err != nil {
			return nil, fmt.Errorf("reading certificate authorities: %w", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	id := connect.String() + "\x00" + string(pem)
	if rt, ok := t.known[id]; ok {
		return rt, nil
	}
	var roots *x509.CertPool
	if caFile != "" {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", caFile)
		}
	}
	var rt http.RoundTripper = newClient(roots, connect, t.now)
	if t.wrap != nil {
		rt = t.wrap(rt)
	}
	if t.known == nil {
		t.known = map[string]http.RoundTripper{}
	}
	t.known[id] = rt
	return rt, nil
}

// newClient speaks HTTP/1.1, one connection for each running call: a lost
// connection then costs one call, and a slow reader holds up nobody else. Only
// backends that refuse HTTP/1.1 are spoken to in HTTP/2.
func newClient(roots *x509.CertPool, connect time.Duration, now func() time.Time) *http11.Client {
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	trust := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	return &http11.Client{
		Dial: dialer.DialContext, TLS: trust, Handshake: connect, Proxy: http.ProxyFromEnvironment, Now: now,
		Transport: newTransport(dialer, trust, connect, false),
		HTTP2:     newTransport(dialer, trust, connect, true),
	}
}

// newTransport makes the transport for what the client leaves to others.
func newTransport(dialer *net.Dialer, trust *tls.Config, connect time.Duration, http2 bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connect,
		TLSClientConfig:        trust.Clone(),
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    4096,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		WriteBufferSize:        4 << 10,
		ReadBufferSize:         4 << 10,
	}
}

// closeIdle ends connections that nobody uses.
func (t *transports) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rt := range t.known {
		if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
			c.CloseIdleConnections()
		}
	}
}
