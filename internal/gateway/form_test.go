package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func scanForm(t testing.TB, text string, step int) (*formScanner, error) {
	t.Helper()
	s := &formScanner{mark: []byte("\n--B")}
	for at := 0; at < len(text); at += step {
		if err := s.write([]byte(text[at:min(at+step, len(text))])); err != nil {
			return s, err
		}
		if len(s.pending) > maxPartHeader+len(s.mark)+step {
			t.Fatalf("%d bytes are held", len(s.pending))
		}
	}
	return s, nil
}

func part(name, value string) string {
	return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func TestFormsAreFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		form, model string
		err         error
	}{
		"first":                  {part("model", "whisper") + part("file", "abc") + "--B--\r\n", "whisper", nil},
		"behind a file":          {part("file", strings.Repeat("\r\n--", 3000)) + part("model", "whisper") + "--B--", "whisper", nil},
		"with preamble and end":  {"preamble\r\n" + part("model", "m") + "--B--\r\nepilogue --B", "m", nil},
		"unquoted":               {"--B\r\ncontent-disposition:form-data;name=model\r\nContent-Type: text/plain\r\n\r\nm\r\n--B--", "m", nil},
		"empty part before":      {part("x", "") + part("model", "m") + "--B--", "m", nil},
		"none":                   {part("file", "name=\"model\"\r\n\r\nm") + "--B--", "", nil},
		"none yet":               {part("file", "abc"), "", nil},
		"empty":                  {"", "", nil},
		"twice":                  {part("model", "m") + part("file", "abc") + part("model", "n") + "--B--", "m", errModelTwice},
		"no value":               {part("model", "") + "--B--", "", errModelSize},
		"lax empty part, hidden": {"--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n" + part("model", "evil") + part("model", "m") + "--B--", "evil", errModelTwice},
		"lax empty model":        {"--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n--B--", "", errModelSize},
		"too long":               {part("model", strings.Repeat("m", 257)) + "--B--", "", errModelSize},
		"far too long":           {part("model", strings.Repeat("m", 100000)), "", errModelSize},
		"bare line feeds":        {strings.ReplaceAll(part("model", "m"), "\r", "") + "--B--", "", errPart},
		"blanks behind the mark": {"--B \r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--B--", "", errPart},
		"a longer mark":          {part("file", "abc\r\n--Bx") + "--B--", "", errPart},
		"folded header":          {"--B\r\nContent-Disposition: form-data;\r\n name=\"model\"\r\n\r\nm\r\n--B--", "", errPart},
		"two dispositions":       {"--B\r\nContent-Disposition: form-data; name=x\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--B--", "", errPart},
		"no header":              {"--B\r\n\r\nm\r\n--B--", "", errPart},
		"endless header":         {"--B\r\nX: " + strings.Repeat("x", 9000), "", errPart},
	} {
		for _, step := range []int{1, 2, 3, 7, 100, 1 << 20} {
			s, err := scanForm(t, c.form, step)
			if s.model != c.model || !errors.Is(err, c.err) {
				t.Errorf("%s in pieces of %d: model %q, %v", name, step, s.model, err)
			}
			if s.model != "" && c.form[s.modelAt.from:s.modelAt.to] != s.model {
				t.Errorf("%s in pieces of %d: the model is not at %v", name, step, s.modelAt)
			}
		}
	}
}

// FuzzForm: where a form is accepted, Go's own reader finds the same model in
// it and no other, and pieces make no difference.
func FuzzForm(f *testing.F) {
	f.Add([]byte(part("file", "abc")+part("model", "m")+"--B--\r\n"), 3)
	f.Add([]byte("--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"+part("model", "m")+"--B--"), 1)
	f.Add([]byte(part("model", "m")+part("model", "n")), 5)
	f.Fuzz(func(t *testing.T, form []byte, step int) {
		whole, err := scanForm(t, string(form), len(form)+1)
		pieces, errPieces := scanForm(t, string(form), max(step, 1))
		if whole.model != pieces.model || !errors.Is(err, errPieces) && (err == nil) != (errPieces == nil) {
			t.Fatalf("model %q, %v whole; %q, %v in pieces", whole.model, err, pieces.model, errPieces)
		}
		if err != nil || !whole.over {
			return
		}
		r := multipart.NewReader(bytes.NewReader(form), "B")
		seen := ""
		for {
			p, err := r.NextRawPart()
			if err != nil {
				break
			}
			if p.FormName() == "model" {
				value, err := io.ReadAll(p)
				if err != nil {
					break
				}
				if seen != "" {
					t.Fatalf("a second model %q after %q", value, seen)
				}
				seen = string(value)
			}
		}
		if seen != "" && seen != whole.model {
			t.Fatalf("Go finds the model %q, we %q", seen, whole.model)
		}
	})
}

