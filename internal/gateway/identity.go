package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// ManagedIdentity is a TokenSource for the identity of the machine: of an App
// Service, function or container app when the environment names its endpoint,
// else of a virtual machine or node. Other ways to sign in are passed to Next.
type ManagedIdentity struct {
	Getenv func(string) string
	Client http.RoundTripper
	Now    func() time.Time
	Next   TokenSource // nil: there is no other way
}

// imds is the metadata service of virtual machines; its address is the same on
// each of them.
const imds = "http://169.254.169.254"

// Token gets a token for a resource.
func (m ManagedIdentity) Token(ctx context.Context, how config.Auth, resource string) (Token, error) {
	if how.Token != config.ManagedIdentity {
		if m.Next == nil {
			return Token{}, errors.New("there is no other way to sign in than managed identity")
		}
		return m.Next.Token(ctx, how, resource)
	}
	req, err := m.request(ctx, how.ClientID, resource)
	if err != nil {
		return Token{}, err
	}
	res, err := m.Client.RoundTrip(req)
	if err != nil {
		return Token{}, fmt.Errorf("asking for the managed identity: %w", err)
	}
	defer res.Body.Close()
	var doc struct {
		Token   string      `json:"access_token"`
		Expires json.Number `json:"expires_on"`
		Lasts   json.Number `json:"expires_in"`
		Error   string      `json:"error"`
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return Token{}, fmt.Errorf("asking for the managed identity: %w", err)
	}
	decodeErr := json.Unmarshal(raw, &doc)
	switch {
	case res.StatusCode != http.StatusOK:
		return Token{}, fmt.Errorf("the managed identity was refused with %s (%.100q)", res.Status, doc.Error)
	case decodeErr != nil || doc.Token == "":
		return Token{}, errors.New("the answer of the managed identity's endpoint holds no token")
	}
	if at, err := strconv.ParseInt(doc.Expires.String(), 10, 64); err == nil {
		return Token{doc.Token, time.Unix(at, 0)}, nil
	}
	if seconds, err := strconv.ParseInt(doc.Lasts.String(), 10, 64); err == nil {
		return Token{doc.Token, m.Now().Add(time.Duration(seconds) * time.Second)}, nil
	}
	return Token{}, errors.New("the managed identity's token does not say when it ends")
}

func (m ManagedIdentity) request(ctx context.Context, clientID, resource string) (*http.Request, error) {
	query := url.Values{"resource": {resource}}
	if clientID != "" {
		query.Set("client_id", clientID)
	}
	address, header, value := "", "Metadata", "true"
	if endpoint := m.Getenv("IDENTITY_ENDPOINT"); endpoint != "" {
		query.Set("api-version", "2019-08-01")
		address, header, value = endpoint, "X-Identity-Header", m.Getenv("IDENTITY_HEADER")
	} else {
		query.Set("api-version", "2018-02-01")
		root := imds
		if other := m.Getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST"); other != "" {
			root = strings.TrimSuffix(other, "/")
		}
		address = root + "/metadata/identity/oauth2/token"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the managed identity: %w", err)
	}
	req.Header.Set(header, value)
	return req, nil
}
