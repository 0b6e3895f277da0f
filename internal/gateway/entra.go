package gateway

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/gateway/config"
)

// verifier checks clients' tokens against the tenant's keys and finds the
// product that their subject may use.
type verifier struct {
	keys    *tenantKeys
	config  *config.Entra
	clients map[string]*principal // by application or object id; "*" is everybody else
	now     func() time.Time
}

type tokenClaims struct {
	jwt.RegisteredClaims
	Tenant  string `json:"tid"`
	AppID   string `json:"appid"`
	Azp     string `json:"azp"`
	Object  string `json:"oid"`
	Version string `json:"ver"`
}

// skew is how far the clocks of the gateway and of Entra may differ.
const skew = 2 * time.Minute

// verify returns who a token speaks for.
func (v *verifier) verify(ctx context.Context, token string) (*principal, error) {
	var claims tokenClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "ES256"}), jwt.WithLeeway(skew),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(v.now))
	_, err := parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return v.keys.find(ctx, id, v.now())
	})
	if err != nil {
		return nil, fmt.Errorf("the token is not valid: %w", err)
	}
	if claims.Tenant != v.config.Tenant {
		return nil, errors.New("the token is of another tenant")
	}
	if !v.issuer(claims.Issuer) {
		return nil, errors.New("the token has another issuer")
	}
	if !v.audience(claims.Audience) {
		return nil, errors.New("the token is for another audience")
	}
	for _, id := range []string{claims.Azp, claims.AppID, claims.Object, "*"} {
		if who, ok := v.clients[id]; ok && id != "" {
			return who, nil
		}
	}
	return nil, errors.New("the token's subject has no product")
}

// issuer accepts the forms of v1.0 and v2.0 tokens.
func (v *verifier) issuer(got string) bool {
	got = strings.TrimSuffix(got, "/")
	return got == "https://sts.windows.net/"+v.config.Tenant ||
		got == strings.TrimSuffix(v.config.Authority, "/")+"/"+v.config.Tenant+"/v2.0" ||
		got == strings.TrimSuffix(v.config.Authority, "/")+"/"+v.config.Tenant
}

func (v *verifier) audience(got []string) bool {
	for _, a := range got {
		for _, want := range v.config.Audiences {
			if a == want || strings.TrimSuffix(a, "/") == strings.TrimSuffix(want, "/") {
				return true
			}
		}
	}
	return false
}

// verifiers keeps the keys of each tenant over reloads.
type verifiers struct {
	mu    sync.Mutex
	known map[authority]*tenantKeys
}

// authority is where a tenant's keys are, and who fetches them.
type authority struct {
	address string
	client  http.RoundTripper
}

func (v *verifiers) find(c *config.Entra, client http.RoundTripper) *tenantKeys {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := authority{strings.TrimSuffix(c.Authority, "/") + "/" + c.Tenant + "/discovery/v2.0/keys", client}
	k, ok := v.known[at]
	if !ok {
		k = &tenantKeys{authority: at}
		if v.known == nil {
			v.known = map[authority]*tenantKeys{}
		}
		v.known[at] = k
	}
	return k
}

// tenantKeys are the public keys that a tenant's tokens are signed with. They
// are fetched when an unknown one is named, at most once a minute, and again
// after a day.
type tenantKeys struct {
	authority

	mu      sync.Mutex
	keys    map[string]crypto.PublicKey
	fetched time.Time
}

const (
	keysLast  = 24 * time.Hour
	keysPause = time.Minute
	maxKeys   = 1 << 20 // bytes of the key document
)

func (k *tenantKeys) find(ctx context.Context, id string, now time.Time) (crypto.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	if ok && now.Sub(k.fetched) < keysLast {
		return key, nil
	}
	if now.Sub(k.fetched) >= keysPause || k.fetched.IsZero() {
		k.fetched = now
		fresh, err := k.fetch(ctx)
		switch {
		case err == nil:
			k.keys = fresh
			key, ok = fresh[id]
		case !ok:
			return nil, fmt.Errorf("fetching the tenant's keys: %w", err)
		}
	}
	if !ok {
		return nil, fmt.Errorf("the tenant has no key of that id")
	}
	return key, nil
}

func (k *tenantKeys) fetch(ctx context.Context) (map[string]crypto.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, err
	}
	res, err := k.client.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the authority answered %s", res.Status)
	}
	var doc struct {
		Keys []publicKey `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxKeys)).Decode(&doc); err != nil {
		return nil, err
	}
	keys := map[string]crypto.PublicKey{}
	for _, j := range doc.Keys {
		if key := j.key(); key != nil {
			keys[j.Kid] = key
		}
	}
	return keys, nil
}

// publicKey is a JSON Web Key as authorities publish it.
type publicKey struct{ Kty, Kid, Use, N, E, Crv, X, Y string }

// key returns nil for a key that is of no use here: not for signing, of another
// kind, or too short. Entra signs with RSA; the emulator with P-256, which is
// made in no time.
func (j *publicKey) key() crypto.PublicKey {
	number := func(text string) *big.Int {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return new(big.Int)
		}
		return new(big.Int).SetBytes(raw)
	}
	switch {
	case j.Use != "" && j.Use != "sig":
	case j.Kty == "RSA":
		if n, e := number(j.N), number(j.E); n.BitLen() >= 2048 && e.BitLen() > 1 && e.BitLen() < 32 {
			return &rsa.PublicKey{N: n, E: int(e.Int64())}
		}
	case j.Kty == "EC" && j.Crv == "P-256":
		x, errX := base64.RawURLEncoding.DecodeString(j.X)
		y, errY := base64.RawURLEncoding.DecodeString(j.Y)
		if key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)); errX == nil && errY == nil && err == nil {
			return key
		}
	}
	return nil
}
