package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/azptu/azptu/internal/route"
)

func contract(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestContractIsRead(t *testing.T) {
	c, err := Parse([]byte(contract(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Backends[0]; got.Auth.Token != ManagedIdentity || got.Capacity != 100 || got.Model != "gpt-4o" || got.Endpoint.Host != "contoso-eastus.openai.azure.com" {
		t.Errorf("first backend: %+v", got)
	}
	if got := c.Backends[1].Auth.Key; got.String() != "file:/run/secrets/westus" {
		t.Errorf("second backend's key is %v", got)
	}
	if c.Logs.Retention != 30*24*time.Hour || c.Logs.Bodies != FullBodies || c.Products[0].Bodies != FullBodies {
		t.Errorf("logs: %+v", c.Logs)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Message, "westus-standard is not given") {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

// What the contract says are defaults are defaults.
func TestDefaultsMayBeLeftOut(t *testing.T) {
	whole := contract(t)
	short, _, _ := strings.Cut(whole, "# with defaults")
	a, errA := Parse([]byte(whole))
	b, errB := Parse([]byte(short))
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if diff := cmp.Diff(a, b, cmpopts.EquateComparable(), cmpopts.IgnoreFields(Fault{}, "Line")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFaultIsToldWithItsPath(t *testing.T) {
	base := contract(t)
	cases := []struct{ name, old, new, path, message string }{
		{"unknown key", "listen:", "lisen:", "lisen", `did you mean "listen"`},
		{"unknown nested key", "priority: 1}", "prority: 1}", "pools[0].members[0].prority", `did you mean "priority"`},
		{"version", "version: 1", "version: 2", "version", "expected 1"},
		{"no version", "version: 1\n", "", "version", "expected 1"},
		{"secret written down", `"env:TEAM_A_KEY"`, `"hunter2"`, "keys[0].secret", "by reference"},
		{"empty reference", `"env:TEAM_A_KEY"`, `"env:"`, "keys[0].secret", "by reference"},
		{"bad hash", `secret: "env:TEAM_A_KEY"`, `hash: "sha256:12"`, "keys[0].hash", "64 hexadecimal"},
		{"secret and hash", `secret: "env:TEAM_A_KEY"`, `secret: "env:A", hash: "sha256:` + strings.Repeat("0", 64) + `"`, "keys[0]", "exactly one"},
		{"unknown backend", "backend: eastus-ptu", "backend: eastus", "pools[0].members[0].backend", "no backend"},
		{"backend twice", "backend: westus-standard", "backend: eastus-ptu", "pools[0].members[1].backend", "twice"},
		{"unknown pool", "pools: [gpt-4o]", "pools: [gpt-5]", "products[0].pools[0]", "no pool"},
		{"unknown product", "product: chat", "product: talk", "keys[0].product", "no product"},
		{"name taken", "name: westus-standard", "name: eastus-ptu", "backends[1].name", "taken"},
		{"no kind", "    kind: standard\n", "", "backends[1].kind", "missing"},
		{"standard that is provisioned", "kind: standard", "kind: standard\n    sku: ProvisionedManaged", "backends[1].sku", "billed by the token"},
		{"provisioned that is not", "sku: ProvisionedManaged", "sku: Standard", "backends[0].sku", "no provisioned SKU"},
		{"no capacity", "    capacity: 100 ", "    # ", "backends[0].capacity", "missing"},
		{"negative capacity", "capacity: 450", "capacity: -1", "backends[1].capacity", "at least 0"},
		{"endpoint with a path", "https://contoso-westus.openai.azure.com", "https://contoso-westus.openai.azure.com/openai", "backends[1].endpoint", "root"},
		{"endpoint with a user", "https://contoso-westus", "https://me:pw@contoso-westus", "backends[1].endpoint", "without user"},
		{"no auth", "    auth: {key: \"file:/run/secrets/westus\"}\n", "", "backends[1].auth", "missing"},
		{"two ways to sign in", "{managedIdentity: {}}", "{managedIdentity: {}, entra: {}}", "backends[0].auth", "exactly one"},
		{"bad duration", "open: 15s", "open: soon", "breaker.open", "duration"},
		{"bad share", "budget: 0.2", "budget: 2", "retry.budget", "0 to 1"},
		{"bad word", "strategy: priority", "strategy: random", "pools[0].strategy", "one of"},
		{"admin not on loopback", "admin: 127.0.0.1:8081", "admin: 0.0.0.0:8081", "admin", "loopback"},
		{"two listeners on one port", "admin: 127.0.0.1:8081", "admin: 127.0.0.1:8080", "admin", "taken by listen"},
		{"port under a wildcard", "listen: 127.0.0.1:8080", "listen: 0.0.0.0:8081", "admin", "taken by listen"},
		{"no address", "listen: 127.0.0.1:8080", "listen: here", "listen", "host:port"},
		{"proxy", "trustedProxies: []", "trustedProxies: [nginx]", "trustedProxies[0]", "address or a prefix"},
		{"header", "keyHeader: api-key", "keyHeader: Authorization", "keyHeader", "cannot carry"},
		{"half a certificate", "tls: {}", "tls: {cert: a.pem}", "tls", "go together"},
		{"policy", "policies: []", "policies: [{file: a.xml}]", "policies[0]", "not run"},
		{"key given twice", "boundary: region", "boundary: region\nboundary: none", "boundary", "given twice"},
		{"list for an object", "retry: {attempts: 3, budget: 0.2, maxWait: 10s}", "retry: [1]", "retry", "expected keys and values"},
		{"bodies beyond the logs'", "class: interactive", "bodies: full\n    class: interactive", "products[0].bodies", "say less"},
		{"sink without a kind", "retention: 30d", "retention: 30d, sinks: [{name: a, endpoint: \"https://x\"}]", "logs.sinks[0].kind", "missing"},
		{"sink without a rule", "retention: 30d", "retention: 30d, sinks: [{name: a, kind: workspace, endpoint: \"https://x\", rule: mine}]", "logs.sinks[0].rule", "immutable id"},
		{"sink without a database", "retention: 30d", "retention: 30d, sinks: [{name: a, kind: adx, endpoint: \"https://x\"}]", "logs.sinks[0].database", "missing"},
		{"sink named like a path", "retention: 30d", "retention: 30d, sinks: [{name: ../a, kind: adx, database: d, endpoint: \"https://x\"}]", "logs.sinks[0].name", "letters"},
		{"sink of lines", "retention: 30d", "retention: 30d, format: lines, sinks: [{name: a, kind: adx, database: d, endpoint: \"https://x\"}]", "logs.sinks", "no other format"},
		{"document in itself", "telemetry: {otlp: \"\"}", "telemetry: &t {otlp: *t}", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(base, c.old, c.new, 1)
			if c.name == "bodies beyond the logs'" {
				text = strings.Replace(text, "bodies: full, retention", "bodies: none, retention", 1)
			}
			if text == base {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse([]byte(text))
			var invalid *Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("accepted (%v)", err)
			}
			for _, f := range invalid.Faults {
				if (c.path == "" || f.Path == c.path) && strings.Contains(f.Message, c.message) {
					return
				}
			}
			t.Errorf("want %s: %s; got\n%v", c.path, c.message, err)
		})
	}
}

func TestFaultsAreToldTogether(t *testing.T) {
	text := strings.NewReplacer("version: 1", "version: 9", "open: 15s", "open: soon", "product: chat", "product: x").Replace(contract(t))
	_, err := Parse([]byte(text))
	var invalid *Invalid
	if !errors.As(err, &invalid) || len(invalid.Faults) != 3 {
		t.Fatalf("want three faults, got %v", err)
	}
	for _, f := range invalid.Faults {
		if f.Line == 0 {
			t.Errorf("%s has no line", f.Path)
		}
	}
}

func TestBoundaryIsWatched(t *testing.T) {
	text := strings.Replace(contract(t), "    kind: standard\n", "    kind: standard\n    region: westus\n", 1)
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Message, "never spills over to westus-standard") {
		t.Errorf("warnings: %v", c.Warnings)
	}
	c, err = Parse([]byte(strings.Replace(text, "boundary: region", "boundary: data-zone", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Pools[0].Boundary != route.WithinZone || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Message, "may leave the data boundary of its first choice: westus-standard") {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

// Use of days and months is noted beside the records, or where the file says;
// where it would be forgotten, check says so.
func TestQuotasHaveAPlace(t *testing.T) {
	const daily = "    limits: {tokensPerDay: 5, tokensPerMinute: 100000,"
	text := strings.Replace(contract(t), "    limits: {tokensPerMinute: 100000,", daily, 1)
	for _, c := range []struct{ logs, extra, want, warning string }{
		{"logs: {dir: ./logs", "", "logs/quotas.json", ""},
		{"logs: {dir: ./logs", "\nquotaFile: /var/lib/azptu/q.json\n", "/var/lib/azptu/q.json", ""},
		{`logs: {dir: ""`, "", "", "a restart forgets"},
	} {
		parsed, err := Parse([]byte(strings.Replace(text, "logs: {dir: ./logs", c.logs, 1) + c.extra))
		if err != nil {
			t.Fatal(err)
		}
		warned := ""
		for _, w := range parsed.Warnings {
			if w.Path == "quotaFile" {
				warned = w.Message
			}
		}
		if filepath.ToSlash(parsed.QuotaFile) != c.want || (warned != "") != (c.warning != "") || !strings.Contains(warned, c.warning) {
			t.Errorf("%+v: %q, warned %q", c, parsed.QuotaFile, warned)
		}
	}
}

func TestSecretsAreNotRepeated(t *testing.T) {
	_, err := Parse([]byte(strings.Replace(contract(t), `"env:TEAM_A_KEY"`, `"s3cr3t-value"`, 1)))
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("the fault repeats what may be a secret: %v", err)
	}
}

// What is no configuration at all is refused in a few words.
func TestFaultsAreTellable(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, text := range []string{long, long + ": 1", "boundary: " + long, "version: 1\n" + strings.Repeat("x: 1\n", 1<<12), "listen: {" + long + ": 1}"} {
		var invalid *Invalid
		if _, err := Parse([]byte(text)); !errors.As(err, &invalid) || len(err.Error()) > 1<<16 {
			t.Errorf("%.20s…: %d bytes of faults", text, len(err.Error()))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(contract(f)))
	f.Add([]byte("version: 1\nbackends: &a [*a]"))
	f.Add([]byte("a: &a [1]\nb: &b [*a,*a]\nc: [*b,*b]"))
	f.Add([]byte("{}"))
	f.Add([]byte("- 1"))
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		if (c == nil) == (err == nil) {
			t.Errorf("config %v, error %v", c != nil, err)
		}
	})
}
