package arm

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// readBody reads the body of an answer that the pipeline has downloaded.
func readBody(resp *http.Response) ([]byte, error) { return runtime.Payload(resp) }

// poller is what Operation needs of the SDK's pollers.
type poller interface {
	Done() bool
	Poll(context.Context) (*http.Response, error)
	ResumeToken() (string, error)
	finish(context.Context) error
}

type sdkPoller[T any] struct{ *runtime.Poller[T] }

func (p sdkPoller[T]) finish(ctx context.Context) error {
	_, err := p.Result(ctx)
	return err
}

// Operation is long-running work that Resource Manager has accepted.
type Operation struct {
	client *Client
	poller poller
	begun  time.Time
}

// Progress is what is known of an operation while it runs.
type Progress struct {
	Status  string        // Resource Manager's word, e.g. InProgress, Updating
	Elapsed time.Duration // since Follow's client saw it accepted
}

// begin wraps the two results of the SDK's Begin… functions.
func begin[T any](c *Client, p *runtime.Poller[T], err error) (*Operation, error) {
	if err != nil {
		return nil, newError(err)
	}
	return &Operation{client: c, poller: sdkPoller[T]{p}, begun: c.options.Now()}, nil
}

// Done tells whether nothing is left to wait for.
func (o *Operation) Done() bool { return o.poller.Done() }

// Waits between two looks when the answer names none.
const (
	firstWait = time.Second
	longWait  = 10 * time.Second
)

// Follow waits until the operation ends and calls progress, unless nil, after
// every look. It waits as Retry-After says, else from one second up to ten.
// When ctx is cancelled the operation goes on in Azure; Token picks it up.
func (o *Operation) Follow(ctx context.Context, progress func(Progress)) error {
	wait, failures := firstWait, 0
	for !o.poller.Done() {
		resp, err := o.poller.Poll(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// The pipeline has tried again already. One look lost is not the
			// operation lost, so a few more are worth it.
			if failures++; failures > 3 || !passing(newError(err)) {
				return operationError(err)
			}
			if err := o.client.options.Sleep(ctx, longWait); err != nil {
				return err
			}
			continue
		}
		failures = 0
		if progress != nil {
			progress(Progress{Status: status(resp), Elapsed: o.client.options.Now().Sub(o.begun)})
		}
		if o.poller.Done() {
			break
		}
		pause := retryAfter(resp.Header)
		if pause == 0 {
			pause, wait = wait, min(wait*3/2, longWait)
		}
		if err := o.client.options.Sleep(ctx, min(pause, time.Minute)); err != nil {
			return err
		}
	}
	if err := o.poller.finish(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return operationError(err)
	}
	return nil
}

func passing(err error) bool {
	switch KindOf(err) {
	case Network, Unavailable, Throttled:
		return true
	}
	return false
}

// operationError marks an error that came after the request was accepted.
func operationError(err error) error {
	mapped := newError(err)
	var e *Error
	if errors.As(mapped, &e) && e.Kind != Network && e.Kind != Unavailable && e.Kind != SignIn {
		e.Operation = true
	}
	return mapped
}

// status reads the state out of an operation's or a resource's body.
func status(resp *http.Response) string {
	raw, err := readBody(resp)
	if err != nil {
		return ""
	}
	var body struct {
		Status     string `json:"status"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return ""
	}
	if body.Status == "" {
		body.Status = body.Properties.ProvisioningState
	}
	return oneLine(body.Status)
}

// Token is a text by which Resume picks the operation up again, also from
// another process or machine. It holds addresses, no secret of the caller.
// It is "" for an operation that is done.
func (o *Operation) Token() string {
	raw, err := o.poller.ResumeToken()
	if err != nil {
		return ""
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return ""
	}
	if _, err := io.WriteString(w, raw); err != nil || w.Close() != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(packed.Bytes())
}

// errToken is what every unreadable token is told by.
var errToken = errors.New("this is not the token of an operation")

// maxToken bounds what a token may unpack to.
const maxToken = 64 << 10

func unpackToken(token string) (string, error) {
	packed, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil {
		return "", errToken
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxToken+1))
	if err != nil || len(raw) > maxToken {
		return "", errToken
	}
	return string(raw), nil
}

// ignored is the answer of a resumed operation; its name is in the token.
type ignored struct{}

// UnmarshalJSON takes whatever the operation answers.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

// Resume picks up the operation that token names. A token that points away
// from this cloud's Resource Manager is refused.
func (c *Client) Resume(token string) (*Operation, error) {
	raw, err := unpackToken(token)
	if err != nil {
		return nil, &Error{Kind: Validation, Message: err.Error()}
	}
	var fields struct {
		Token map[string]any `json:"token"`
	}
	if json.Unmarshal([]byte(raw), &fields) != nil || len(fields.Token) == 0 {
		return nil, &Error{Kind: Validation, Message: errToken.Error()}
	}
	for _, value := range fields.Token {
		if address, ok := value.(string); ok && strings.Contains(address, "://") {
			if err := c.ours(address); err != nil {
				return nil, &Error{Kind: Validation, Message: fmt.Sprintf("%v: %v", errToken, err)}
			}
		}
	}
	// The token carries the name of the answer's type. What an operation
	// answers is not used, so it is read as plain JSON whatever it was.
	var whole map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &whole); err != nil {
		return nil, &Error{Kind: Validation, Message: errToken.Error()}
	}
	whole["type"] = json.RawMessage(`"ignored"`)
	plain, err := json.Marshal(whole)
	if err != nil {
		return nil, &Error{Kind: Validation, Message: errToken.Error()}
	}
	p, err := runtime.NewPollerFromResumeToken[ignored](string(plain), c.raw.Pipeline(), nil)
	if err != nil {
		return nil, &Error{Kind: Validation, Message: errToken.Error(), err: err}
	}
	return begin(c, p, nil)
}
