package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// Token is an access token and when it ends.
type Token struct {
	Value   string
	Expires time.Time
}

// TokenSource signs in for backends and key vaults. Implementations need not
// cache: the gateway does.
type TokenSource interface {
	// Token gets a token for a resource such as
	// "https://cognitiveservices.azure.com".
	Token(ctx context.Context, how config.Auth, resource string) (Token, error)
}

// cognitiveServices is the resource that data-plane tokens are for.
const cognitiveServices = "https://cognitiveservices.azure.com"

const (
	renewAhead  = 5 * time.Minute  // a token is renewed so long before it ends
	renewRetry  = 10 * time.Second // pause after a renewal that failed while the old token is good
	signInLimit = 30 * time.Second // longest a sign-in may take
)

// tokenCache keeps one token and renews it ahead of its end: once, however
// many calls want it, and without making them wait while the old one is good.
type tokenCache struct {
	source   TokenSource
	how      config.Auth
	resource string
	now      func() time.Time

	mu      sync.Mutex
	token   Token
	header  []string // "Bearer …", made once for every request
	again   time.Time
	running chan struct{} // closed when the sign-in under way is over
	err     error
}

// bearer returns the Authorization header's value.
func (c *tokenCache) bearer(ctx context.Context) ([]string, error) {
	for {
		c.mu.Lock()
		now := c.now()
		good := now.Before(c.token.Expires)
		if good && now.Before(c.again) {
			header := c.header
			c.mu.Unlock()
			return header, nil
		}
		if c.running == nil {
			c.running = make(chan struct{})
			go c.renew(c.running)
		}
		running, header := c.running, c.header
		c.mu.Unlock()
		if good {
			return header, nil
		}
		select {
		case <-running:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a token: %w", context.Cause(ctx))
		}
		c.mu.Lock()
		good, header, err := c.now().Before(c.token.Expires), c.header, c.err
		c.mu.Unlock()
		if good {
			return header, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (c *tokenCache) renew(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), signInLimit)
	defer cancel()
	token, err := c.source.Token(ctx, c.how, c.resource)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	switch {
	case err != nil:
		c.err, c.again = fmt.Errorf("signing in for %s: %w", c.resource, err), now.Add(renewRetry)
	case !token.Expires.After(now):
		c.err, c.again = fmt.Errorf("signing in for %s: the token has already expired; is the clock right?", c.resource), now.Add(renewRetry)
	default:
		c.token, c.header, c.err = token, []string{"Bearer " + token.Value}, nil
		ahead := min(renewAhead, token.Expires.Sub(now)/2)
		c.again = token.Expires.Add(-ahead)
	}
	c.running = nil
	close(done)
}

// reject forgets a token that a backend did not accept, unless a newer one is
// here already.
func (c *tokenCache) reject(header []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(header) > 0 && len(c.header) > 0 && &header[0] == &c.header[0] {
		c.token, c.again = Token{}, time.Time{}
	}
}