func TestFormsNameTheModel(t *testing.T) {
	type heard struct{ model, file, path string }
	got := make(chan heard, 10)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(64 << 20); err != nil {
			panic(http.ErrAbortHandler) // the gateway gave the upload up
		}
		h := heard{model: strings.Join(r.MultipartForm.Value["model"], ","), path: r.URL.Path}
		if files := r.MultipartForm.File["file"]; len(files) > 0 {
			file, _ := files[0].Open()
			n, _ := io.Copy(io.Discard, file)
			h.file = fmt.Sprint(n)
		}
		got <- h
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"text":"spoken"}`)
	})
	b := newBench(t, "sizes: {body: 64KiB, upload: 8MiB}\n", u)
	form := func(fields ...string) (string, string) {
		var text bytes.Buffer
		m := multipart.NewWriter(&text)
		for i := 0; i+1 < len(fields); i += 2 {
			if fields[i] == "file" {
				w, _ := m.CreateFormFile("file", "a.wav")
				_, _ = w.Write(make([]byte, len(fields[i+1])))
			} else {
				_ = m.WriteField(fields[i], fields[i+1])
			}
		}
		m.Close()
		return text.String(), m.FormDataContentType()
	}
	short, long := strings.Repeat("x", 20<<10), strings.Repeat("x", 4<<20)
	for name, c := range map[string]struct {
		fields  []string
		chunked bool
		status  int
		want    heard
	}{
		"model first":                    {fields: []string{"model", "gpt-4o", "file", long}, status: 200, want: heard{"dep0", "4194304", "/openai/v1/audio/transcriptions"}},
		"model first, chunked":           {fields: []string{"model", "gpt-4o", "file", long}, chunked: true, status: 200, want: heard{"dep0", "4194304", "/openai/v1/audio/transcriptions"}},
		"file first, short":              {fields: []string{"file", short, "model", "gpt-4o", "language", "pt"}, status: 200, want: heard{"dep0", "20480", "/openai/v1/audio/transcriptions"}},
		"file first, too long to hold":   {fields: []string{"file", long, "model", "gpt-4o"}, status: 413},
		"no model":                       {fields: []string{"file", short}, status: 400},
		"another's model":                {fields: []string{"model", "secret-deployment", "file", short}, status: 404},
		"a second model behind the file": {fields: []string{"model", "gpt-4o", "file", long, "model", "secret-deployment"}, chunked: true, status: 400},
		"larger than uploads may be":     {fields: []string{"model", "gpt-4o", "file", long, "file", long, "file", long}, chunked: true, status: 413},
	} {
		t.Run(name, func(t *testing.T) {
			text, kind := form(c.fields...)
			r := b.request(t, "POST", "/openai/v1/audio/transcriptions", text, "Content-Type", kind)
			if c.chunked {
				r.ContentLength = -1
				r.Body = io.NopCloser(io.MultiReader(strings.NewReader(text)))
			}
			res, answer, err := do(r)
			if c.status == 200 && (err != nil || res.StatusCode != 200) || res != nil && res.StatusCode != c.status {
				t.Fatalf("%v %v %s", err, res, answer)
			}
			if c.status == 200 {
				if h := <-got; h != c.want {
					t.Errorf("the backend heard %+v, want %+v", h, c.want)
				}
			}
		})
	}
}

// Uploads that their clients spoil say nothing about the backend.
func TestSpoiledUploadsDoNotOpenTheBreaker(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
	})
	b := newBench(t, "sizes: {upload: 1KiB}\ntimeouts: {idle: 50ms}\nbreaker: {failures: 2, window: 30s, open: 15s}\n", u)
	for range 4 {
		r := b.request(t, "POST", "/openai/v1/files", "", "Content-Type", "application/octet-stream")
		r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(strings.Repeat("x", 64<<10)))
		if res, _, err := do(r); err == nil && res.StatusCode != 413 {
			t.Errorf("too long: %v", res)
		}
		stalls, err := net.Dial("tcp", b.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = stalls.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(stalls, "POST /openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: 500\r\n\r\nsome", testKey)
		if answer, _ := io.ReadAll(stalls); strings.HasPrefix(string(answer), "HTTP/1.1 2") {
			t.Errorf("a client that stopped sending was told %s", answer)
		}
		stalls.Close()
	}
	for i := 0; b.metrics.inFlight.Load() > 0 && i < 500; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if s := b.State().Backends[0]; s.Breaker != "closed" || s.Broken != 0 {
		t.Errorf("%+v", s)
	}
}
