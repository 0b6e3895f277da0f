package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/emulator/front"
	"github.com/azptu/azptu/internal/emulator/state"
)

// The listeners of an emulator, in the order of their ports when a first port
// is given.
const (
	control   = iota // HTTPS: Resource Manager, token service, monitoring, logs, prices
	data             // HTTPS: data plane of all accounts
	dataPlain        // HTTP: the same
	side             // HTTP: managed identity, administration, Prometheus
	listenerCount
)

// listeners are the sockets of an emulator, open but not served.
type listeners struct {
	host string
	tls  *tls.Config
	all  [listenerCount]net.Listener

	mu       sync.Mutex
	accounts map[string]*accountListener // by folded account id
	serve    func(net.Listener, string)  // serves an account's listener; nil before the start
}

// accountListener is the data-plane root of one account.
type accountListener struct {
	net.Listener
	root string
}

// listen opens the sockets. port 0 picks free ones; otherwise they follow one
// another from port on.
func listen(ctx context.Context, host string, port int, conf *tls.Config) (*listeners, error) {
	l := &listeners{host: host, tls: conf, accounts: map[string]*accountListener{}}
	for i := range l.all {
		at := 0
		if port > 0 {
			at = port + i
		}
		open, err := l.open(ctx, at, i == control || i == data)
		if err != nil {
			l.close()
			return nil, err
		}
		l.all[i] = open
	}
	return l, nil
}

func (l *listeners) open(ctx context.Context, port int, secure bool) (net.Listener, error) {
	var conf net.ListenConfig
	open, err := conf.Listen(ctx, "tcp", net.JoinHostPort(l.host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listening for the emulator: %w", err)
	}
	if secure {
		open = tls.NewListener(open, l.tls)
	}
	return open, nil
}

// url is the root of a listener. A wildcard address is reached on loopback.
func (l *listeners) url(scheme string, open net.Listener) string {
	host, port, _ := net.SplitHostPort(open.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// endpoint opens the data-plane root of an account and names it. The first
// account lives on the shared listener.
func (l *listeners) endpoint(a state.Account) string {
	if a.Name == state.FirstAccount && a.Group == state.FirstGroup {
		return l.url("https", l.all[data]) + "/"
	}
	id := strings.ToLower(a.ID())
	l.mu.Lock()
	defer l.mu.Unlock()
	if open := l.accounts[id]; open != nil {
		return open.root
	}
	open, err := l.open(context.Background(), 0, true)
	if err != nil {
		return "" // no socket left: the account gets the address that Azure would give
	}
	made := &accountListener{open, l.url("https", open) + "/"}
	l.accounts[id] = made
	if l.serve != nil {
		l.serve(made, id)
	}
	return made.root
}

// start serves the accounts' listeners, those there are and those to come.
func (l *listeners) start(serve func(net.Listener, string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serve = serve
	for id, open := range l.accounts {
		serve(open, id)
	}
}

func (l *listeners) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, open := range l.all {
		if open != nil {
			_ = open.Close()
		}
	}
	for _, open := range l.accounts {
		_ = open.Close()
	}
}

// server is an HTTP server that knows how many requests it is answering.
type server struct {
	*http.Server
	front *front.Server // nil, or what takes the plain requests before it
	busy  atomic.Int64
}

// Serve answers a listener until the server is closed.
func (s *server) Serve(open net.Listener) error {
	if s.front != nil {
		return s.front.Serve(open)
	}
	return s.Server.Serve(open)
}

// Close ends every connection.
func (s *server) Close() error {
	if s.front != nil {
		_ = s.front.Close() // never fails
	}
	return s.Server.Close()
}

// quicken puts a front before the server, for the requests that quick says yes
// to.
func (s *server) quicken(quick func(body []byte) bool, now func() time.Time) {
	s.front = &front.Server{Handler: s.Handler, Next: s.Server, Quick: quick, Now: now}
}

// newServer makes a server with the limits that keep a slow or silly client
// from holding on to it. read is how long a request may take to arrive; 0 leaves
// that open, as the data plane needs: the limit would end long streams too.
func newServer(h http.Handler, read time.Duration) *server {
	s := &server{}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.busy.Add(1)
		defer s.busy.Add(-1)
		h.ServeHTTP(w, r)
	})
	s.Server = &http.Server{
		Handler: counted, ReadHeaderTimeout: 15 * time.Second, ReadTimeout: read, IdleTimeout: 3 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // broken handshakes of clients that do not trust us yet
	}
	return s
}

// shutdown lets the requests that are being answered end while ctx lasts, then
// closes every connection. (http.Server.Shutdown would wait a second for each
// idle HTTP/2 connection.)
func shutdown(ctx context.Context, servers []*server) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var errs []error
	for _, s := range servers {
		for s.busy.Load() > 0 && ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
