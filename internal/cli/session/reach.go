package session

import (
	"cmp"
	"context"
	"net/http"

	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/openai"
)

func userAgent(env *verb.Env) string { return "azptu-" + cmp.Or(env.Build.Version, "dev") }

// Metrics is Azure Monitor for the accounts of a region.
func (s *Session) Metrics(region string) (*monitor.Client, error) { return s.metrics(region) }

// HTTP is a client that trusts what the cloud's file says, without a sign-in.
func (s *Session) HTTP() *http.Client {
	return &http.Client{Transport: s.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Private is as HTTP, but what goes through it is never shown by --debug: it
// carries what people say.
func (s *Session) Private() *http.Client {
	client := s.HTTP()
	client.Transport = s.private
	return client
}

// ManagementToken signs in and returns the token that Resource Manager takes.
func (s *Session) ManagementToken(ctx context.Context) (string, error) {
	return s.token(ctx, s.Cloud.Audience)
}

// DataAudience is what tokens of the data plane are for.
func (s *Session) DataAudience() string {
	switch s.Cloud.Name {
	case "usgov":
		return "https://cognitiveservices.azure.us"
	case "china":
		return "https://cognitiveservices.azure.cn"
	}
	return "https://cognitiveservices.azure.com"
}

// SignedIn authorizes calls of the data plane by the caller's own identity.
func (s *Session) SignedIn() openai.Authorizer {
	return func(ctx context.Context, header http.Header) error {
		token, err := s.token(ctx, s.DataAudience())
		if err == nil {
			header.Set("Authorization", "Bearer "+token)
		}
		return err
	}
}
