package examples

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// scenario is a Poisson load on one of the examples.
type scenario struct {
	File       string
	Load       float64       // of the provisioned throughput; of the pay-as-you-go quota where there is none
	Real, Told time.Duration // depth of the deployments' buckets, and what the gateway believes of it
	RealUsual  int           // completion that deployments assume of calls without a maximum
	ToldUsual  int           // and the gateway
	Blind      bool          // without prediction
	Calls      int
}

// seen is what came of it.
type seen struct {
	Statuses map[int]int
	Backends map[string]int     // calls served
	Spilled  int                // calls that no provisioned deployment served
	Paid     int                // of them, those that one had refused first
	Refused  int                // refusals in all, those of calls that another provisioned deployment served included
	Moved    int                // calls that another backend served than the first that was asked, or the same later
	Used     map[string]float64 // share of the throughput of a provisioned deployment
}

const (
	prompts     = 1800 // bytes, about, of a prompt: from half of it to three and a half times
	completions = 200  // tokens, on average
)

// question is one call of the load.
type question struct {
	body       []byte
	completion int
	weight     float64 // in normalized tokens, roughly
	tokens     float64 // as pay-as-you-go counts them on arrival, roughly
}

var syllables = strings.Fields("pro vi sion ed through put is a num ber of to kens per mi nute that was paid for in ad vance and can be used by")

func ask(random *rand.Rand, n int, ratio float64) question {
	length := prompts/2 + random.IntN(prompts)*3
	var text strings.Builder
	for text.Len() < length {
		text.WriteString(syllables[random.IntN(len(syllables))])
		text.WriteByte(' ')
	}
	completion := completions/2 + random.IntN(completions)
	limit := ""
	tokens := float64(text.Len()) / 4
	q := question{completion: completion, weight: tokens + ratio*float64(completion)}
	if n%3 > 0 { // two of three say how much they want at most
		most := completion + random.IntN(2*completions)
		limit = fmt.Sprintf(`,"max_tokens":%d`, most)
		q.tokens = tokens + float64(most)
	} else {
		q.tokens = tokens + 256
	}
	q.body = fmt.Appendf(nil, `{"messages":[{"role":"user","content":"%d %s"}]%s}`, n, text.String(), limit)
	return q
}

// scenarioVariable and resultVariable tell a process what to play and where to
// leave what came of it.
const (
	scenarioVariable = "AZPTU_EXAMPLES_SCENARIO"
	resultVariable   = "AZPTU_EXAMPLES_RESULT"
)

// run plays the scenario in time and in a process of its own: memory that is
// used again, timers within it, must not pass from one time to another.
func (s scenario) run(t *testing.T) (out seen) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	result := filepath.Join(t.TempDir(), "result.json")
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestScenarioAlone$", "-test.timeout=30m")
	cmd.Env = append(os.Environ(), scenarioVariable+"="+string(raw), resultVariable+"="+result)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if raw, err = os.ReadFile(result); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestScenarioAlone is the process that run starts; by itself it has nothing to
// play.
func TestScenarioAlone(t *testing.T) {
	raw := os.Getenv(scenarioVariable)
	if raw == "" {
		return
	}
	var s scenario
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	var out seen
	synctest.Test(t, func(t *testing.T) { out = s.play(t, string(example)) })
	if raw, err := json.Marshal(out); err != nil || os.WriteFile(os.Getenv(resultVariable), raw, 0o600) != nil {
		t.Fatal("the result cannot be left: ", err)
	}
}

// configure is the example with what the gateway is told about buckets.
func (s scenario) configure(text string) string {
	told := fmt.Sprintf("prediction: {enabled: %v, bucketSeconds: %d, defaultCompletion: %d}", !s.Blind, int(s.Told/time.Second), s.ToldUsual)
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "prediction:") && !strings.HasPrefix(line, "logs:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "") + told + "\nlogs: {bodies: none}\n"
}

// signIn gives tokens of the tenant that the first account belongs to.
type signIn struct{}

// tenant is what it signs in with.
const tenant = "token of the first tenant"

func (signIn) Token(context.Context, config.Auth, string) (gateway.Token, error) {
	return gateway.Token{Value: tenant, Expires: time.Now().Add(24 * time.Hour)}, nil
}

