// Package emulator is Azure on loopback, as much of it as Azure OpenAI with
// provisioned throughput needs: Resource Manager, the token service and managed
// identity, the data plane, each in a package of its own over one state and one
// virtual clock. This package puts them on listeners under a certificate of
// their own, tells clients where they are (emulator.json), and takes them down
// again. It serves three ways: as the command `azptu emulator run`, from any Go
// test by Start, and as one binary in somebody else's pipeline.
package emulator

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/emulator/arm"
	"github.com/azptu/azptu/internal/emulator/entra"
	"github.com/azptu/azptu/internal/emulator/fault"
	"github.com/azptu/azptu/internal/emulator/ingest"
	"github.com/azptu/azptu/internal/emulator/monitor"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/loopback"
)

// Config says what emulator to start. The zero value is a fresh one on free
// loopback ports that leaves nothing on disk.
type Config struct {
	Dir          string // where emulator.json and the certificates go; "" writes none
	Host         string // address to listen on; "" means 127.0.0.1
	UnsafeListen bool   // allow a Host that other machines can reach
	Port         int    // first of four consecutive ports; 0 picks free ones

	State     string           // file that keeps the world across runs; "" keeps it in memory
	Seed      uint64           // of generated text and ids of answers
	TimeScale float64          // virtual seconds in a real one; 0 means 1
	Catalog   *catalog.Catalog // what models there are; nil means catalog.Builtin()
	TrueDates bool             // keep published retirement dates, even past ones

	Latency bool   // the data plane answers as slowly as a model writes
	Tokens  string // how it counts: "true" (default) or "estimate"

	// Logs makes the handler of Log Analytics' and Data Explorer's query
	// protocols, given where clients sign in; nil leaves their paths unknown.
	Logs func(authority string) http.Handler
	// Workspace takes the rows that are sent to Azure Monitor and Data
	// Explorer; nil leaves their paths unknown.
	Workspace ingest.Workspace

	PageSize int              // of Resource Manager's lists; 0 means 500
	Now      func() time.Time // real time; nil means the machine's clock
	Log      *slog.Logger     // of requests; nil for none
}

// Server is a running emulator.
type Server struct {
	Endpoints Endpoints
	State     *state.Store
	Entra     *entra.Service

	authority *authority
	sockets   *listeners
	mu        sync.Mutex
	servers   []*server
	closed    bool
	onReset   []func()
	faults    *fault.Set
	manager   *arm.Handler // nil until the services are made
	log       *monitor.Activity
	watch     *observed
	rows      *diagnostics
}

// WorkloadSubject is the workload whose federated token stands for the first
// client.
const WorkloadSubject = "system:serviceaccount:default:azptu"

