package entra

import (
	"crypto/sha1" // the thumbprint that clients name a certificate by
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/emulator/state"
)

// assertionTime is the longest life of a client assertion that is taken.
const assertionTime = 24 * time.Hour

// signedByCertificate tells whether an assertion says that the key of a
// certificate signed it, and gives the certificate's thumbprint.
func signedByCertificate(assertion string) (thumbprint string, is bool) {
	t, _, err := jwt.NewParser().ParseUnverified(assertion, jwt.MapClaims{})
	if err != nil {
		return "", false
	}
	alg, _ := t.Header["alg"].(string)
	if !strings.HasPrefix(alg, "RS") && !strings.HasPrefix(alg, "PS") {
		return "", false
	}
	for _, name := range []string{"x5t#S256", "x5t", "kid"} {
		if v, _ := t.Header[name].(string); v != "" {
			return v, true
		}
	}
	return "", true
}

// certified judges an assertion that is signed with the key of one of the
// client's certificates: who it is about, who it is for and when.
func (s *Service) certified(p state.Principal, tenant, thumbprint, assertion string) *fault {
	var claims jwt.RegisteredClaims
	for _, der := range p.Certificates {
		certificate, err := x509.ParseCertificate(der)
		if err != nil || !named(der, thumbprint) {
			continue
		}
		now := s.config.Now()
		_, err = jwt.ParseWithClaims(assertion, &claims, func(*jwt.Token) (any, error) { return certificate.PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}), jwt.WithTimeFunc(s.config.Now), jwt.WithLeeway(clockSkew),
			jwt.WithExpirationRequired(), jwt.WithIssuer(p.ClientID), jwt.WithSubject(p.ClientID))
		switch {
		case err != nil || claims.ExpiresAt.After(now.Add(assertionTime)) || now.After(certificate.NotAfter):
			return &fault{http.StatusUnauthorized, "invalid_client", 700027, "The client assertion failed signature validation or is expired."}
		case !s.forUs(tenant, claims.Audience):
			return &fault{http.StatusUnauthorized, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."}
		}
		return nil
	}
	return &fault{http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '" + shown(thumbprint) + "', Please visit the Azure Portal to see the application's certificates.]"}
}

// named tells whether a thumbprint is a certificate's: its SHA-1 or SHA-256, in
// base64 or hex, as clients write them.
func named(der []byte, thumbprint string) bool {
	short, long := sha1.Sum(der), sha256.Sum256(der)
	for _, sum := range [][]byte{short[:], long[:]} {
		if thumbprint == base64.RawURLEncoding.EncodeToString(sum) || strings.TrimRight(thumbprint, "=") == base64.RawStdEncoding.EncodeToString(sum) || strings.EqualFold(thumbprint, hex.EncodeToString(sum)) {
			return true
		}
	}
	return false
}

// shown is a thumbprint as far as it is one.
func shown(thumbprint string) string {
	if raw, err := base64.RawURLEncoding.DecodeString(thumbprint); err == nil && len(raw) <= sha256.Size {
		return strings.ToUpper(hex.EncodeToString(raw))
	}
	return ""
}

// forUs tells whether an assertion is for this token service.
func (s *Service) forUs(tenant string, audience jwt.ClaimStrings) bool {
	for _, a := range audience {
		rest, ours := strings.CutPrefix(strings.ToLower(a), strings.ToLower(s.config.Authority)+"/")
		at, path, _ := strings.Cut(rest, "/")
		if ours && (at == tenant || at == "adfs" || at == "common" || at == "organizations") && (path == "" || path == "v2.0" || path == "oauth2/token" || path == "oauth2/v2.0/token") {
			return true
		}
	}
	return false
}
