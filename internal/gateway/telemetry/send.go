package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// sender posts messages to a collector. What the collector refuses for the
// moment is sent again while the time allows; what fails is told once and then
// forgotten, so that a collector that is down costs no more than that.
type sender struct {
	endpoint  *url.URL
	header    http.Header
	transport http.RoundTripper
	log       *slog.Logger
	failing   atomic.Bool
}

const (
	firstPause = time.Second // doubled each time
	tries      = 4
	maxAnswer  = 64 << 10
)

// send posts one message below the endpoint. Its failure is no error to the
// SDK, which would tell of it on the standard error stream.
func (s *sender) send(ctx context.Context, path string, m proto.Message) {
	err := s.post(ctx, path, m)
	switch {
	case err != nil && s.failing.CompareAndSwap(false, true):
		s.log.Warn("telemetry cannot be sent; it is dropped until it can", "endpoint", s.endpoint.Redacted(), "error", err)
	case err == nil && s.failing.CompareAndSwap(true, false):
		s.log.Info("telemetry is sent again", "endpoint", s.endpoint.Redacted())
	}
}

func (s *sender) post(ctx context.Context, path string, m proto.Message) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	if _, err := zip.Write(raw); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	pause := firstPause
	for n := 1; ; n++ {
		asked, again, err := s.once(ctx, path, body.Bytes())
		if err == nil || !again || n == tries {
			return err
		}
		timer := time.NewTimer(max(pause, asked))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
		pause *= 2
	}
}

// once posts a message once. again tells whether it may work later, wait how
// long the collector wants to be left alone.
func (s *sender) once(ctx context.Context, path string, body []byte) (wait time.Duration, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	for name, values := range s.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	res, err := s.transport.RoundTrip(req)
	if err != nil {
		return 0, true, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
		if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
			wait = time.Duration(min(seconds, 3600)) * time.Second
		}
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return wait, again, fmt.Errorf("the collector answered %s", res.Status)
	}
	return 0, false, nil
}

// spanSender is the sender as otlptrace wants it. A TracesData message and the
// collector's request have the same form on the wire.
type spanSender struct{ *sender }

func (s spanSender) Start(context.Context) error { return nil }
func (s spanSender) Stop(context.Context) error  { return nil }

func (s spanSender) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	s.send(ctx, "v1/traces", &tracepb.TracesData{ResourceSpans: spans})
	return nil
}
