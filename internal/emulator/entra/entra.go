// Package entra is Entra ID as far as clients of Azure OpenAI need it: OpenID
// discovery, the token endpoint with client secrets and federated workload
// tokens, the /adfs authority that older Azure CLIs insist on, and the two
// managed-identity endpoints of virtual machines (IMDS) and App Service. It
// signs real JSON Web Tokens, publishes their keys, and checks them again for
// Resource Manager and the data plane. Tokens live in real time: a client
// compares their expiry with its own clock.
package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/emulator/state"
)

// Config is what the service needs to know.
type Config struct {
	State     *state.Store
	Authority string // root URL of the token service, without a path
	Now       func() time.Time
	Lifetime  time.Duration // of access tokens; 0 means an hour
	// IdentityHeader is the secret that App Service hands to its processes and
	// that X-IDENTITY-HEADER must repeat.
	IdentityHeader string
	// Managed is the client id of the identity that answers where none is named.
	Managed string
}

// Service issues and checks tokens.
type Service struct {
	config Config
	signer *signer
}

// New makes a service with a key of its own.
func New(config Config) (*Service, error) {
	if config.Lifetime <= 0 {
		config.Lifetime = time.Hour
	}
	s, err := newSigner()
	if err != nil {
		return nil, err
	}
	return &Service{config: config, signer: s}, nil
}

// Identity is who a token speaks for.
type Identity struct {
	ObjectID, ClientID, TenantID, Name string
	Audience                           string
}

// Errors of Verify. Anything else that is wrong with a token is ErrInvalid.
var (
	ErrInvalid  = errors.New("the access token is invalid")
	ErrExpired  = errors.New("the access token expired")
	ErrAudience = errors.New("the access token is for another audience")
)

// Audiences that stand for Resource Manager, for the data plane, and for the
// other services.
var (
	ARM       = []string{"https://management.azure.com", "https://management.core.windows.net"}
	DataPlane = []string{"https://cognitiveservices.azure.com", "https://ai.azure.com"}
)

// Verify checks a bearer token that must be for one of the audiences; none
// given takes any.
func (s *Service) Verify(_ context.Context, token string, audiences ...string) (Identity, error) {
	c, err := s.signer.verify(token, s.config.Now())
	switch {
	case errors.Is(err, errExpired):
		return Identity{}, ErrExpired
	case err != nil || c.Issuer != s.issuer(c.TenantID):
		return Identity{}, ErrInvalid
	}
	if len(audiences) > 0 && !among(c.Aud, audiences) {
		return Identity{}, ErrAudience
	}
	return Identity{ObjectID: c.ObjectID, ClientID: c.AppID, TenantID: c.TenantID, Name: c.Name, Audience: c.Aud}, nil
}

func among(aud string, audiences []string) bool {
	for _, a := range audiences {
		if strings.TrimRight(aud, "/") == strings.TrimRight(a, "/") {
			return true
		}
	}
	return false
}

// Token issues a token for a client and an audience, as tests and faults need
// them. A negative lifetime makes one that has expired.
func (s *Service) Token(clientID, audience string, lifetime time.Duration) (string, error) {
	p, ok := s.config.State.Client(clientID)
	if !ok {
		return "", fmt.Errorf("issuing a token: there is no client %q", clientID)
	}
	return s.issue(p, audience, lifetime)
}

// issuer is who signs: the tenant's v2.0 authority, as discovery says.
func (s *Service) issuer(tenant string) string { return s.config.Authority + "/" + tenant + "/v2.0" }

func (s *Service) issue(p state.Principal, audience string, lifetime time.Duration) (string, error) {
	now, tenant := s.config.Now(), s.config.State.Tenant()
	acr := "1" // a secret
	if p.Secret == "" {
		acr = "2"
	}
	return s.signer.sign(Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.issuer(tenant), Subject: p.ObjectID,
			IssuedAt: jwt.NewNumericDate(now.Add(-time.Minute)), NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		Aud: audience, AppID: p.ClientID, AppIDACR: acr, IDP: s.issuer(tenant), IDType: "app", ObjectID: p.ObjectID, TenantID: tenant, Name: p.Name, UTI: unique(), Version: "1.0",
	})
}

// FederatedToken issues the token that a workload (a Kubernetes pod, say) would
// hold: signed by an issuer that the first client trusts.
func (s *Service) FederatedToken(subject string) (string, error) {
	now := s.config.Now()
	return s.signer.sign(Claims{Aud: WorkloadAudience, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: s.WorkloadIssuer(), Subject: subject,
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(s.config.Lifetime)),
	}})
}

// WorkloadAudience is the audience that Entra ID wants in workload tokens.
const WorkloadAudience = "api://AzureADTokenExchange"

// WorkloadIssuer is the issuer of FederatedToken.
func (s *Service) WorkloadIssuer() string { return s.config.Authority + "/workload" }

// Handler serves the authority: discovery, keys and the token endpoints.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.discover)
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", s.discover)
	mux.HandleFunc("GET /workload/.well-known/openid-configuration", s.discoverWorkload)
	mux.HandleFunc("GET /workload/keys", s.keys)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", s.keys)
	mux.HandleFunc("GET /{tenant}/discovery/keys", s.keys)
	mux.HandleFunc("GET /common/discovery/instance", s.instance)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("POST /{tenant}/oauth2/token", s.token)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", s.authorize)
	return mux
}

// Paths tells whether a path belongs to the authority rather than to Resource
// Manager, which shares its listener.
func Paths(path string) bool {
	return strings.Contains(path, "/oauth2/") || strings.Contains(path, "/.well-known/openid-configuration") || strings.Contains(path, "/discovery/") || strings.HasPrefix(path, "/workload/")
}

func write(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("x-ms-request-id", guid())
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
