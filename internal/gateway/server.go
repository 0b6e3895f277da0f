package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// Server listens for a Gateway: clients on one address, the administrator and
// probes on others. A reload that moves an address opens the new one before it
// closes the old.
type Server struct {
	// Folder is where paths of a configuration start that comes by the admin
	// API; "" leaves them to the working directory. Set it before the first.
	Folder string

	g *Gateway

	mu        sync.Mutex
	clients   *listening
	admin     *listening
	probe     *listening
	cert      *certificate
	closed    bool
	waitClose sync.WaitGroup // listeners that were replaced and finish their calls
}

// listening is one address being served.
type listening struct {
	want   string // as configured
	secure bool
	ln     net.Listener
	srv    *http.Server
	failed chan error
}

// Listen opens the listeners of the configuration in service.
func (g *Gateway) Listen(ctx context.Context) (*Server, error) {
	s := &Server{g: g, cert: &certificate{}}
	if err := s.Apply(ctx); err != nil {
		_ = s.Shutdown(ctx)
		return nil, err
	}
	g.keepQuotas()
	return s, nil
}

// Apply brings the listeners in line with the configuration in service. On an
// error the listeners that serve keep serving.
func (s *Server) Apply(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	c := s.g.Config()
	if err := s.cert.load(c.TLS); err != nil {
		return err
	}
	for _, l := range []struct {
		slot    **listening
		address string
		handler http.Handler
		secure  bool
	}{
		{&s.clients, c.Listen, s.g, c.TLS.Cert != ""},
		{&s.admin, c.Admin, s.g.Admin(s), false},
		{&s.probe, c.Probe, s.g.Probe(), false},
	} {
		if err := s.replace(ctx, l.slot, l.address, l.handler, l.secure); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) replace(ctx context.Context, slot **listening, address string, h http.Handler, secure bool) error {
	old := *slot
	if old != nil && old.want == address && old.secure == secure {
		return nil
	}
	if address == "" {
		*slot = nil
		s.retire(old)
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	l := &listening{want: address, secure: secure, ln: ln, srv: s.server(h), failed: make(chan error, 1)}
	serve := ln
	if secure {
		serve = tls.NewListener(ln, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: s.cert.get})
	}
	go func() {
		if err := l.srv.Serve(serve); !errors.Is(err, http.ErrServerClosed) {
			l.failed <- err
		}
	}()
	*slot = l
	s.retire(old)
	return nil
}

// server is tuned for many connections that are quiet most of the time.
func (s *Server) server(h http.Handler) *http.Server {
	c := s.g.Config()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		Protocols:         protocols,
		ReadHeaderTimeout: c.Timeouts.Header,
		IdleTimeout:       2 * c.Timeouts.FirstByte,
		MaxHeaderBytes:    c.Sizes.Header,
		ErrorLog:          slog.NewLogLogger(s.g.log.Handler(), slog.LevelDebug),
	}
}

// retire stops a listener that was replaced. Its calls finish.
func (s *Server) retire(l *listening) {
	if l == nil {
		return
	}
	l.ln.Close()
	limit := s.g.Config().Timeouts.Total
	s.waitClose.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if l.srv.Shutdown(ctx) != nil {
			l.srv.Close()
		}
	})
}

// Addr is where clients are served.
func (s *Server) Addr() string { return s.addr(func() *listening { return s.clients }) }

// AdminAddr is where the admin API answers, "" when nowhere.
func (s *Server) AdminAddr() string { return s.addr(func() *listening { return s.admin }) }

// ProbeAddr is where probes are answered, "" when nowhere.
func (s *Server) ProbeAddr() string { return s.addr(func() *listening { return s.probe }) }

func (s *Server) addr(pick func() *listening) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := pick(); l != nil {
		return l.ln.Addr().String()
	}
	return ""
}

// Reload takes another configuration into service and moves the listeners. An
// address that cannot be listened on leaves the listeners as they were and is
// told; the rest of the configuration is in service then.
func (s *Server) Reload(ctx context.Context, c *config.Config, text []byte) error {
	if err := s.g.Reload(ctx, c, text); err != nil {
		return err
	}
	return s.Apply(ctx)
}

// Shutdown stops taking calls and waits for those that run, until ctx ends;
// then it cuts them off. The error tells that calls were cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.g.Drain()
	s.mu.Lock()
	s.closed = true
	all := []*listening{s.clients, s.probe, s.admin}
	s.mu.Unlock()
	var cut error
	for i, l := range all {
		if l == nil {
			continue
		}
		err := l.srv.Shutdown(ctx)
		if err != nil {
			l.srv.Close()
		} else if i == 0 {
			err = s.g.hijacked.wait(ctx)
		}
		if err != nil && i == 0 {
			cut = fmt.Errorf("calls were cut off: %w", err)
		}
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.g.Close(flush)
	s.g.stopKeeping()
	return cut
}

// certificate is read again with each reload.
type certificate struct {
	mu   sync.Mutex
	pair *tls.Certificate
}

func (c *certificate) load(t config.TLS) error {
	if t.Cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pair = &pair
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pair, nil
}
