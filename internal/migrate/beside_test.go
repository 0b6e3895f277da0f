package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/gateway/config"
)

const gatewayText = `# what we serve
version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:8081
backends:
  - name: a # the first
    endpoint: https://acct.openai.azure.com
    deployment: d
    kind: ptu
    sku: ProvisionedManaged
    capacity: 100
    model: {name: gpt-4o, version: "2024-08-06"}
    region: eastus
    auth: {key: "env:KEY"}
  - name: b
    endpoint: https://other.openai.azure.com
    deployment: d2
    kind: ptu
    sku: ProvisionedManaged
    capacity: 50
    model: {name: gpt-4o, version: "2024-08-06"}
    region: eastus
    auth: {key: "env:KEY"}
pools:
  - name: gpt-4o
    members:
      - {backend: a, priority: 1, weight: 3}
      - {backend: b}
      - {backend: b2, priority: 2, weight: 7}
  - name: other
    members: [{backend: b}]
`

func newOne() arm.Deployment {
	d := input().From
	d.DeploymentRef.Deployment = "d-new"
	d.Model.Version = "2024-11-20"
	d.Capacity = 150
	return d
}

// weights reads "backend:weight" of the first pool back.
func weights(t *testing.T, text []byte) string {
	t.Helper()
	_, root, err := parseYAML(text)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range list(list(root, "pools")[0], "members") {
		out = append(out, fmt.Sprintf("%s:%d", value(m, "backend"), number(m, "weight")))
	}
	return strings.Join(out, " ")
}

