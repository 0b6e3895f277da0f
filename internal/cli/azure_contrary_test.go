package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
)

// contrary is a Resource Manager that says something else than the emulator
// behind it: an answer of its own for some paths, a changed one for others.
type contrary struct {
	next *httputil.ReverseProxy
	said atomic.Pointer[objection]
}

// objection is what it says instead.
type objection struct {
	path   *regexp.Regexp // of METHOD and path
	status int            // with body: answered instead of what answers to path
	body   string
	change func(string) string // of what answers to path
}

func (o *objection) meets(r *http.Request) bool {
	return o != nil && o.path.MatchString(r.Method+" "+r.URL.Path)
}

func newContrary(t *testing.T, emu *emulator.Server) *contrary {
	t.Helper()
	target, err := url.Parse(emu.Endpoints.ArmURL)
	if err != nil {
		t.Fatal(err)
	}
	c := &contrary{next: httputil.NewSingleHostReverseProxy(target)}
	c.next.Transport = emu.Client().Transport
	c.next.ModifyResponse = func(resp *http.Response) error {
		o := c.said.Load()
		if !o.meets(resp.Request) || o.change == nil {
			return nil
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		text := o.change(string(raw))
		resp.Body = io.NopCloser(bytes.NewReader([]byte(text)))
		resp.ContentLength = int64(len(text))
		resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
		return err
	}
	return c
}

func (c *contrary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o := c.said.Load(); o.meets(r) && o.status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(o.status)
		_, _ = io.WriteString(w, o.body)
		return
	}
	c.next.ServeHTTP(w, r)
}

// says makes it answer so to what matches path.
func (c *contrary) says(path string, status int, body string) {
	c.said.Store(&objection{path: regexp.MustCompile(path), status: status, body: body})
}

// changes makes it replace what matches in answers to path.
func (c *contrary) changes(path, pattern, text string) {
	p := regexp.MustCompile(pattern)
	c.said.Store(&objection{path: regexp.MustCompile(path), change: func(s string) string { return p.ReplaceAllString(s, text) }})
}

const refusal = `{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization to perform action 'x'."}}`

