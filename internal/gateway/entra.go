package gateway

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
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
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "RS384", "RS512"}), jwt.WithLeeway(skew),
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
	mu     sync.Mutex
	client http.RoundTripper
	known  map[string]*tenantKeys
}

func (v *verifiers) find(c *config.Entra) *tenantKeys {
	v.mu.Lock()
	defer v.mu.Unlock()
	address := strings.TrimSuffix(c.Authority, "/") + "/" + c.Tenant + "/discovery/v2.0/keys"
	k, ok := v.known[address]
	if !ok {
		k = &tenantKeys{address: address, client: v.client}
		if v.known == nil {
			v.known = map[string]*tenantKeys{}
		}
		v.known[address] = k
	}
	return k
}

// tenantKeys are the public keys that a tenant's tokens are signed with. They
// are fetched when an unknown one is named, at most once a minute, and again
// after a day.
type tenantKeys struct {
	address string
	client  http.RoundTripper

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time
}

const (
	keysLast  = 24 * time.Hour
	keysPause = time.Minute
	maxKeys   = 1 << 20 // bytes of the key document
)

func (k *tenantKeys) find(ctx context.Context, id string, now time.Time) (*rsa.PublicKey, error) {
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

func (k *tenantKeys) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
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
		Keys []struct {
			Kty, Kid, N, E, Use string
		} `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxKeys)).Decode(&doc); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, j := range doc.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(j.N)
		e, errE := base64.RawURLEncoding.DecodeString(j.E)
		if j.Kty != "RSA" || j.Use != "" && j.Use != "sig" || errN != nil || errE != nil || len(n) < 256 || len(e) == 0 || len(e) > 4 {
			continue
		}
		exponent := new(big.Int).SetBytes(e).Int64()
		keys[j.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}
	}
	return keys, nil
}
