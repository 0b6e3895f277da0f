// Package trace writes down the HTTP talk with Azure for --debug=http: method,
// address, headers, bodies, status and time, with every secret masked. Bodies
// it cannot read as JSON or as a form are told by their size alone, so that
// nothing leaks through a shape it does not know.
package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mask is what stands for a secret.
const Mask = "***"

// maxBody is how much of a body is looked at; longer ones are told by size.
const maxBody = 64 << 10

// Transport passes requests to Base and writes both sides to Out.
type Transport struct {
	Base http.RoundTripper
	Out  io.Writer
	Now  func() time.Time

	mu sync.Mutex // keeps one exchange's lines together
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "> %s %s\n", r.Method, Address(r.URL))
	headers(&text, "> ", r.Header)
	if r.Body != nil && r.Body != http.NoBody {
		var shown string
		r = r.Clone(r.Context())
		r.Body, shown = peek(r.Body, r.Header.Get("Content-Type"))
		fmt.Fprintf(&text, "> %s\n", shown)
	}
	begun := t.Now()
	resp, err := t.Base.RoundTrip(r)
	took := t.Now().Sub(begun).Round(time.Millisecond)
	if err != nil {
		fmt.Fprintf(&text, "< %v (%v)\n\n", err, took)
		t.write(text.Bytes())
		return nil, err
	}
	fmt.Fprintf(&text, "< %s (%v)\n", resp.Status, took)
	headers(&text, "< ", resp.Header)
	if resp.Body != nil {
		var shown string
		resp.Body, shown = peek(resp.Body, resp.Header.Get("Content-Type"))
		if shown != "" {
			fmt.Fprintf(&text, "< %s\n", shown)
		}
	}
	text.WriteByte('\n')
	t.write(text.Bytes())
	return resp, nil
}

func (t *Transport) write(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.Out.Write(p) // a trace that cannot be written must not fail the request
}

var secretHeaders = []string{"authorization", "api-key", "ocp-apim-subscription-key", "x-identity-header", "x-ms-authorization-auxiliary", "cookie", "set-cookie", "proxy-authorization"}

func headers(w io.Writer, prefix string, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			switch folded := strings.ToLower(name); {
			case slices.Contains(secretHeaders, folded):
				scheme, _, found := strings.Cut(value, " ")
				if value = Mask; found && strings.EqualFold(scheme, "Bearer") {
					value = scheme + " " + Mask
				}
			case folded == "location" || folded == "azure-asyncoperation" || folded == "operation-location":
				if u, err := url.Parse(value); err == nil {
					value = Address(u)
				}
			}
			fmt.Fprintf(w, "%s%s: %s\n", prefix, name, value)
		}
	}
}

// Address is u with its secret query values and user info masked. Resource
// Manager signs the addresses of operations in t, c, s and h.
func Address(u *url.URL) string {
	shown := *u
	if u.User != nil {
		shown.User = url.User(Mask)
	}
	if q := u.Query(); len(q) > 0 {
		for name := range q {
			switch strings.ToLower(name) {
			case "sig", "code", "token", "s", "h", "t", "c", "key", "secret", "client_secret":
				q[name] = []string{Mask}
			}
		}
		shown.RawQuery = strings.ReplaceAll(q.Encode(), url.QueryEscape(Mask), Mask)
	}
	return shown.String()
}

// peek shows a body and returns one that reads the same.
func peek(body io.ReadCloser, contentType string) (io.ReadCloser, string) {
	head, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	rest := io.Reader(body)
	if err != nil {
		rest = failed{err}
	}
	whole := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), body}
	switch {
	case len(head) == 0:
		return whole, ""
	case len(head) > maxBody:
		return whole, fmt.Sprintf("[%s, more than %d bytes]", contentType, maxBody)
	}
	return whole, Body(head, contentType)
}

type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// Body is a JSON or form body with its secrets masked, or its size.
func Body(raw []byte, contentType string) string {
	switch {
	case strings.Contains(contentType, "json"):
		var value any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if decoder.Decode(&value) == nil {
			if out, err := json.Marshal(maskJSON(value)); err == nil {
				return string(out)
			}
		}
	case strings.Contains(contentType, "x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(raw)); err == nil {
			for name := range form {
				if secretField(name) {
					form[name] = []string{Mask}
				}
			}
			return strings.ReplaceAll(form.Encode(), url.QueryEscape(Mask), Mask)
		}
	}
	return fmt.Sprintf("[%s, %d bytes]", contentType, len(raw))
}

func maskJSON(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if text, ok := inner.(string); ok && text != "" && secretField(name) {
				v[name] = Mask
				continue
			}
			v[name] = maskJSON(inner)
		}
	case []any:
		for i := range v {
			v[i] = maskJSON(v[i])
		}
	}
	return value
}

// secretField tells names of fields that hold secrets: what Entra, Cognitive
// Services keys and connection strings are called.
func secretField(name string) bool {
	folded := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
	switch folded {
	case "key1", "key2", "key", "code", "assertion", "primarykey", "secondarykey", "apikey", "idtoken":
		return true
	}
	for _, part := range []string{"secret", "password", "accesstoken", "refreshtoken", "clientassertion", "connectionstring", "sharedkey"} {
		if strings.Contains(folded, part) {
			return true
		}
	}
	return false
}
