package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/azptu/azptu/internal/gateway/config"
)

// Secrets finds what a configuration only names.
type Secrets struct {
	Getenv func(string) string
	Tokens TokenSource       // for key vaults; nil when there is none
	Client http.RoundTripper // for key vaults
}

// keyVault is the resource that tokens for vaults are for, by the vault's domain.
func keyVault(host string) string {
	_, domain, ok := strings.Cut(host, ".")
	if !ok {
		domain = "vault.azure.net"
	}
	return "https://" + domain
}

const maxSecret = 64 << 10

// Find returns the secret that s names. Errors name the reference, never the
// secret.
func (f Secrets) Find(ctx context.Context, s config.Secret) (string, error) {
	var value string
	var err error
	switch s.Scheme {
	case "env":
		if f.Getenv != nil {
			value = f.Getenv(s.Name)
		}
	case "file":
		value, err = readSecret(s.Name)
	case "keyvault":
		value, err = f.vault(ctx, s.Name)
	default:
		return "", fmt.Errorf("no secret is named")
	}
	if err != nil {
		return "", fmt.Errorf("reading secret %s: %w", s, err)
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return "", fmt.Errorf("secret %s is empty or not set", s)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("secret %s holds line breaks or control characters", s)
	}
	return value, nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecret))
	return string(raw), err
}

func (f Secrets) vault(ctx context.Context, address string) (string, error) {
	if f.Tokens == nil || f.Client == nil {
		return "", errors.New("no sign-in for key vaults is set up")
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	token, err := f.Tokens.Token(ctx, config.Auth{Token: config.EntraDefault}, keyVault(u.Host))
	if err != nil {
		return "", err
	}
	u.RawQuery = "api-version=7.4"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token.Value)
	res, err := f.Client.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the vault answered %s", res.Status)
	}
	var doc struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxSecret)).Decode(&doc); err != nil {
		return "", fmt.Errorf("the vault's answer: %w", err)
	}
	return doc.Value, nil
}