func TestReweigh(t *testing.T) {
	text := []byte(gatewayText)
	for _, c := range []struct {
		share float64
		want  string
	}{
		{0, "a:3 b:1 b2:7"},
		{0.05, "a:285 d-new:15 b:100 b2:7"},
		{0.05, "a:285 d-new:15 b:100 b2:7"},
		{0.5, "a:150 d-new:150 b:100 b2:7"},
		{1, "d-new:3 b:1 b2:7"},
		{0.25, "a:225 d-new:75 b:100 b2:7"},
		{0, "a:3 b:1 b2:7"},
		{1, "d-new:3 b:1 b2:7"},
		{1, "d-new:3 b:1 b2:7"},
	} {
		next, err := Reweigh(text, "a", newOne(), c.share)
		if err != nil {
			t.Fatalf("%v: %v", c.share, err)
		}
		if got := weights(t, next); got != c.want {
			t.Errorf("%v: %s, want %s", c.share, got, c.want)
		}
		if again, err := Reweigh(next, "a", newOne(), c.share); err != nil || string(again) != string(next) {
			t.Errorf("%v: a second time it is another text: %v\n%s", c.share, err, again)
		}
		text = next
	}
	done, err := Forget(text, "a")
	if err != nil || strings.Contains(string(done), "deployment: d\n") || !strings.Contains(string(done), "# what we serve") || !strings.Contains(string(done), "version: \"2024-11-20\"") {
		t.Errorf("%v\n%s", err, done)
	}
	if _, err := Forget([]byte(gatewayText), "a"); !errors.Is(err, ErrBackend) {
		t.Errorf("a backend in use was forgotten: %v", err)
	}
	valid := strings.Replace(gatewayText, "      - {backend: b2, priority: 2, weight: 7}\n", "", 1) + "products: [{name: p, pools: [gpt-4o]}]\nkeys: [{name: k, product: p, secret: \"env:K\"}]\n"
	half, err := Reweigh([]byte(valid), "a", newOne(), 0.5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse(half); err != nil {
		t.Errorf("the gateway does not take it: %v\n%s", err, half)
	}
	for _, bad := range []string{"", "[]", "a: [", "version: 1\nbackends: []\npools: []"} {
		if _, err := Reweigh([]byte(bad), "a", newOne(), 0.5); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestBackend(t *testing.T) {
	ref := input().From.DeploymentRef
	for _, c := range []struct{ endpoint, name, want string }{
		{"https://acct.openai.azure.com/", "", "a"}, {"https://elsewhere", "", "a"}, {"", "b", "b"}, {"", "c", ""},
	} {
		got, err := Backend([]byte(gatewayText), ref, c.endpoint, c.name)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func FuzzReweigh(f *testing.F) {
	f.Add(gatewayText, 0.5)
	f.Add("pools: [{members: [{backend: a}, {backend: a}]}]\nbackends: [{name: a}]", 1.0)
	f.Add("pools: [{members: a}]\nbackends: [{name: a}]", 0.1)
	f.Add("a: &x [*x]", 0.1)
	f.Fuzz(func(t *testing.T, text string, share float64) {
		next, err := Reweigh([]byte(text), "a", newOne(), share)
		if err != nil {
			return
		}
		if _, _, err := parseYAML(next); err != nil {
			t.Errorf("%q became %q: %v", text, next, err)
		}
	})
}

func TestSideOf(t *testing.T) {
	metrics := []byte(`# HELP x
azptu_gateway_backend_attempts_total{backend="new"} 50
azptu_gateway_backend_attempts_total{backend="old"} 7
azptu_gateway_backend_refused_total{backend="new"} 2
azptu_gateway_backend_broken_total{backend="new"} 1
azptu_gateway_requests_total{backend="new",pool="p",product="x",status="200"} 40
azptu_gateway_requests_total{backend="new",pool="p",product="x",status="400"} 3
azptu_gateway_requests_total{backend="new",pool="p",product="x",status="499"} 9
azptu_gateway_tokens_total{backend="new",pool="p",product="x",status="200",type="completion"} 400
azptu_gateway_tokens_total{backend="new",pool="p",product="x",status="200",type="prompt"} 4000
azptu_gateway_request_duration_seconds_sum{backend="new",pool="p",product="x",status="200"} 12.5
azptu_gateway_in_flight 3
nonsense{
`)
	if got := sideOf(metrics, "new"); got != (Side{50, 2, 4, 40, 400, 12500 * time.Millisecond}) {
		t.Errorf("%+v", got)
	}
}

func rules() Rules {
	return Rules{Steps: []float64{0.05, 0.5, 1}, Hold: 40 * time.Second, Quiet: 2 * time.Minute, MaxErrors: 0.01, MaxRefused: 0.05, MaxLatency: 1.5, MaxTokens: 2, MinCalls: 20}
}

func TestJudge(t *testing.T) {
	well := Side{Attempts: 100, Answered: 100, Completion: 1000, Took: 100 * time.Second}
	for _, c := range []struct {
		name   string
		change func(*Health)
		want   Verdict
		what   string
	}{
		{"alike", func(*Health) {}, Healthy, ""},
		{"too few", func(h *Health) { h.New = Side{Attempts: 5, Answered: 5} }, TooFew, "calls"},
		{"too few, but broken", func(h *Health) { h.New = Side{Attempts: 3, Broken: 3} }, Unhealthy, "errors"},
		{"errors", func(h *Health) { h.New.Broken = 4 }, Unhealthy, "errors"},
		{"errors at both", func(h *Health) { h.New.Broken, h.Old.Broken = 4, 4 }, Healthy, ""},
		{"refusals", func(h *Health) { h.New.Refused = 30 }, Unhealthy, "refusals"},
		{"latency", func(h *Health) { h.New.Took *= 2 }, Unhealthy, "latency"},
		{"answers too long", func(h *Health) { h.New.Completion *= 3 }, Unhealthy, "tokens"},
		{"answers too short", func(h *Health) { h.New.Completion = 100 }, Unhealthy, "tokens"},
		{"the old one is silent", func(h *Health) { h.Old = Side{} }, Healthy, ""},
		{"slower than the old one was", func(h *Health) { h.Old = Side{}; h.New.Took *= 2 }, Unhealthy, "latency"},
		{"nothing to compare with", func(h *Health) { h.Old = Side{}; h.New.Took *= 2 }, Healthy, ""},
		{"called, and not answering", func(h *Health) { h.New.Answered = 2 }, TooFew, "calls"},
	} {
		h := Health{well, well}
		c.change(&h)
		usual := well
		if c.name == "nothing to compare with" {
			usual = Side{}
		}
		if got, why := rules().Judge(h, usual); got != c.want || why.What != c.what {
			t.Errorf("%s: %v %v, want %v %s", c.name, got, why, c.want, c.what)
		}
	}
	restarted := Health{New: Side{Attempts: 3}}.Since(Health{New: Side{Attempts: 90}})
	if restarted.New.Attempts != 3 {
		t.Errorf("after the gateway was started anew: %+v", restarted)
	}
}

// world is an Azure, a gateway and callers in which a process can die at any
// of its calls.
type world struct {
	now         time.Time
	deployments map[string]arm.Deployment
	settled     map[string]time.Time // when Creating or Deleting ends
	share       float64
	shares      []float64
	counted     Health
	lastOld     time.Time
	sick        func(w *world) bool // whether the new one fails calls
	forgotten   bool

	calls int
	dieAt int  // the call at which the process dies; 0: never
	late  bool // it dies after the call had its effect
	dead  bool
}

var errDead = errors.New("killed")

// enter is the beginning of every call; effect is what it does.
func (w *world) enter(effect func()) error {
	if w.dead {
		return errDead
	}
	w.calls++
	if w.dieAt > 0 && w.calls == w.dieAt {
		w.dead = true
		if w.late {
			effect()
		}
		return errDead
	}
	effect()
	return nil
}

func newWorld() *world {
	w := &world{now: today, deployments: map[string]arm.Deployment{}, settled: map[string]time.Time{}, lastOld: today}
	d := input().From
	w.deployments[d.DeploymentRef.Deployment] = d
	return w
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for name, at := range w.settled {
		if w.now.Before(at) {
			continue
		}
		delete(w.settled, name)
		d := w.deployments[name]
		if d.State == "Deleting" {
			delete(w.deployments, name)
			continue
		}
		d.State = "Succeeded"
		w.deployments[name] = d
	}
	n := int64(d.Seconds()) * 10
	fresh := int64(float64(n) * w.share)
	w.counted.Old.Attempts += n - fresh
	w.counted.Old.Answered += n - fresh
	w.counted.New.Attempts += fresh
	if w.sick != nil && w.sick(w) {
		w.counted.New.Broken += fresh
	} else {
		w.counted.New.Answered += fresh
	}
	if w.share < 1 {
		w.lastOld = w.now
	}
}

func missing() error { return &arm.Error{Kind: arm.NotFound, Status: 404, Code: "DeploymentNotFound"} }

func (w *world) Deployment(_ context.Context, ref arm.DeploymentRef) (d arm.Deployment, err error) {
	found := false
	if err := w.enter(func() { d, found = w.deployments[ref.Deployment] }); err != nil {
		return d, err
	}
	if !found {
		return d, missing()
	}
	return d, nil
}

func (w *world) PutDeployment(_ context.Context, d arm.Deployment) (*arm.Operation, error) {
	return nil, w.enter(func() {
		d.State = "Creating"
		w.deployments[d.DeploymentRef.Deployment], w.settled[d.DeploymentRef.Deployment] = d, w.now.Add(time.Minute)
	})
}

func (w *world) DeleteDeployment(_ context.Context, ref arm.DeploymentRef) (*arm.Operation, error) {
	return nil, w.enter(func() {
		d := w.deployments[ref.Deployment]
		d.State = "Deleting"
		w.deployments[ref.Deployment], w.settled[ref.Deployment] = d, w.now.Add(time.Minute)
	})
}

func (w *world) Shift(_ context.Context, share float64) error {
	return w.enter(func() { w.share = share; w.shares = append(w.shares, share) })
}

func (w *world) Health(context.Context) (h Health, err error) {
	err = w.enter(func() { h = w.counted })
	return h, err
}

func (w *world) Forget(context.Context) error { return w.enter(func() { w.forgotten = true }) }

func (w *world) LastCall(_ context.Context, ref arm.DeploymentRef) (last, now time.Time, err error) {
	err = w.enter(func() {
		if ref.Deployment == "d" {
			last = w.lastOld
		} else if w.share > 0 {
			last = w.now
		}
	})
	return last, w.now, err
}

func (w *world) Sleep(_ context.Context, d time.Duration) error {
	return w.enter(func() { w.pass(d) })
}

// run goes on with the journal at path, from nothing if there is none.
func (w *world) run(t *testing.T, path string) (*Journal, error) {
	t.Helper()
	j, err := ReadJournal(path)
	if Missing(err) {
		j = NewJournal(path, Plan{From: input().From, To: newOne()}, rules())
	} else if err != nil {
		t.Fatal(err)
	}
	b := &Beside{Azure: w, Traffic: w, Calls: w, Now: func() time.Time { return w.now }, Sleep: w.Sleep, Look: 30 * time.Second}
	return j, b.Run(context.Background(), j)
}

func (w *world) end() string {
	return fmt.Sprintf("%v share %v forgotten %v", w.deployments["d-new"].State, w.share, w.forgotten) + fmt.Sprint(len(w.deployments))
}

// Wherever a process dies, before or after what it asked for was done, the
// next one ends where an undisturbed one ends.
func TestKilledAnywhereItEndsTheSame(t *testing.T) {
	undisturbed := newWorld()
	if j, err := undisturbed.run(t, filepath.Join(t.TempDir(), "j")); err != nil || j.Phase != Finished {
		t.Fatalf("%v, %+v", err, j)
	}
	if got := undisturbed.end(); got != "Succeeded share 1 forgotten true1" {
		t.Fatal(got)
	}
	for at := 1; at <= undisturbed.calls; at++ {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,%v", at, late), func(t *testing.T) {
				t.Parallel()
				w, path := newWorld(), filepath.Join(t.TempDir(), "j")
				w.dieAt, w.late = at, late
				if _, err := w.run(t, path); !errors.Is(err, errDead) {
					t.Fatalf("call %d: %v", at, err)
				}
				w.dead, w.dieAt = false, 0
				j, err := w.run(t, path)
				if err != nil || j.Phase != Finished || w.end() != undisturbed.end() {
					t.Errorf("killed at call %d (late %v): %v, %v, %s", at, late, err, j.Phase, w.end())
				}
			})
		}
	}
	t.Logf("%d calls, killed before and after each", undisturbed.calls)
}

// What does not do well goes back to the step before, a second time to nothing.
func TestStepBack(t *testing.T) {
	w := newWorld()
	w.sick = func(w *world) bool { return w.share > 0.4 }
	path := filepath.Join(t.TempDir(), "j")
	j, err := w.run(t, path)
	var unhealthy *UnhealthyError
	if !errors.As(err, &unhealthy) || unhealthy.Reason.What != "errors" || unhealthy.Share != 0.5 || j.Phase != Withheld {
		t.Fatalf("%v, %v", err, j.Phase)
	}
	if got := fmt.Sprint(w.shares); got != "[0.05 0.5 0.05 0.5 0]" {
		t.Errorf("shares: %s", got)
	}
	if _, ok := w.deployments["d"]; !ok {
		t.Error("the old one was deleted")
	}
	// Once it is well, the same journal goes on to the end.
	w.sick = nil
	if j, err := w.run(t, path); err != nil || j.Phase != Finished {
		t.Errorf("%v, %v", err, j.Phase)
	}
}

func TestOnlyOnceSick(t *testing.T) {
	w := newWorld()
	w.sick = func(w *world) bool { return w.share > 0.4 && len(w.shares) < 3 }
	j, err := w.run(t, filepath.Join(t.TempDir(), "j"))
	if err != nil || j.Phase != Finished || fmt.Sprint(w.shares) != "[0.05 0.5 0.05 0.5 1]" {
		t.Errorf("%v, %v, %v", err, j.Phase, w.shares)
	}
}

// Somebody else's change stops it, and nothing is deleted.
func TestSomebodyElse(t *testing.T) {
	for name, change := range map[string]func(*world){
		"resized":      func(w *world) { d := w.deployments["d"]; d.Capacity = 200; w.deployments["d"] = d },
		"deleted":      func(w *world) { delete(w.deployments, "d") },
		"new replaced": func(w *world) { d := w.deployments["d-new"]; d.Model.Version = "x"; w.deployments["d-new"] = d },
	} {
		w, path := newWorld(), filepath.Join(t.TempDir(), "j")
		w.sick = func(w *world) bool { // the hook that sees time pass
			if w.share == 0.5 {
				change(w)
			}
			return false
		}
		j, err := w.run(t, path)
		if !errors.Is(err, ErrChanged) || j.Phase == Finished {
			t.Errorf("%s: %v, %v", name, err, j.Phase)
		}
		if _, ok := w.deployments["d-new"]; !ok {
			t.Errorf("%s: the new one is gone", name)
		}
	}
}

func TestBack(t *testing.T) {
	w, path := newWorld(), filepath.Join(t.TempDir(), "j")
	w.dieAt = 30
	_, _ = w.run(t, path)
	w.dead, w.dieAt = false, 0
	j, err := ReadJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	b := &Beside{Azure: w, Traffic: w, Calls: w, Now: func() time.Time { return w.now }, Sleep: w.Sleep}
	if err := b.Back(context.Background(), j); err != nil || w.share != 0 || j.Phase != Withheld {
		t.Errorf("%v, %v, %v", err, w.share, j.Phase)
	}
	j.Phase = Deleted
	if err := b.Back(context.Background(), j); !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
}

func TestByHand(t *testing.T) {
	w, path := newWorld(), filepath.Join(t.TempDir(), "j")
	j := NewJournal(path, Plan{From: input().From, To: newOne()}, rules())
	b := &Beside{Azure: w, Calls: w, Now: func() time.Time { return w.now }, Sleep: w.Sleep}
	if err := b.Run(context.Background(), j); !errors.Is(err, ErrByHand) || j.Phase != Created {
		t.Fatalf("%v, %v", err, j.Phase)
	}
	w.share = 1 // somebody does it
	if err := b.Run(context.Background(), j); err != nil || j.Phase != Finished || w.forgotten {
		t.Errorf("%v, %v", err, j.Phase)
	}
}

// Without waiting it comes back while the old one is called, or silence is too
// young to be believed.
func TestNotWaitingForSilence(t *testing.T) {
	w, path := newWorld(), filepath.Join(t.TempDir(), "j")
	w.share, w.lastOld = 1, time.Time{}
	j := NewJournal(path, Plan{From: input().From, To: newOne()}, rules())
	b := &Beside{Azure: w, Calls: w, Now: func() time.Time { return w.now }, Sleep: w.Sleep, NoWait: true, ByHand: true}
	if err := b.Run(context.Background(), j); !errors.Is(err, ErrCalled) || j.Phase != Shifted {
		t.Fatalf("%v, %v", err, j.Phase)
	}
	w.pass(rules().Quiet)
	w.lastOld = w.now // somebody called again
	if err := b.Run(context.Background(), j); !errors.Is(err, ErrCalled) {
		t.Fatalf("%v, %v", err, j.Phase)
	}
	w.pass(rules().Quiet)
	if err := b.Run(context.Background(), j); err != nil || j.Phase != Finished {
		t.Errorf("%v, %v", err, j.Phase)
	}
}

func TestKeepOld(t *testing.T) {
	w, path := newWorld(), filepath.Join(t.TempDir(), "j")
	r := rules()
	r.KeepOld = true
	j := NewJournal(path, Plan{From: input().From, To: newOne()}, r)
	b := &Beside{Azure: w, Traffic: w, Calls: w, Now: func() time.Time { return w.now }, Sleep: w.Sleep}
	if err := b.Run(context.Background(), j); err != nil || j.Phase != Drained || len(w.deployments) != 2 {
		t.Errorf("%v, %v, %d", err, j.Phase, len(w.deployments))
	}
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	release, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrTaken) {
		t.Errorf("a second one: %v", err)
	}
	release()
	again, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// The gateway's file is not the migration's: who could read it still can.
func TestGatewayFileKeepsItsRights(t *testing.T) {
	g := &Gateway{File: filepath.Join(t.TempDir(), "gateway.yaml")}
	mode := func() os.FileMode {
		info, err := os.Stat(g.File)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if err := g.keep([]byte("version: 1")); err != nil || runtime.GOOS != "windows" && mode() != 0o600 {
		t.Errorf("a new file: %v, %v", mode(), err)
	}
	if err := os.Chmod(g.File, 0o644); err != nil {
		t.Fatal(err)
	}
	want := mode()
	if err := g.keep([]byte("version: 2")); err != nil || mode() != want {
		t.Errorf("the mode became %v, %v", mode(), err)
	}
}

func TestFaultyJournals(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"version":1,"phase":"deleted"}`, `{"version":2}`, `{"version":1,"phase":"shifting","rules":{"steps":[0.5,0.2,1]}}`} {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadJournal(path); !errors.Is(err, ErrJournal) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func beside() BesideInput {
	in := input()
	return BesideInput{From: in.From, Target: in.Target, Name: "d-new", Offered: in.Offered, Free: 500, FreeSaid: true, Quota: 500, QuotaSaid: true, Catalog: in.Catalog, Now: in.Now}
}

func TestMakeBeside(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*BesideInput)
		want   string
		units  int
	}{
		{"the same size for the same model", func(*BesideInput) {}, "note:sized-by-full note:twice", 100},
		{"sized by its load", func(in *BesideInput) { in.Load = Load{Calls: 60, Prompt: 60000, Output: 12000} }, "note:sized-by-load note:twice", 50},
		{"a size asked for", func(in *BesideInput) { in.Capacity = 30 }, "note:twice", 30},
		{"a size it may not have", func(in *BesideInput) { in.Capacity = 17 }, "refusal:wrong-size", 17},
		{"another type", func(in *BesideInput) { in.SKU = "ProvisionedManaged" }, "note:sized-by-full warning:other-boundary note:twice", 100},
		{"not offered as that type", func(in *BesideInput) { in.SKU = "DataZoneProvisionedManaged" }, "refusal:type-unsupported warning:other-boundary", 100},
		{"another family needs another size", func(in *BesideInput) { in.Target = arm.ModelRef{Name: "gpt-4.1", Version: "2025-04-14"} }, "note:sized-by-full note:other-family note:twice", 85},
		{"no capacity", func(in *BesideInput) { in.Free = 40 }, "note:sized-by-full refusal:little-room", 100},
		{"no quota", func(in *BesideInput) { in.Quota = 99 }, "note:sized-by-full refusal:little-quota", 100},
		{"nobody says", func(in *BesideInput) { in.FreeSaid, in.QuotaSaid = false, false }, "note:sized-by-full warning:quota-unknown warning:room-unknown note:twice", 100},
		{"the name is taken", func(in *BesideInput) { d := in.From; in.Existing = &d }, "note:sized-by-full note:twice refusal:name-taken", 100},
		{"it stands already", func(in *BesideInput) {
			d := in.From
			d.Model.Version = "2024-11-20"
			in.Existing, in.Free, in.Quota = &d, 0, 0
		}, "note:sized-by-full note:twice", 100},
		{"busy", func(in *BesideInput) { in.From.State = "Updating" }, "refusal:not-here note:sized-by-full", 100},
	} {
		in := beside()
		c.change(&in)
		p := MakeBeside(in)
		if got := codes(p); got != c.want || p.To.Capacity != c.units {
			t.Errorf("%s: %s with %d units, want %s with %d", c.name, got, p.To.Capacity, c.want, c.units)
		}
		if p.To.DeploymentRef.Deployment != "d-new" || p.From.DeploymentRef.Deployment != "d" {
			t.Errorf("%s: names %+v", c.name, p.To.DeploymentRef)
		}
	}
}
