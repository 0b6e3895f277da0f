package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/atomicfile"
	"github.com/azptu/azptu/internal/azure/arm"
)

// Gateway shifts traffic by the admin API of a running gateway.
type Gateway struct {
	Address string // host:port of the admin API
	HTTP    *http.Client
	Old     string         // its name for the old deployment
	To      arm.Deployment // the new one
	// File is where the gateway's configuration is kept, "" when that is
	// nobody's business: what is taken into service is written there too, so
	// that a gateway that starts anew goes on where it was.
	File string
}

// ErrGateway says that the gateway does not do what it was asked.
var ErrGateway = errors.New("the gateway refused")

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// Config is the configuration in service and its tag.
func (g *Gateway) Config(ctx context.Context) (text []byte, etag string, err error) {
	raw, header, err := g.call(ctx, http.MethodGet, "/v1/config", "", nil)
	return raw, header.Get("ETag"), err
}

// attempts is how often a change is tried when somebody else changes the
// configuration at the same time.
const attempts = 5

// change rewrites the configuration in service, if that changes anything.
func (g *Gateway) change(ctx context.Context, rewrite func([]byte) ([]byte, error)) error {
	for n := 1; ; n++ {
		text, etag, err := g.Config(ctx)
		if err != nil {
			return err
		}
		next, err := rewrite(text)
		if err != nil {
			return err
		}
		if !bytes.Equal(next, text) {
			_, _, err = g.call(ctx, http.MethodPut, "/v1/config", etag, next)
			if errors.Is(err, errStale) && n < attempts {
				continue
			}
			if err != nil {
				return err
			}
		}
		return g.keep(next)
	}
}

// Shift implements Traffic.
func (g *Gateway) Shift(ctx context.Context, share float64) error {
	return g.change(ctx, func(text []byte) ([]byte, error) { return Reweigh(text, g.Old, g.To, share) })
}

// Forget implements Traffic.
func (g *Gateway) Forget(ctx context.Context) error {
	return g.change(ctx, func(text []byte) ([]byte, error) { return Forget(text, g.Old) })
}

// Health implements Traffic by the gateway's own counters.
func (g *Gateway) Health(ctx context.Context) (Health, error) {
	text, _, err := g.Config(ctx)
	if err != nil {
		return Health{}, err
	}
	fresh := g.To.DeploymentRef.Deployment
	if name, err := Backend(text, g.To.DeploymentRef, "", ""); err == nil {
		fresh = name
	}
	raw, _, err := g.call(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return Health{}, err
	}
	return Health{Old: sideOf(raw, g.Old), New: sideOf(raw, fresh)}, nil
}

// keep writes the configuration to its file, whole or not at all. The file stays
// its owner's, with the rights that it has.
func (g *Gateway) keep(text []byte) error {
	if g.File == "" {
		return nil
	}
	if now, err := os.ReadFile(g.File); err == nil && bytes.Equal(now, text) {
		return nil
	}
	err := atomicfile.Rewrite(g.File, text)
	if errors.Is(err, fs.ErrNotExist) {
		err = atomicfile.Write(g.File, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the gateway's configuration: %w", err)
	}
	return nil
}

// errStale says that somebody else changed the configuration meanwhile.
var errStale = errors.New("the configuration in service is another one")

func (g *Gateway) call(ctx context.Context, method, path, etag string, body []byte) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+g.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("asking the gateway: %w", err)
	}
	if etag != "" {
		req.Header.Set("If-Match", etag)
	}
	resp, err := g.HTTP.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("asking the gateway: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("reading the gateway's answer: %w", err)
	case resp.StatusCode == http.StatusPreconditionFailed:
		return nil, nil, errStale
	case resp.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("%w: %s %s: %d %.300s", ErrGateway, method, path, resp.StatusCode, strings.Join(strings.Fields(string(raw)), " "))
	}
	return raw, resp.Header, nil
}

// sideOf reads the counters of one backend out of the gateway's metrics.
func sideOf(metrics []byte, backend string) Side {
	var s Side
	seconds := 0.0
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, labels, v, ok := sample(lines.Text())
		if !ok || labels["backend"] != backend {
			continue
		}
		good := labels["status"] == "200"
		switch name {
		case "azptu_gateway_backend_attempts_total":
			s.Attempts += int64(v)
		case "azptu_gateway_backend_refused_total":
			s.Refused += int64(v)
		case "azptu_gateway_backend_broken_total":
			s.Broken += int64(v)
		case "azptu_gateway_requests_total":
			s.count(labels["status"], int64(v))
		}
		switch {
		case good && name == "azptu_gateway_tokens_total" && labels["type"] == "completion":
			s.Completion += int64(v)
		case good && name == "azptu_gateway_request_duration_seconds_sum":
			seconds += v
		}
	}
	s.Took = time.Duration(seconds * float64(time.Second))
	return s
}

// count takes over what clients were answered. A refusal of the request itself
// counts as a failure: a new model may not take what the old one took.
func (s *Side) count(status string, n int64) {
	switch {
	case status == "200":
		s.Answered += n
	case strings.HasPrefix(status, "4") && status != "429" && status != "499":
		s.Broken += n
	}
}

// sample reads one line of the Prometheus text format that has labels. The
// gateway's names hold no quotes and no commas.
func sample(line string) (name string, labels map[string]string, v float64, ok bool) {
	name, rest, found := strings.Cut(line, "{")
	end := strings.LastIndexByte(rest, '}')
	if !found || end < 0 || !strings.HasPrefix(name, "azptu_gateway_") {
		return "", nil, 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(rest[end+1:]), 64)
	labels = map[string]string{}
	for _, pair := range strings.Split(rest[:end], ",") {
		key, text, _ := strings.Cut(pair, "=")
		labels[key] = strings.Trim(text, `"`)
	}
	return name, labels, v, err == nil
}
