package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/gateway/config"
)

type countingSource struct {
	calls atomic.Int64
	lasts time.Duration
	now   func() time.Time
	fail  atomic.Bool
}

func (s *countingSource) Token(context.Context, config.Auth, string) (Token, error) {
	n := s.calls.Add(1)
	time.Sleep(5 * time.Millisecond)
	if s.fail.Load() {
		return Token{}, errors.New("no luck")
	}
	return Token{fmt.Sprintf("token-%d", n), s.now().Add(s.lasts)}, nil
}

// However many calls want a token, one sign-in gets it; it is renewed ahead of
// its end without anybody waiting, and a failing renewal hurts nobody while
// the old one is good.
func TestTokensAreRenewedOnceAndAhead(t *testing.T) {
	var mu sync.Mutex
	now := noon
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	advance := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	source := &countingSource{lasts: time.Hour, now: clock}
	cache := &tokenCache{source: source, resource: cognitiveServices, now: clock}
	get := func(want string) {
		t.Helper()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if h, err := cache.bearer(t.Context()); err != nil || h[0] != "Bearer "+want {
					t.Errorf("%v %v, want %s", h, err, want)
				}
			})
		}
		wg.Wait()
	}
	settled := func(n int64) {
		t.Helper()
		for range 5000 {
			cache.mu.Lock()
			idle := cache.running == nil
			cache.mu.Unlock()
			if idle && source.calls.Load() == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatalf("%d sign-ins, want %d", source.calls.Load(), n)
	}
	get("token-1")
	settled(1)
	advance(56 * time.Minute)
	source.fail.Store(true)
	get("token-1")
	settled(2)
	advance(11 * time.Second)
	source.fail.Store(false)
	get("token-1")
	settled(3)
	get("token-3")
	header, _ := cache.bearer(t.Context())
	cache.reject(header)
	get("token-4")
	settled(4)
	advance(2 * time.Hour)
	source.fail.Store(true)
	if _, err := cache.bearer(t.Context()); err == nil {
		t.Error("an expired token is handed out")
	}
}

func TestBackendTokensAreSentAndRenewedAfterARefusal(t *testing.T) {
	var seen sync.Map
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"), true)
		if r.Header.Get("Authorization") == "Bearer token-1" {
			fails(401, `{"error":{"code":"401","message":"expired"}}`)(w, r)
			return
		}
		answers(w, r)
	})
	text := strings.Replace(configText("", u), `{key: "env:BACKEND_KEY"}`, `{entra: {}}`, 1)
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	source := &countingSource{lasts: time.Hour, now: time.Now}
	g, err := New(t.Context(), c, []byte(text), Options{Now: time.Now, Getenv: testEnv, Tokens: source})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close(t.Context())
	b := &bench{Gateway: g, server: httptest.NewServer(g)}
	defer b.server.Close()
	if res, text := b.chat(t); res.StatusCode != 502 || strings.Contains(text, "token") {
		t.Errorf("refused credentials: %v %s", res, text)
	}
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Errorf("after a new sign-in: %v", res)
	}
	if _, leaked := seen.Load("Bearer " + testKey); leaked {
		t.Error("the client's key reached the backend")
	}
}

func TestManagedIdentity(t *testing.T) {
	seen := make(chan *http.Request, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		fmt.Fprintf(w, `{"access_token":"mi","expires_on":"%d"}`, noon.Add(time.Hour).Unix())
	}))
	defer s.Close()
	for name, c := range map[string]struct {
		env    map[string]string
		header string
		path   string
	}{
		"App Service": {map[string]string{"IDENTITY_ENDPOINT": s.URL + "/msi/token", "IDENTITY_HEADER": "h"}, "X-Identity-Header", "/msi/token"},
		"machine":     {map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": s.URL + "/"}, "Metadata", "/metadata/identity/oauth2/token"},
	} {
		m := ManagedIdentity{Getenv: func(n string) string { return c.env[n] }, Client: http.DefaultTransport, Now: func() time.Time { return noon }}
		token, err := m.Token(t.Context(), config.Auth{Token: config.ManagedIdentity, ClientID: "id"}, cognitiveServices)
		if err != nil || token.Value != "mi" || !token.Expires.Equal(noon.Add(time.Hour)) {
			t.Errorf("%s: %v %v", name, token, err)
		}
		r := <-seen
		if r.URL.Path != c.path || r.Header.Get(c.header) == "" || r.URL.Query().Get("resource") != cognitiveServices || r.URL.Query().Get("client_id") != "id" {
			t.Errorf("%s: asked %s %v", name, r.URL, r.Header)
		}
	}
}

func TestSecretsAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	vault := roundTrip(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		if r.Header.Get("Authorization") != "Bearer token-1" || r.URL.String() != "https://v.vault.azure.net/secrets/k?api-version=7.4" {
			rec.WriteHeader(403)
		}
		fmt.Fprint(rec, `{"value":"from-vault"}`)
		return rec.Result(), nil
	})
	s := Secrets{Getenv: testEnv, Tokens: &countingSource{lasts: time.Hour, now: time.Now}, Client: vault}
	for ref, want := range map[string]string{"env:BACKEND_KEY": "backend-secret", "file:" + path: "from-file", "keyvault:https://v.vault.azure.net/secrets/k": "from-vault"} {
		secret, err := config.ParseSecret(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Find(t.Context(), secret); err != nil || got != want {
			t.Errorf("%s: %q %v", ref, got, err)
		}
	}
	for _, ref := range []string{"env:UNSET", "file:" + path + "x"} {
		secret, _ := config.ParseSecret(ref)
		if _, err := s.Find(t.Context(), secret); err == nil {
			t.Errorf("%s is found", ref)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Clients' tokens are verified against the tenant's keys.
func TestClientTokens(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var fetches atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "kid": "k1", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	}))
	defer server.Close()
	who := &principal{name: "app"}
	v := &verifier{
		keys: &tenantKeys{authority: authority{server.URL, server.Client().Transport}}, now: func() time.Time { return noon },
		config:  &config.Entra{Tenant: "t", Audiences: []string{"api://gateway"}, Authority: "https://login.microsoftonline.com"},
		clients: map[string]*principal{"app-id": who},
	}
	sign := func(change func(jwt.MapClaims, *jwt.Token)) string {
		claims := jwt.MapClaims{"tid": "t", "iss": "https://login.microsoftonline.com/t/v2.0", "aud": "api://gateway", "azp": "app-id", "exp": noon.Add(time.Hour).Unix(), "nbf": noon.Unix()}
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		token.Header["kid"] = "k1"
		signer := key
		if change != nil {
			change(claims, token)
			if token.Header["stranger"] != nil {
				signer = stranger
			}
		}
		text, err := token.SignedString(signer)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got, err := v.verify(t.Context(), sign(nil)); err != nil || got != who {
		t.Fatalf("%v %v", got, err)
	}
	unsigned, _ := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"tid": "t", "azp": "app-id"}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	for name, token := range map[string]string{
		"expired":         sign(func(c jwt.MapClaims, _ *jwt.Token) { c["exp"] = noon.Add(-time.Hour).Unix() }),
		"without end":     sign(func(c jwt.MapClaims, _ *jwt.Token) { delete(c, "exp") }),
		"not yet":         sign(func(c jwt.MapClaims, _ *jwt.Token) { c["nbf"] = noon.Add(time.Hour).Unix() }),
		"other tenant":    sign(func(c jwt.MapClaims, _ *jwt.Token) { c["tid"] = "u" }),
		"other issuer":    sign(func(c jwt.MapClaims, _ *jwt.Token) { c["iss"] = "https://evil.example/t/v2.0" }),
		"other audience":  sign(func(c jwt.MapClaims, _ *jwt.Token) { c["aud"] = "api://else" }),
		"other subject":   sign(func(c jwt.MapClaims, _ *jwt.Token) { c["azp"] = "someone" }),
		"signed by other": sign(func(_ jwt.MapClaims, t *jwt.Token) { t.Header["stranger"] = true }),
		"unknown key":     sign(func(_ jwt.MapClaims, t *jwt.Token) { t.Header["kid"] = "k2" }),
		"unsigned":        unsigned,
		"junk":            "a.b.c",
	} {
		if _, err := v.verify(t.Context(), token); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times; unknown ids must not be a lever", n)
	}
}

// Keys that authorities publish: RSA as Entra does, P-256 as the emulator does,
// and nothing that is too weak or meant for something else.
func TestPublishedKeys(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := curve.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	long, short := text(bytes.Repeat([]byte{0xff}, 256)), text(bytes.Repeat([]byte{0xff}, 128))
	x, y := text(point[1:33]), text(point[33:])
	for name, c := range map[string]struct {
		key  publicKey
		good bool
	}{
		"RSA":              {publicKey{Kty: "RSA", Use: "sig", N: long, E: "AQAB"}, true},
		"RSA for anything": {publicKey{Kty: "RSA", N: long, E: "AQAB"}, true},
		"P-256":            {publicKey{Kty: "EC", Use: "sig", Crv: "P-256", X: x, Y: y}, true},
		"short":            {publicKey{Kty: "RSA", N: short, E: "AQAB"}, false},
		"exponent 1":       {publicKey{Kty: "RSA", N: long, E: "AQ"}, false},
		"huge exponent":    {publicKey{Kty: "RSA", N: long, E: "AQABAAE"}, false},
		"no number":        {publicKey{Kty: "RSA", N: "!", E: "AQAB"}, false},
		"for encryption":   {publicKey{Kty: "RSA", Use: "enc", N: long, E: "AQAB"}, false},
		"not on the curve": {publicKey{Kty: "EC", Crv: "P-256", X: y, Y: x}, false},
		"other curve":      {publicKey{Kty: "EC", Crv: "P-521", X: x, Y: y}, false},
		"symmetric":        {publicKey{Kty: "oct"}, false},
	} {
		if got := c.key.key(); (got != nil) != c.good {
			t.Errorf("%s: %v", name, got)
		}
	}
}