// Start brings an emulator up. When it returns, every listener answers.
func Start(ctx context.Context, config Config) (*Server, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.authority, err = newAuthority(config.Now(), config.Host); err != nil {
		return nil, err
	}
	if s.sockets, err = listen(ctx, config.Host, config.Port, s.authority.server()); err != nil {
		return nil, err
	}
	if err := s.compose(config); err != nil {
		s.sockets.close()
		s.rows.close()
		return nil, err
	}
	if err := s.announce(config); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// complete fills in what a configuration leaves out and refuses what is unsafe.
func (c Config) complete() (Config, error) {
	if c.Host == "" {
		c.Host = "127.0.0.1"
	}
	if !loopback.Is(c.Host) && !c.UnsafeListen {
		return c, fmt.Errorf("the emulator does not listen on %s: it is for this machine alone (its keys protect nothing); ask for an unsafe listener if other machines must reach it", c.Host)
	}
	if c.Port < 0 || c.Port > 65535-listenerCount {
		return c, fmt.Errorf("port %d is not one that %d consecutive ports can start from", c.Port, listenerCount)
	}
	if c.TimeScale < 0 {
		return c, fmt.Errorf("a time scale of %v runs backwards", c.TimeScale)
	}
	if c.Catalog == nil {
		c.Catalog = catalog.Builtin()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// report says that the world could not be kept.
func (c Config) report(err error) {
	if c.Log != nil {
		c.Log.Error("the emulator's world was not saved", "error", err)
	}
}

// compose makes the services over one state and serves them.
func (s *Server) compose(config Config) error {
	var err error
	s.State, err = state.New(state.Config{
		Clock: state.NewClock(config.Now, config.TimeScale), Random: random, Catalog: config.Catalog, TrueDates: config.TrueDates,
		Path: config.State, Endpoint: s.sockets.endpoint, Report: config.report,
	})
	if err != nil {
		return err
	}
	s.faults = newFaults(s.State, config)
	if err := s.identities(config); err != nil {
		return err
	}
	rest, err := s.services(config)
	if err != nil {
		return err
	}
	own := s.sockets.url("https", s.sockets.all[control])
	manager := arm.New(arm.Config{
		State: s.State, Verify: expiringVerifier{verifier{s.Entra, own}, s.faults}, Root: own, Authority: own,
		Insights: rest.insights, PageSize: config.PageSize, Log: config.Log, Wall: config.Now,
	})
	s.manager = manager
	s.serve(s.sockets.all[control], s.controlPlane(s.faults.Manager(s.log.Watch(manager)), rest), slowest)
	s.serve(s.sockets.all[data], rest.data, 0)
	s.servePlain(s.sockets.all[dataPlain], rest.data, config)
	s.serve(s.sockets.all[side], s.sideDoor(rest), slowest)
	s.sockets.start(func(open net.Listener, account string) { s.serve(open, rest.data.ForAccount(account), 0) })
	return nil
}

// identities makes the token service and names the world's first identities.
func (s *Server) identities(config Config) error {
	host, _ := s.State.ClientNamed(state.FirstManaged)
	s.Endpoints.IdentityHeader = hex.EncodeToString(secret(32))
	var err error
	s.Entra, err = entra.New(entra.Config{
		State: s.State, Authority: s.sockets.url("https", s.sockets.all[control]), Now: skewed(config.Now, s.faults),
		IdentityHeader: s.Endpoints.IdentityHeader, Managed: host.ClientID,
	})
	if err != nil {
		return err
	}
	client, _ := s.State.ClientNamed(state.FirstClient)
	s.State.Federate(client.ClientID, state.Federation{Issuer: s.Entra.WorkloadIssuer(), Subject: WorkloadSubject, Audience: entra.WorkloadAudience})
	return nil
}

// controlPlane shares the first listener out by path.
func (s *Server) controlPlane(manager http.Handler, rest services) http.Handler {
	token := s.Entra.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := rest.byPath(r.URL.Path); h != nil {
			h.ServeHTTP(w, r)
			return
		}
		if entra.Paths(r.URL.Path) {
			token.ServeHTTP(w, r)
			return
		}
		manager.ServeHTTP(w, r)
	})
}

// sideDoor is the plain listener of managed identity and administration.
func (s *Server) sideDoor(rest services) http.Handler {
	managed, admin := s.Entra.ManagedHandler(), s.admin(rest)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/metadata/") || strings.HasPrefix(r.URL.Path, "/msi/") {
			managed.ServeHTTP(w, r)
			return
		}
		admin.ServeHTTP(w, r)
	})
}

// slowest is how long a request to the control plane may take to arrive.
const slowest = 2 * time.Minute

// serve answers a listener until the emulator is closed.
func (s *Server) serve(open net.Listener, h http.Handler, read time.Duration) {
	s.run(open, newServer(s.faults.Dates(h), read))
}

// servePlain answers the plain data plane: what can be answered at once does
// without net/http.
func (s *Server) servePlain(open net.Listener, h http.Handler, config Config) {
	made := newServer(s.faults.Dates(h), 0)
	if !config.Latency {
		made.quicken(func(body []byte) bool { return !s.faults.On() && openai.AtOnce(body) }, config.Now)
	}
	s.run(open, made)
}

func (s *Server) run(open net.Listener, made *server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = open.Close()
		return
	}
	s.servers = append(s.servers, made)
	go func() { _ = made.Serve(open) }() // ends with the listener
}

