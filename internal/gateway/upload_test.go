package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bodyReader hides what a body is, so that its length is not known, and may be
// slow.
type bodyReader struct {
	pieces []string
	pause  time.Duration
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if len(b.pieces) == 0 {
		return 0, io.EOF
	}
	time.Sleep(b.pause)
	n := copy(p, b.pieces[0])
	if b.pieces[0] = b.pieces[0][n:]; b.pieces[0] == "" {
		b.pieces = b.pieces[1:]
	}
	return n, nil
}

// sendUpload sends pieces as one file.
func sendUpload(t *testing.T, b *bench, pause time.Duration, pieces ...string) (*http.Response, string) {
	t.Helper()
	r := b.request(t, "POST", "/openai/v1/files", "", "Content-Type", "application/octet-stream")
	r.ContentLength, r.Body = -1, io.NopCloser(&bodyReader{pieces, pause})
	if pause == 0 {
		r.ContentLength = int64(len(strings.Join(pieces, "")))
	}
	res, text, err := do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res, text
}

// An upload that is small is tried elsewhere when a backend fails or is full; a
// large one only while nothing of it has been read.
func TestUploadsAreTriedAgainWhereTheyCanBe(t *testing.T) {
	takes := func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, string(raw[:5])+" of "+byteCount(int64(len(raw))))
	}
	small, large := strings.Repeat("small", 200), strings.Repeat("large", 13<<10)
	readsSome := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 500))
		reset(hijack(w))
	}
	for name, c := range map[string]struct {
		first    http.HandlerFunc
		url      string
		size     string
		pause    time.Duration
		status   int
		want     string
		attempts int
	}{
		"small, broken":              {first: fails(503, `{}`), size: small, status: 200, want: "small of 1000 bytes", attempts: 2},
		"small, full":                {first: refuses("retry-after-ms", "40000"), size: small, status: 200, want: "small of 1000 bytes", attempts: 2},
		"small, cut":                 {first: readsSome, size: small, status: 200, want: "small of 1000 bytes", attempts: 2},
		"small, length unknown":      {first: fails(500, `{}`), size: small, pause: time.Millisecond, status: 200, want: "small of 1000 bytes", attempts: 2},
		"large, nobody there":        {url: "http://127.0.0.1:1", size: large, status: 200, want: "large of 65 KiB", attempts: 2},
		"large, unknown, no name":    {url: "http://no-such-host.invalid", size: large, pause: time.Millisecond, status: 200, want: "large of 65 KiB", attempts: 2},
		"large, broken when it came": {first: fails(503, `{"error":{"code":"503","message":"down"}}`), size: large, status: 503, want: `{"error":{"code":"503","message":"down"}}`, attempts: 1},
		"large, full when it came":   {first: refuses("retry-after-ms", "40000"), size: large, status: 429, want: "at its limit", attempts: 1},
		"large, cut":                 {first: readsSome, size: large, status: 502, want: "BackendFailed", attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			first := newUpstream(t, answers)
			if c.first != nil {
				first = newUpstream(t, c.first)
			}
			if c.url != "" {
				first.URL = c.url
			}
			b := newBench(t, "sizes: {held: 2KiB, body: 1KiB}\n", first, newUpstream(t, takes))
			res, text := sendUpload(t, b, c.pause, c.size)
			if res.StatusCode != c.status || !strings.Contains(text, c.want) {
				t.Errorf("%d %s", res.StatusCode, text)
			}
			if rec := b.log.next(t, 0); rec.Attempts != c.attempts || rec.Status != c.status {
				t.Errorf("%+v", rec)
			}
		})
	}
}

// A form that is held is sent to each backend with that backend's name for the
// model.
func TestFormsAreTriedAgainUnderTheOtherName(t *testing.T) {
	second := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(w, r.FormValue("model")+" "+r.FormValue("language"))
	})
	b := newBench(t, "", newUpstream(t, fails(500, `{}`)), second)
	const form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o\r\n--x\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\npt\r\n--x--\r\n"
	res, text, err := b.post(t, "/openai/v1/audio/transcriptions", form, "Content-Type", "multipart/form-data; boundary=x")
	if err != nil || res.StatusCode != 200 || text != "dep1 pt" {
		t.Errorf("%v %v %s", err, res, text)
	}
}

// How long an upload takes counts neither as the backend's silence, nor does the
// backend's work after it count as the client's.
func TestSlowUploadsAndSlowAnswers(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		if n < 100 {
			time.Sleep(1200 * time.Millisecond)
		}
		_, _ = io.WriteString(w, byteCount(n))
	})
	pieces := make([]string, 20)
	for i := range pieces {
		pieces[i] = strings.Repeat("x", 200)
	}
	b := newBench(t, "timeouts: {firstByte: 700ms, idle: 10s}\nsizes: {held: 1KiB}\n", u)
	if res, text := sendUpload(t, b, 100*time.Millisecond, pieces...); res.StatusCode != 200 || text != "4000 bytes" {
		t.Errorf("an upload of two seconds: %d %s", res.StatusCode, text)
	}
	b = newBench(t, "timeouts: {firstByte: 10s, idle: 500ms}\nsizes: {held: 64}\n", u)
	for name, piece := range map[string]string{"held": "little", "passed on": strings.Repeat("x", 90)} {
		if res, text := sendUpload(t, b, 0, piece); res.StatusCode != 200 {
			t.Errorf("%s: a second of work: %d %s", name, res.StatusCode, text)
		}
	}
}
