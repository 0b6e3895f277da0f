package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are the claims of the emulator's access tokens that anybody reads.
type Claims struct {
	jwt.RegisteredClaims
	Aud      string `json:"aud,omitempty"` // one string, as Entra ID writes it
	AppID    string `json:"appid,omitempty"`
	AppIDACR string `json:"appidacr,omitempty"`
	IDP      string `json:"idp,omitempty"`
	IDType   string `json:"idtyp,omitempty"`
	ObjectID string `json:"oid,omitempty"`
	TenantID string `json:"tid,omitempty"`
	Name     string `json:"app_displayname,omitempty"`
	UTI      string `json:"uti,omitempty"`
	Version  string `json:"ver,omitempty"`
	Resource string `json:"xms_az_rid,omitempty"`
}

// signer makes and checks tokens with one key. ES256 stands in for Entra's
// RS256: an RSA key costs a tenth of a second and more to make, an elliptic
// one nothing, and a client must not look inside an access token anyway.
type signer struct {
	key *ecdsa.PrivateKey
	id  string

	mu       sync.Mutex
	verified map[[sha256.Size]byte]*Claims // tokens found good, until they expire
}

// cached is how many verified tokens are remembered before all are forgotten.
const cached = 4096

func newSigner() (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key that signs tokens: %w", err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding the key that signs tokens: %w", err)
	}
	sum := sha256.Sum256(public)
	return &signer{key: key, id: base64.RawURLEncoding.EncodeToString(sum[:20]), verified: map[[sha256.Size]byte]*Claims{}}, nil
}

func (s *signer) sign(c Claims) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodES256, c)
	t.Header["kid"], t.Header["x5t"] = s.id, s.id
	signed, err := t.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return signed, nil
}

var errExpired = errors.New("the token has expired")

// verify checks signature and times. A token found good once is looked up
// afterwards, so a busy data plane does not pay for the curve on every call.
func (s *signer) verify(token string, now time.Time) (*Claims, error) {
	digest := sha256.Sum256([]byte(token))
	s.mu.Lock()
	c := s.verified[digest]
	s.mu.Unlock()
	if c == nil {
		c = &Claims{}
		_, err := jwt.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return &s.key.PublicKey, nil },
			jwt.WithValidMethods([]string{"ES256"}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
		if err != nil {
			return nil, fmt.Errorf("checking a token: %w", err)
		}
		s.mu.Lock()
		if len(s.verified) >= cached {
			clear(s.verified)
		}
		s.verified[digest] = c
		s.mu.Unlock()
	}
	if c.ExpiresAt == nil || !now.Before(c.ExpiresAt.Time) {
		return nil, errExpired
	}
	if c.NotBefore != nil && now.Add(clockSkew).Before(c.NotBefore.Time) {
		return nil, errors.New("the token is not valid yet")
	}
	return c, nil
}

// clockSkew is how far clocks may differ, as Entra ID allows.
const clockSkew = 5 * time.Minute

// jwks is the public half, as a JSON Web Key Set.
func (s *signer) jwks(issuer string) any {
	public, _ := s.key.PublicKey.Bytes() // uncompressed point: 4, X, Y
	coordinate := func(b []byte) string {
		return base64.RawURLEncoding.EncodeToString(new(big.Int).SetBytes(b).FillBytes(make([]byte, 32)))
	}
	return map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "use": "sig", "kid": s.id, "x5t": s.id, "alg": "ES256", "crv": "P-256",
		"x": coordinate(public[1:33]), "y": coordinate(public[33:65]), "issuer": issuer,
	}}}
}

// unique makes a token's own id.
func unique() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// guid makes a random GUID for correlation.
func guid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