func (s scenario) play(t *testing.T, example string) seen {
	text := s.configure(example)
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	world := newCloud(t, c, admit.Parameters{Window: s.Real, DefaultCompletion: s.RealUsual})
	env := map[string]string{"TEAM_A_KEY": "team-a", "REPORTS_KEY": "reports",
		"SECOND_SUBSCRIPTION_KEY": "key of contoso-westus.openai.azure.com", "THIRD_SUBSCRIPTION_KEY": "key of contoso-centralus.openai.azure.com"}
	transport, book := world.transport(t), &book{}
	g, err := gateway.New(t.Context(), c, []byte(text), gateway.Options{
		Now: time.Now, Getenv: func(n string) string { return env[n] }, Tokens: signIn{}, Sink: book,
		Wrap: func(http.RoundTripper) http.RoundTripper { return transport },
	})
	if err != nil {
		t.Fatal(err)
	}
	line := make(chan net.Conn)
	serveLine(t, line, g)
	client := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialLine(ctx, line) }, MaxIdleConnsPerHost: 1000}
	t.Cleanup(client.CloseIdleConnections)
	began := time.Now()
	out := s.drive(t, c, client)
	g.Close(t.Context()) // so that every record is there
	out.judge(s, c, world, book.calls, began)
	return out
}

// book keeps what the gateway recorded.
type book struct{ calls []call.Call }

func (b *book) Append(calls []*call.Call) error {
	for _, c := range calls {
		b.calls = append(b.calls, *c)
	}
	return nil
}

// drive sends the calls, at random, at the rate of the load.
func (s scenario) drive(t *testing.T, c *config.Config, client *http.Transport) seen {
	model, _ := catalog.Builtin().Model("gpt-4o")
	throughput, _ := model.EffectiveThroughput()
	random := rand.New(rand.NewPCG(uint64(s.Calls), 11))
	rate, quota := 0.0, 0.0 // a second
	for _, b := range c.Backends {
		if b.Kind == config.PTU {
			rate += throughput.PerSecond(b.Capacity)
		} else {
			quota += 1000 * float64(b.Capacity) / 60
		}
	}
	out := seen{Statuses: map[int]int{}, Backends: map[string]int{}, Used: map[string]float64{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	at := 0.0
	for n := range s.Calls {
		q := ask(random, n, throughput.OutputRatio)
		if rate > 0 {
			at += random.ExpFloat64() * q.weight / (rate * s.Load)
		} else {
			at += random.ExpFloat64() * q.tokens / (quota * s.Load)
		}
		time.Sleep(time.Until(began.Add(time.Duration(at * float64(time.Second)))))
		wg.Go(func() {
			status, backend := send(t, client, q)
			mu.Lock()
			defer mu.Unlock()
			out.Statuses[status]++
			out.Backends[backend]++
		})
	}
	wg.Wait()
	return out
}

func send(t *testing.T, client *http.Transport, q question) (status int, backend string) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://gateway/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", bytes.NewReader(q.body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	r.Header.Set("api-key", "team-a")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Emulator-Completion-Tokens", fmt.Sprint(q.completion))
	res, err := client.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header.Get("X-Azptu-Backend")
}

// judge reads from the records how much of their throughput the provisioned
// deployments did, and counts what spilled and who paid for it. The bucket of
// an idle deployment fills first; that time is left out.
func (o *seen) judge(s scenario, c *config.Config, world *cloud, calls []call.Call, began time.Time) {
	model, _ := catalog.Builtin().Model("gpt-4o")
	throughput, _ := model.EffectiveThroughput()
	o.Refused = world.refused
	from := began.Add(90 * time.Second)
	last := calls[len(calls)-1].At
	done := map[string]float64{}
	for _, c := range calls {
		if c.Kind == string(config.Standard) && c.Refused > 0 {
			o.Paid++
		}
		if c.Refused > 0 {
			o.Moved++
		}
		if c.At.After(from) {
			done[c.Backend] += throughput.Weigh(c.Prompt, c.Cached, c.Completion)
		}
	}
	for _, b := range c.Backends {
		if b.Kind == config.PTU {
			o.Used[b.Name] = done[b.Name] / (throughput.PerSecond(b.Capacity) * last.Sub(from).Seconds())
		} else {
			o.Spilled += o.Backends[b.Name]
		}
	}
}

// deep and shallow are what the deployments really do and what the gateway
// believes of them; neither knows of the other.
func shallow(s scenario) scenario {
	s.Real, s.Told, s.RealUsual, s.ToldUsual = 10*time.Second, 60*time.Second, 256, 128
	return s
}

func deep(s scenario) scenario {
	s.Real, s.Told, s.RealUsual, s.ToldUsual = 60*time.Second, 10*time.Second, 128, 256
	return s
}

// long is how many calls a scenario has: AZPTU_SOAK=1 makes it long.
func long(calls int) int {
	if os.Getenv("AZPTU_SOAK") != "" {
		return 10 * calls
	}
	return calls
}

// Provisioned throughput first: with a third more calls than it can take it
// stays in use, no client is refused, and hardly a call that goes elsewhere has
// paid for a refusal before.
func TestOverloadSpillsWithoutRefusals(t *testing.T) {
	for name, s := range map[string]scenario{
		"one region, buckets less deep than believed": shallow(scenario{File: "one-region.yaml", Calls: 800}),
		"one region, buckets deeper than believed":    deep(scenario{File: "one-region.yaml", Calls: 1200}),
		"regions":       shallow(scenario{File: "regions.yaml", Calls: 800}),
		"subscriptions": shallow(scenario{File: "subscriptions.yaml", Calls: 1600}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Load, s.Calls = 1.3, long(s.Calls)
			out := s.run(t)
			t.Logf("%+v", out)
			if out.Statuses[http.StatusOK] != s.Calls {
				t.Errorf("clients saw %v", out.Statuses)
			}
			for backend, used := range out.Used {
				if used < 0.95 {
					t.Errorf("%s was used to %.1f %%", backend, 100*used)
				}
			}
			if share := float64(out.Paid) / float64(out.Spilled); out.Spilled < s.Calls/20 || share >= 0.05 {
				t.Errorf("%.1f %% of %d calls that spilled paid for a refused attempt", 100*share, out.Spilled)
			}
		})
	}
}