// announce fills in the endpoints and writes the files of Config.Dir.
func (s *Server) announce(config Config) error {
	main, plain, door := s.sockets.url("https", s.sockets.all[control]), s.sockets.url("http", s.sockets.all[dataPlain]), s.sockets.url("http", s.sockets.all[side])
	client, _ := s.State.ClientNamed(state.FirstClient)
	e := &s.Endpoints
	e.ArmURL, e.AuthorityURL, e.MetricsURL, e.LogsURL, e.KustoURL, e.IngestURL, e.PricesURL = main, main, main, main, main, main, main
	e.AoaiURL, e.AoaiHTTPURL = s.sockets.url("https", s.sockets.all[data]), plain
	e.ImdsURL, e.IdentityEndpoint, e.AdminURL, e.PromURL = door, door+"/msi/token", door, door
	e.TenantID, e.ClientID, e.ClientSecret = s.State.Tenant(), client.ClientID, client.Secret
	e.SubscriptionID, e.ResourceGroup, e.Account, e.Location = state.FirstSubscription, state.FirstGroup, state.FirstAccount, state.FirstLocation
	e.WorkspaceID, e.KustoDatabase = workspace, kustoDatabase
	first := state.Account{Subscription: e.SubscriptionID, Group: e.ResourceGroup, Name: e.Account}
	if a, err := s.State.Account(first.ID()); err == nil {
		e.APIKey = a.Keys[0]
	}
	if config.Dir == "" {
		return nil
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return fmt.Errorf("finding the emulator's directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the emulator's directory: %w", err)
	}
	if err := writeCertificates(dir, s.authority.pem); err != nil {
		return err
	}
	e.CAFile = filepath.Join(dir, caFile)
	return e.write(dir)
}

// workspace is the id of the one Log Analytics workspace.
const workspace = "a2e6f3c4-5b1d-4c8e-9f70-1d2b3c4a5e6f"

// kustoDatabase is the one database of Data Explorer.
const kustoDatabase = "azptu"

// Advance pushes virtual time forward.
func (s *Server) Advance(by time.Duration) time.Time {
	return s.State.Clock().Advance(by)
}

// Reset makes the world a fresh one again and forgets what was observed.
// Identities and the keys of the first account stay.
func (s *Server) Reset() error {
	s.faults.Clear()
	err := s.State.Reset()
	for _, tell := range s.onReset {
		tell()
	}
	return err
}

// CAPool holds the authority to trust, for clients in the same process.
func (s *Server) CAPool() *x509.CertPool { return s.authority.pool }

// CA is the authority's certificate in PEM form.
func (s *Server) CA() []byte { return s.authority.pem }

// Client is an HTTP client that trusts the emulator. Each call makes a new one
// with connections of its own.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.authority.pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64,
	}}
}

// Close takes the emulator down: gently while ctx lasts, then at once. The
// files that Start wrote into Config.Dir are removed.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	servers := s.servers
	s.mu.Unlock()
	s.faults.Clear()
	s.sockets.close()
	err := shutdown(ctx, servers)
	if s.manager != nil {
		s.manager.Close()
	}
	s.rows.close()
	if s.Endpoints.CAFile != "" {
		dir := filepath.Dir(s.Endpoints.CAFile)
		for _, file := range []string{EndpointsFile, caFile, bundleFile} {
			err = errors.Join(err, remove(filepath.Join(dir, file)))
		}
	}
	return err
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

var tokenExpired = &arm.TokenError{Code: "ExpiredAuthenticationToken", Message: "The access token expiry UTC time is earlier than current UTC time."}

// verifier lets Resource Manager check tokens.
type verifier struct {
	*entra.Service
	own string // root of Resource Manager
}

// VerifyARM takes tokens for Resource Manager, by its public name or by its
// own address, which clients of custom clouds derive the audience from; those
// for monitoring pass too, as its batch API shares the listener.
func (v verifier) VerifyARM(ctx context.Context, token string) (arm.Caller, error) {
	who, err := v.Verify(ctx, token, append([]string{v.own, "https://metrics.monitor.azure.com", "https://monitor.azure.com"}, entra.ARM...)...)
	switch {
	case errors.Is(err, entra.ErrExpired):
		return arm.Caller{}, tokenExpired
	case errors.Is(err, entra.ErrAudience):
		return arm.Caller{}, &arm.TokenError{Code: "InvalidAuthenticationTokenAudience", Message: "The access token has been obtained for wrong audience or resource. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'."}
	case err != nil:
		return arm.Caller{}, err
	}
	return arm.Caller{ObjectID: who.ObjectID, ClientID: who.ClientID, Name: who.Name}, nil
}

func random(b []byte) { _, _ = rand.Read(b) } // never fails

func secret(n int) []byte {
	b := make([]byte, n)
	random(b)
	return b
}