// Each verdict of the doctor, where what it meets contradicts what was
// published or remembered.
func TestDoctorMeetsTheContrary(t *testing.T) {
	emu, err := emulator.Start(t.Context(), emulator.Config{TrueDates: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close(context.Background()) })
	c := newContrary(t, emu)
	cloud := cloudOf(t, emu, c)
	soon, past := time.Now().AddDate(0, 0, 10).Format("2006-01-02"), time.Now().AddDate(0, 0, -10).Format("2006-01-02")
	models := `locations/eastus/models$`
	for _, one := range []struct {
		name          string
		set           func()
		shift         time.Duration // of this machine's clock
		check, status string
		says          string
		hint          string
	}{
		{"nothing", func() { c.says("^$", 0, "") }, 0, "catalog", "ok", "answers what is published", ""},
		{"a clock two minutes ahead", func() {}, 2 * time.Minute, "clock", "warning", "2m", "NTP"},
		{"a clock ten minutes behind", func() {}, -10 * time.Minute, "clock", "failed", "tokens will be refused", "NTP"},
		{"figures a month younger", func() {}, -60 * 24 * time.Hour, "catalog-age", "ok", "days", ""},
		{"figures a year older", func() {}, 300 * 24 * time.Hour, "catalog-age", "warning", "days ago", "--catalog"},
		{"a provider that is not registered", func() { c.says("providers/Microsoft.CognitiveServices$", 200, `{"registrationState":"NotRegistered"}`) }, 0, "provider", "failed", "NotRegistered", "az provider register"},
		{"a provider nobody may read", func() { c.says("providers/Microsoft.CognitiveServices$", 403, refusal) }, 0, "provider", "skipped", "could not be read", ""},
		{"a disabled subscription", func() { c.changes("GET /subscriptions$", `"state": *"Enabled"`, `"state":"Disabled"`) }, 0, "subscription", "failed", "Disabled", ""},
		{"no subscription", func() { c.says("GET /subscriptions$", 200, `{"value":[]}`) }, 0, "subscription", "failed", "sees no subscription", "Reader"},
		{"another subscription", func() {
			c.changes("GET /subscriptions$", `"subscriptionId": *"[^"]*"`, `"subscriptionId":"11111111-1111-1111-1111-111111111111"`)
		}, 0, "subscription", "failed", "does not see subscription", "set-subscription"},
		{"subscriptions nobody may list", func() { c.says("GET /subscriptions$", 403, refusal) }, 0, "subscription", "failed", "cannot be listed", ""},
		{"rights to read", func() {
			c.says("Authorization/permissions$", 200, `{"value":[{"actions":["*/read"],"notActions":[],"dataActions":["*"]}]}`)
		}, 0, "permissions", "warning", "deployments/write; reading works", "Contributor"},
		{"rights to nothing", func() { c.says("Authorization/permissions$", 200, `{"value":[]}`) }, 0, "permissions", "failed", "accounts/read", "Reader"},
		{"rights to all but calls", func() { c.says("Authorization/permissions$", 200, `{"value":[{"actions":["*"]}]}`) }, 0, "permissions", "warning", "key can stand in", "OpenAI User"},
		{"rights nobody may read", func() { c.says("Authorization/(permissions|roleAssignments)$", 403, refusal) }, 0, "permissions", "skipped", "cannot be read", ""},
		{"no accounts", func() { c.says("CognitiveServices/accounts$", 200, `{"value":[]}`) }, 0, "accounts", "warning", "no account", "account create"},
		{"an account that does not answer", func() {
			c.changes("CognitiveServices/accounts$", `"(endpoint|OpenAI Language Model Instance API|AI Foundry API)": *"[^"]*"`, `"$1":"https://127.0.0.1:1/"`)
		}, 0, "endpoints", "failed", "does not answer", "firewall"},
		{"no quota rows", func() { c.says("usages$", 200, `{"value":[]}`) }, 0, "quota", "warning", "No PTU quota", "stuquotarequest"},
		{"quota nobody may read", func() { c.says("usages$", 403, refusal) }, 0, "quota", "warning", "cannot be read", "Usages Reader"},
		{"quota used up", func() { c.changes("usages$", `"limit": *\d+`, `"limit":100`) }, 0, "quota", "warning", "100 of 100", "stuquotarequest"},
		{"another step", func() { c.changes(models, `"step": *\d+`, `"step":7`) }, 0, "catalog", "warning", "+7 ≠ ", "--catalog"},
		{"models nobody may read", func() { c.says(models, 403, refusal) }, 0, "catalog", "skipped", "did not say", ""},
		{"metrics nobody may read", func() { c.says("metrics:getBatch$", 403, refusal) }, 0, "metrics", "warning", "not allowed", "Monitoring Reader"},
		{"a date moved nearer", func() {
			c.changes(models, `"(inference|deprecationDate)": *"20\d\d-[^"]*"`, `"$1":"`+soon+`T00:00:00Z"`)
		}, 0, "retirements", "warning", "stops on " + soon, "azptu deployment migrate"},
		{"a date moved into the past", func() {
			c.changes(models, `"(inference|deprecationDate)": *"20\d\d-[^"]*"`, `"$1":"`+past+`T00:00:00Z"`)
		}, 0, "retirements", "failed", "retired on " + past, "azptu deployment migrate"},
	} {
		t.Run(one.name, func(t *testing.T) {
			one.set()
			code, out, talk := playAt(t, cloud, func() time.Time { return time.Now().Add(one.shift) }, "doctor", "-o", "json")
			var findings []struct {
				Check, Status, Message string
				Hint                   *string
			}
			if err := json.Unmarshal([]byte(out), &findings); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, talk)
			}
			found, failed := "", false
			for _, f := range findings {
				failed = failed || f.Status == "failed"
				hint := ""
				if f.Hint != nil {
					hint = *f.Hint
				}
				if f.Check == one.check {
					found += f.Status + ": " + f.Message + " → " + hint + "\n"
				}
				if f.Check == one.check && f.Status == one.status && strings.Contains(f.Message, one.says) && strings.Contains(hint, one.hint) {
					found = ""
					break
				}
			}
			if found != "" {
				t.Errorf("%s should be %s with %q and %q:\n%s", one.check, one.status, one.says, one.hint, found)
			}
			if one.status == "failed" && code != 1 || failed != (code == 1) && one.status == "failed" {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
