package examples

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/gateway/config"
)

// cloud is the accounts of a configuration, each an emulated data plane with
// its own region, subscription, credentials and depth of bucket, on a network
// in memory: what runs in it needs no machine that is quiet, for its time is
// the bubble's.
type cloud struct {
	accounts map[string]*account // by host
	bucket   admit.Parameters

	mu      sync.Mutex
	refused int // attempts that provisioned deployments refused
}

// account is one Azure OpenAI resource. It implements openai.Directory.
type account struct {
	name        string
	key, token  string // what opens it
	deployments map[string]openai.Deployment
	line        chan net.Conn
}

// newCloud makes the accounts that the backends of c live in.
func newCloud(t *testing.T, c *config.Config, bucket admit.Parameters) *cloud {
	t.Helper()
	world := &cloud{accounts: map[string]*account{}, bucket: bucket}
	for _, b := range c.Backends {
		a := world.accounts[b.Endpoint.Host]
		if a == nil {
			a = &account{name: b.Endpoint.Host, key: "key of " + b.Endpoint.Host, deployments: map[string]openai.Deployment{}, line: make(chan net.Conn)}
			world.accounts[b.Endpoint.Host] = a
			world.open(t, a)
		}
		if b.Auth.Token != config.NoToken {
			a.token = tenant // the others belong to tenants that the gateway cannot sign in to
		}
		d := openai.Deployment{
			ID:      "/subscriptions/of-" + a.name + "/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/" + a.name + "/deployments/" + b.Deployment,
			Account: a.name, Name: b.Deployment, Location: b.Region, Model: b.Model, Version: b.Version, Format: "OpenAI", SKU: b.SKU, State: "Succeeded", Capacity: b.Capacity,
		}
		if b.Kind == config.Standard {
			d.RateTokens, d.RateRequests, d.RatePeriod = 1000*b.Capacity, 6*b.Capacity, time.Minute
		}
		a.deployments[b.Deployment] = d
	}
	return world
}

// open serves an account until the test ends.
func (c *cloud) open(t *testing.T, a *account) {
	t.Helper()
	h, err := openai.New(openai.Config{Directory: a, Now: time.Now, Latency: true, Tokens: "estimate", Parameters: c.bucket})
	if err != nil {
		t.Fatal(err)
	}
	serveLine(t, a.line, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &noting{ResponseWriter: w}
		h.ServeHTTP(noted, r)
		if noted.status == http.StatusTooManyRequests && strings.Contains(r.URL.Path, "-ptu/") {
			c.mu.Lock()
			c.refused++
			c.mu.Unlock()
		}
	}))
}

// noting remembers the status of an answer.
type noting struct {
	http.ResponseWriter
	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func (a *account) Authorize(_ context.Context, _, key, bearer string) (string, error) {
	if key == a.key || key == "" && a.token != "" && bearer == a.token {
		return a.name, nil
	}
	return "", &openai.AuthError{Status: http.StatusUnauthorized, Code: "401", Message: "Access denied."}
}

func (a *account) Deployment(_, name string) (openai.Deployment, bool) {
	d, ok := a.deployments[name]
	return d, ok
}

// transport reaches the accounts by their names. The network is the process
// itself, so nothing is encrypted on it.
func (c *cloud) transport(t *testing.T) *http.Transport {
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		a := c.accounts[host]
		if a == nil {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return dialLine(ctx, a.line)
	}
	tr := &http.Transport{DialContext: dial, DialTLSContext: dial, MaxIdleConnsPerHost: 1000}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// dialLine begins a connection on a line.
func dialLine(ctx context.Context, line chan net.Conn) (net.Conn, error) {
	near, far := pipe()
	select {
	case line <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serveLine answers the connections of a line until the test ends.
func serveLine(t *testing.T, line chan net.Conn, h http.Handler) {
	l := &lineListener{line: line, closed: make(chan struct{})}
	s := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
}

// lineListener accepts what is dialled in this process.
type lineListener struct {
	line   chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *lineListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.line:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *lineListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func (l *lineListener) Addr() net.Addr { return lineAddr{} }

type lineAddr struct{}

func (lineAddr) Network() string { return "tcp" }
func (lineAddr) String() string  { return "127.0.0.1:443" }

// pipe is two ends of a connection with room between them, as a socket has.
func pipe() (net.Conn, net.Conn) {
	there, back := newStretch(), newStretch()
	return &end{in: back, out: there}, &end{in: there, out: back}
}

// stretch is one direction of a connection.
type stretch struct {
	mu     sync.Mutex
	held   bytes.Buffer
	more   chan struct{} // holds one value when there may be something to read
	closed bool
}

func newStretch() *stretch { return &stretch{more: make(chan struct{}, 1)} }

func (s *stretch) wake() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *stretch) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake()
}

// end is one end of a connection.
type end struct {
	in, out *stretch

	mu       sync.Mutex
	deadline time.Time
}

func (e *end) Write(p []byte) (int, error) {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	if e.out.closed {
		return 0, io.ErrClosedPipe
	}
	defer e.out.wake()
	return e.out.held.Write(p)
}

func (e *end) Read(p []byte) (int, error) {
	for {
		e.in.mu.Lock()
		if e.in.held.Len() > 0 {
			defer e.in.mu.Unlock()
			return e.in.held.Read(p)
		}
		closed := e.in.closed
		e.in.mu.Unlock()
		if closed {
			return 0, io.EOF
		}
		e.mu.Lock()
		deadline := e.deadline
		e.mu.Unlock()
		if deadline.IsZero() {
			<-e.in.more
			continue
		}
		left := time.Until(deadline)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(left)
		select {
		case <-e.in.more:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (e *end) Close() error {
	e.in.close()
	e.out.close()
	return nil
}

func (e *end) SetReadDeadline(at time.Time) error {
	e.mu.Lock()
	e.deadline = at
	e.mu.Unlock()
	e.in.wake() // a reader looks at it anew
	return nil
}

func (e *end) SetDeadline(at time.Time) error { return e.SetReadDeadline(at) }
func (*end) SetWriteDeadline(time.Time) error { return nil } // writing never waits
func (*end) LocalAddr() net.Addr              { return lineAddr{} }
func (*end) RemoteAddr() net.Addr             { return lineAddr{} }
