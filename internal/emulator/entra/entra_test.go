package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/emulator/state"
)

// service is a token service on a clock that the test moves.
func service(t testing.TB) (*Service, *time.Time) {
	t.Helper()
	world, err := state.New(state.Config{Clock: state.NewClock(time.Now, 1), Catalog: catalog.Builtin(), Random: func(b []byte) { _, _ = rand.Read(b) }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, err := New(Config{State: world, Authority: "https://127.0.0.1:1", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return s, &now
}

func client(s *Service) state.Principal {
	p, _ := s.config.State.ClientNamed(state.FirstClient)
	return p
}

func TestVerify(t *testing.T) {
	s, now := service(t)
	other, _ := service(t)
	sign := func(s *Service, audience string) string {
		token, err := s.Token(client(s).ClientID, audience, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(s, "https://management.azure.com/")
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	forged := head + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "management", "cognitive", 1))) + "." + signature
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + payload + "."
	workload, err := s.FederatedToken("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, token string
		audiences   []string
		want        error
	}{
		{"good", good, ARM, nil}, {"good, any audience", good, nil, nil}, {"another audience", good, DataPlane, ErrAudience},
		{"forged claims", forged, nil, ErrInvalid}, {"no signature", unsigned, nil, ErrInvalid}, {"of another service", sign(other, "https://management.azure.com/"), ARM, ErrInvalid},
		{"of a workload", workload, nil, ErrInvalid}, {"nothing", "", nil, ErrInvalid}, {"rubbish", "a.b.c", nil, ErrInvalid},
	} {
		for range 2 { // the second time from memory
			who, err := s.Verify(t.Context(), c.token, c.audiences...)
			if !errors.Is(err, c.want) || err == nil && who.ObjectID != client(s).ObjectID {
				t.Errorf("%s: %+v, %v; want %v", c.what, who, err, c.want)
			}
		}
	}
	*now = now.Add(time.Hour)
	if _, err := s.Verify(t.Context(), good, ARM...); !errors.Is(err, ErrExpired) {
		t.Errorf("an hour later: %v", err)
	}
}

// Anybody can check our tokens with the published keys, as a gateway would.
func TestPublishedKeys(t *testing.T) {
	s, _ := service(t)
	tenant := s.config.State.Tenant()
	get := func(path string, v any) {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
		Token   string `json:"token_endpoint"`
	}
	get("/"+tenant+"/v2.0/.well-known/openid-configuration", &discovery)
	var keys struct {
		Keys []struct{ Kid, X, Y string }
	}
	get(strings.TrimPrefix(discovery.JWKSURI, s.config.Authority), &keys)
	point := []byte{4}
	for _, c := range []string{keys.Keys[0].X, keys.Keys[0].Y} {
		b, err := base64.RawURLEncoding.DecodeString(c)
		if err != nil {
			t.Fatal(err)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Token(client(s).ClientID, "https://cognitiveservices.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(token, func(tok *jwt.Token) (any, error) {
		if tok.Header["kid"] != keys.Keys[0].Kid {
			return nil, errors.New("another key")
		}
		return public, nil
	}, jwt.WithIssuer(discovery.Issuer), jwt.WithAudience("https://cognitiveservices.azure.com"), jwt.WithTimeFunc(s.config.Now))
	if err != nil || !parsed.Valid {
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(discovery.Token, "https://") {
		t.Errorf("token endpoint %s", discovery.Token)
	}
}

// Azure CLI asks the /adfs authority, with two slashes in the scope, and reads
// numbers as strings there.
func TestADFS(t *testing.T) {
	s, _ := service(t)
	p := client(s)
	form := "client_id=" + p.ClientID + "&client_secret=" + p.Secret + "&grant_type=client_credentials&client_info=1&scope=https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default"
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/adfs/oauth2/token", strings.NewReader(form))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, q)
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got["expires_in"] != "3600" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if _, err := s.Verify(t.Context(), got["access_token"], ARM...); err != nil {
		t.Error(err)
	}
}

// A busy data plane checks a token once.
func BenchmarkVerify(b *testing.B) {
	s, _ := service(b)
	token, err := s.Token(client(s).ClientID, "https://cognitiveservices.azure.com", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Verify(b.Context(), token, DataPlane...); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzVerify: no string but one that we signed is taken for a token.
func FuzzVerify(f *testing.F) {
	s, _ := service(f)
	good, err := s.Token(client(s).ClientID, "https://management.azure.com", time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, good + "=", good[:len(good)-1] + string(good[len(good)-1]^1), "", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", strings.ToUpper(good), good[:len(good)-2]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if who, err := s.Verify(t.Context(), token); err == nil && token != good {
			t.Errorf("%q was taken for %+v", token, who)
		}
	})
}