// Without prediction the deployment is kept as full, but every call that spills
// pays.
func TestWithoutPredictionEverySpillPays(t *testing.T) {
	t.Parallel()
	s := shallow(scenario{File: "one-region.yaml", Load: 1.3, Blind: true, Calls: long(500)})
	out := s.run(t)
	if out.Statuses[http.StatusOK] != s.Calls || out.Spilled == 0 || out.Paid != out.Spilled || out.Used["eastus-ptu"] < 0.95 {
		t.Errorf("%+v", out)
	}
}

// What fits stays.
func TestWhatFitsIsNotSpilled(t *testing.T) {
	for name, s := range map[string]scenario{
		"one region, buckets less deep than believed": shallow(scenario{File: "one-region.yaml"}),
		"one region, buckets deeper than believed":    deep(scenario{File: "one-region.yaml"}),
		"regions":       shallow(scenario{File: "regions.yaml"}),
		"subscriptions": deep(scenario{File: "subscriptions.yaml"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Load, s.Calls = 0.7, long(300)
			if out := s.run(t); out.Statuses[http.StatusOK] != s.Calls || out.Spilled > 0 || out.Refused > 0 {
				t.Errorf("%+v", out)
			}
		})
	}
}

// Pay-as-you-go in two regions, for minutes beyond both quotas: what one refuses
// the other takes, or it waits; nobody is turned away, and both do their part.
func TestTwoQuotasAreUsedAlike(t *testing.T) {
	t.Parallel()
	s := shallow(scenario{File: "standard-with-retry.yaml", Load: 1.2, Calls: 440})
	out := s.run(t)
	t.Logf("%+v", out)
	if out.Statuses[http.StatusOK] != s.Calls {
		t.Errorf("clients saw %v", out.Statuses)
	}
	if least := s.Calls * 45 / 100; out.Backends["eastus"] < least || out.Backends["westus"] < least || out.Moved == 0 {
		t.Errorf("%d calls were moved; served by %v", out.Moved, out.Backends)
	}
}
