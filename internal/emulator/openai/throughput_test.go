package openai

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/admit"
)

// capped is a request whose estimate is the prompt and so many tokens.
func capped(maxTokens int, prompt string) string {
	return fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"max_tokens":%d}`, prompt, maxTokens)
}

// retryAfter reads the exact wait of a refusal.
func (r reply) retryAfter(t testing.TB) time.Duration {
	t.Helper()
	ms, err := strconv.Atoi(r.header.Get("retry-after-ms"))
	if err != nil {
		t.Fatalf("%d without retry-after-ms: %v %s", r.status, r.header, r.body)
	}
	seconds, err := strconv.Atoi(r.header.Get("retry-after"))
	if err != nil || seconds != max((ms+999)/1000, 1) {
		t.Errorf("retry-after %q beside %d ms", r.header.Get("retry-after"), ms)
	}
	return time.Duration(ms) * time.Millisecond
}

func TestAFullDeploymentTellsTheExactWait(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Parameters = admit.Parameters{Window: time.Second, DefaultCompletion: 100, AsOf: "test"}
	})
	random := rand.New(rand.NewPCG(5, 5))
	for round := range 20 {
		var refused reply
		for i := 0; ; i++ {
			refused = w.post(chatPath("small"), capped(4000, fmt.Sprintf("round %d call %d", round, i)), lengthHeader, strconv.Itoa(500+random.IntN(3500)))
			if refused.status != 200 {
				break
			}
			if i > 200 {
				t.Fatal("never full")
			}
		}
		if refused.status != 429 || text(refused.decode(t), "error", "code") != "429" {
			t.Fatalf("%d %s", refused.status, refused.body)
		}
		wait := refused.retryAfter(t)
		w.clock.advance(wait - 5*time.Millisecond)
		if wait > 5*time.Millisecond {
			if r := w.post(chatPath("small"), capped(10, "early")); r.status != 429 {
				t.Fatalf("round %d: 5 ms early answered %d after %v", round, r.status, wait)
			}
		}
		w.clock.advance(5 * time.Millisecond)
		if r := w.post(chatPath("small"), capped(10, "in time")); r.status != 200 {
			t.Fatalf("round %d: at the instant answered %d, %s more", round, r.status, r.header.Get("retry-after-ms"))
		}
		w.clock.advance(time.Duration(random.IntN(500)) * time.Millisecond)
	}
}

// TestAdmittedWorkNeverExceedsCapacity drives random traffic and holds what was
// admitted to what was bought: capacity × time and one burst, the bucket and
// the largest single call.
func TestAdmittedWorkNeverExceedsCapacity(t *testing.T) {
	for seed := range uint64(5) {
		params := admit.Parameters{Window: time.Duration(1+seed) * time.Second, DefaultCompletion: 200, AsOf: "test"}
		w := newWorld(t, func(c *Config) { c.Parameters = params })
		random := rand.New(rand.NewPCG(seed, 9))
		_, f := w.h.meterOf(w.dir.deployments["small"])
		rate := f.throughput.PerSecond(15)
		start := w.clock.Now()
		admitted, largest := 0.0, 0.0
		for i := range 400 {
			w.clock.advance(time.Duration(random.ExpFloat64() * float64(40*time.Millisecond)))
			maxTokens := 1 + random.IntN(6000)
			r := w.post(chatPath("small"), capped(maxTokens, strings.Repeat("word ", random.IntN(2000))+strconv.Itoa(i)), lengthHeader, strconv.Itoa(1+random.IntN(6000)))
			if r.status == 429 {
				continue
			}
			v := r.decode(t)
			weight := f.throughput.Weigh(number(v, "usage", "prompt_tokens"), number(v, "usage", "prompt_tokens_details", "cached_tokens"), number(v, "usage", "completion_tokens"))
			admitted, largest = admitted+weight, max(largest, weight)
			elapsed := w.clock.Now().Sub(start).Seconds()
			if bound := rate*elapsed + rate*params.Window.Seconds() + largest; admitted > bound+1 {
				t.Fatalf("seed %d: %.0f normalized tokens admitted in %.1f s, at most %.0f", seed, admitted, elapsed, bound)
			}
		}
		if admitted < rate*w.clock.Now().Sub(start).Seconds()/2 {
			t.Errorf("seed %d: only %.0f admitted, the traffic does not test the bound", seed, admitted)
		}
	}
}

func (w *world) utilization(deployment string) float64 {
	share, _ := w.h.Utilization("/deployments/" + deployment)
	return share
}

func TestTheChargeIsCorrectedToWhatWasUsed(t *testing.T) {
	w := newWorld(t, nil)
	_, f := w.h.meterOf(w.dir.deployments["ptu"])
	depth := f.throughput.PerSecond(100) * admit.Assumed().Window.Seconds()
	v := w.post(chatPath("ptu"), capped(16000, "hello"), lengthHeader, "100").decode(t)
	want := f.throughput.Weigh(number(v, "usage", "prompt_tokens"), 0, 100) / depth
	if got := w.utilization("ptu"); math.Abs(got-want) > 1e-9 {
		t.Errorf("utilization %v, used %v", got, want)
	}
	r := w.post(chatPath("ptu"), capped(16000, "hello"), lengthHeader, "100")
	if got := r.header.Get("azure-openai-deployment-utilization"); got != fmt.Sprintf("%.1f%%", 200*want) {
		t.Errorf("header says %q of %v", got, 2*want)
	}
	calls := w.calls.take()
	if last := calls[len(calls)-1]; last.Prompt == 0 || last.Completion != 100 || math.Abs(last.Utilization-2*want) > 1e-9 || last.Status != 200 {
		t.Errorf("observed %+v", last)
	}
}

func TestErrorsGiveCapacityBack(t *testing.T) {
	w := newWorld(t, nil)
	for _, body := range []string{
		`{"messages":[{"role":"user","content":"x"}],"max_tokens":10,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"$ref":"#"}}}}`,
		`{"messages":[{"role":"user","content":"x"}],"max_tokens":0}`,
		`{"messages":[{"role":"user","content":"x"}],"max_tokens":99999}`,
	} {
		if r := w.post(chatPath("ptu"), body); r.status != 400 {
			t.Errorf("%d %s", r.status, r.body)
		}
		if got := w.utilization("ptu"); got != 0 {
			t.Errorf("after %s: utilization %v", body, got)
		}
	}
}

func TestAClientThatLeavesFreesTheRestAtOnce(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Latency, c.Now = true, time.Now })
	_, f := w.h.meterOf(w.dir.deployments["ptu"])
	depth := f.throughput.PerSecond(100) * admit.Assumed().Window.Seconds()
	req, err := http.NewRequest("POST", w.srv.URL+chatPath("ptu"), strings.NewReader(strings.Replace(capped(16000, "leave me"), "{", `{"stream":true,`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("api-key", testKey)
	req.Header.Set(lengthHeader, "16000")
	res, err := w.srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	for n := 0; n < 6 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			n++
		}
	}
	full := f.throughput.Weigh(0, 0, 16000) / depth
	if got := w.utilization("ptu"); got < full/2 {
		t.Errorf("while it streams: %v of %v charged", got, full)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if all := w.calls.take(); len(all) > 0 {
			if c := all[0]; !c.Abandoned || c.Completion < 3 || c.Completion > 2000 {
				t.Errorf("observed %+v", c)
			}
			break
		}
		if i > 1000 {
			t.Fatal("the call does not end")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got := w.utilization("ptu"); got > full/4 {
		t.Errorf("after it left: %v of %v still charged", got, full)
	}
}

func TestAChangedDeploymentKeepsItsUtilization(t *testing.T) {
	w := newWorld(t, nil)
	w.post(chatPath("ptu"), capped(10000, "fill"), lengthHeader, "10000")
	before := w.utilization("ptu")
	w.dir.put(Deployment{Name: "ptu", Model: "gpt-4o", Version: "2024-11-20", SKU: "ProvisionedManaged", Capacity: 200})
	v := w.post(chatPath("ptu"), capped(1, "x")).decode(t)
	if after := w.utilization("ptu"); math.Abs(after-before) > 0.01 || before == 0 {
		t.Errorf("before %v, after %v", before, after)
	}
	if got := text(v, "model"); got != "gpt-4o-2024-11-20" {
		t.Errorf("model %s", got)
	}
	w.dir.put(Deployment{Name: "ptu", Model: "gpt-4o", Version: "2024-11-20", SKU: "Standard", Capacity: 10})
	if r := w.post(chatPath("ptu"), capped(1, "x")); r.header.Get("x-ratelimit-limit-tokens") != "10000" {
		t.Errorf("as Standard: %v", r.header)
	}
}

func TestStandardLimitsAndHeaders(t *testing.T) {
	w := newWorld(t, nil)
	r := w.post(chatPath("standard"), joke)
	prompt := number(r.decode(t), "usage", "prompt_tokens")
	for name, want := range map[string]string{
		"x-ratelimit-limit-requests": "120", "x-ratelimit-limit-tokens": "120000", "x-ratelimit-remaining-requests": "119",
		"x-ratelimit-renewalperiod-requests": "60", "x-ratelimit-renewalperiod-tokens": "60", "x-ratelimit-reset-requests": "500",
		"x-ratelimit-abusepenalty-active": "False", "x-ms-deployment-name": "standard", "x-ms-is-spilled-over": "false", "x-ms-region": "East US 2",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, wanted %q", name, got, want)
		}
	}
	if used := 120000 - number(r.decode(t), "usage", "total_tokens"); r.header.Get("x-ratelimit-remaining-tokens") != strconv.Itoa(used) || prompt == 0 {
		t.Errorf("remaining %s, wanted %d", r.header.Get("x-ratelimit-remaining-tokens"), used)
	}
	r = w.post(chatPath("standard"), capped(30000, "big"))
	for range 5 {
		r = w.post(chatPath("standard"), capped(30000, "big"))
	}
	if r.status != 429 || !strings.Contains(text(r.decode(t), "error", "message"), "token rate limit") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	w.clock.advance(r.retryAfter(t))
	if r := w.post(chatPath("standard"), capped(30000, "big")); r.status != 200 {
		t.Errorf("after the wait: %d %s", r.status, r.body)
	}
	w.dir.put(Deployment{Name: "tiny", Model: "gpt-4o", Version: "2024-11-20", SKU: "Standard", Capacity: 1})
	r = w.post(chatPath("tiny"), capped(2000, "more than a minute's worth"))
	if r.status != 429 || !strings.Contains(text(r.decode(t), "error", "message"), "Please retry after 86400 seconds") {
		t.Errorf("%d %s", r.status, r.body)
	}
	w.post(chatPath("tiny"), capped(1, "x"))
	if r = w.post(chatPath("tiny"), capped(1, "x")); r.status != 429 || !strings.Contains(text(r.decode(t), "error", "message"), "call rate limit") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestA0301VersionIsBusyWith424(t *testing.T) {
	w := newWorld(t, nil)
	w.post(chatPath("turbo-0301"), capped(1, "x"))
	if r := w.post(chatPath("turbo-0301"), capped(1, "x")); r.status != 424 {
		t.Errorf("%d %s", r.status, r.body)
	}
}
