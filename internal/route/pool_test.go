package route

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

type still struct {
	used    []float64
	latency []time.Duration
}

func (s still) Utilization(i int) float64   { return s.used[i] }
func (s still) Latency(i int) time.Duration { return s.latency[i] }

func must(t *testing.T, members []Member, s Strategy, b Boundary) *Pool {
	t.Helper()
	p, err := NewPool(members, s, b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPriorityComesFirstAndWeightIsAShare(t *testing.T) {
	p := must(t, []Member{
		{Name: "spill", Priority: 2},
		{Name: "a", Priority: 1, Weight: 3},
		{Name: "b", Priority: 1, Weight: 1},
	}, Priority, Anywhere)
	random := rand.New(rand.NewPCG(1, 1))
	first := map[int]int{}
	const n = 40_000
	for range n {
		order := p.Order(nil, still{}, random.Uint64())
		if order[2] != 0 {
			t.Fatalf("order %v: the second priority comes last", order)
		}
		first[order[0]]++
	}
	if share := float64(first[1]) / n; math.Abs(share-0.75) > 0.01 {
		t.Errorf("weight 3 of 4 gets %.3f of the calls", share)
	}
	if !p.First(1) || p.First(0) {
		t.Error("only members of the first priority are a first choice")
	}
}

func TestEqualCallsPreferEqualMembers(t *testing.T) {
	three := must(t, []Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}, Priority, Anywhere)
	two := must(t, []Member{{Name: "a"}, {Name: "b"}}, Priority, Anywhere)
	moved := 0
	for key := range uint64(3000) {
		with := three.Order(nil, still{}, key)
		if !slices.Equal(with, three.Order(nil, still{}, key)) {
			t.Fatal("one key, two orders")
		}
		if with[0] != 2 && with[0] != two.Order(nil, still{}, key)[0] {
			moved++
		}
	}
	if moved != 0 {
		t.Errorf("%d calls moved between members that stayed", moved)
	}
}

func TestRoundRobinTakesTurnsByWeight(t *testing.T) {
	p := must(t, []Member{{Name: "a", Weight: 2}, {Name: "b"}, {Name: "c"}}, RoundRobin, Anywhere)
	var firsts []int
	for range 8 {
		firsts = append(firsts, p.Order(nil, still{}, 0)[0])
	}
	if want := []int{0, 0, 1, 2, 0, 0, 1, 2}; !slices.Equal(firsts, want) {
		t.Errorf("turns %v, want %v", firsts, want)
	}
}

func TestMeasuredStrategies(t *testing.T) {
	members := []Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	view := still{used: []float64{0.9, 0.1, 0.5}, latency: []time.Duration{time.Second, 2 * time.Second, time.Millisecond}}
	if got := must(t, members, LeastUtilized, Anywhere).Order(nil, view, 9); !slices.Equal(got, []int{1, 2, 0}) {
		t.Errorf("least utilized: %v", got)
	}
	if got := must(t, members, Latency, Anywhere).Order(nil, view, 9); !slices.Equal(got, []int{2, 0, 1}) {
		t.Errorf("latency: %v", got)
	}
}

func TestSpillOverStaysInsideTheBoundary(t *testing.T) {
	home := AreaOf(ptu.SKURegional, "East US")
	zoned := AreaOf(ptu.SKUDataZone, "eastus")
	cases := []struct {
		name     string
		home     Area
		other    Area
		region   bool
		dataZone bool
	}{
		{"same region", home, AreaOf(ptu.SKUStandard, "eastus"), true, true},
		{"other region of the zone", home, AreaOf(ptu.SKUStandard, "westus"), false, true},
		{"data zone deployment of the region", home, AreaOf(ptu.SKUDataZoneStandard, "eastus"), false, true},
		{"other zone", home, AreaOf(ptu.SKUStandard, "swedencentral"), false, false},
		{"global", home, AreaOf(ptu.SKUGlobalStandard, "eastus"), false, false},
		{"unknown", home, AreaOf(ptu.SKUStandard, ""), true, true},
		{"zone to its region", zoned, AreaOf(ptu.SKUStandard, "westus3"), true, true},
		{"zone to zone", zoned, AreaOf(ptu.SKUDataZoneStandard, "centralus"), true, true},
		{"zone to global", zoned, AreaOf(ptu.SKUGlobalStandard, ""), false, false},
		{"region without a zone", AreaOf(ptu.SKUDataZone, "japaneast"), AreaOf(ptu.SKUStandard, "koreacentral"), false, false},
		{"global to anywhere", AreaOf(ptu.SKUGlobal, "eastus"), AreaOf(ptu.SKUStandard, "swedencentral"), true, true},
	}
	for _, c := range cases {
		if got := WithinArea.Permits(c.home, c.other); got != c.region {
			t.Errorf("%s, boundary region: %v", c.name, got)
		}
		if got := WithinZone.Permits(c.home, c.other); got != c.dataZone {
			t.Errorf("%s, boundary data-zone: %v", c.name, got)
		}
		if !Anywhere.Permits(c.home, c.other) {
			t.Errorf("%s, no boundary: refused", c.name)
		}
	}
	p := must(t, []Member{{Name: "ptu", Area: home}, {Name: "far", Priority: 2, Area: AreaOf(ptu.SKUStandard, "westus")}}, Priority, WithinArea)
	if got := p.Order(nil, still{}, 1); len(got) != 1 || !slices.Equal(p.Outside(), []string{"far"}) {
		t.Errorf("order %v, outside %v: the far one must never be asked", got, p.Outside())
	}
}

func TestBreakerOpensTriesAndCloses(t *testing.T) {
	b := NewBreaker(BreakerRule{Failures: 3, Window: 30 * time.Second, Open: 15 * time.Second})
	at := time.Duration(0)
	for i, gap := range []time.Duration{0, 20 * time.Second, 20 * time.Second} {
		at += gap
		if b.Failed(at) {
			t.Fatalf("failure %d, spread over 40 s, opens a breaker of 3 in 30 s", i+1)
		}
	}
	if !b.Failed(at+time.Second) || b.Allow(at+2*time.Second) {
		t.Fatal("three failures in 30 s leave it closed")
	}
	later := at + 17*time.Second
	if !b.Allow(later) {
		t.Fatal("open for longer than 15 s")
	}
	if b.Allow(later) {
		t.Fatal("half open lets a second call through")
	}
	if !b.Failed(later) || b.Allow(later+time.Second) {
		t.Fatal("the try failed and it does not open again")
	}
	if !b.Allow(later + 16*time.Second) {
		t.Fatal("no second try")
	}
	b.Succeeded()
	if s, _ := b.State(later + 16*time.Second); s != Closed {
		t.Errorf("state %v after a call that went well", s)
	}
}

func TestBudgetBoundsRetries(t *testing.T) {
	b := NewBudget(0.2)
	calls, retries := 0, 0
	for range 10_000 {
		calls++
		b.Earn()
		for b.Spend() {
			retries++
		}
	}
	if retries > calls/5+budgetDepth {
		t.Errorf("%d retries for %d calls", retries, calls)
	}
	if NewBudget(0).Spend() {
		t.Error("a budget of 0 retries")
	}
}

func TestBackoffDoublesUpToItsLimit(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 100, 2: 200, 3: 400, 9: 1000, 1000: 1000} {
		if got := Backoff(n, 100, 1000); got != want {
			t.Errorf("try %d: %v, want %v", n, got, want)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	p, err := NewPool([]Member{{Name: "a", Priority: 1}, {Name: "b", Priority: 2}, {Name: "c", Priority: 2, Weight: 3}}, Priority, Anywhere)
	if err != nil {
		b.Fatal(err)
	}
	var buf [8]int
	b.ReportAllocs()
	for i := range b.N {
		p.Order(buf[:0], still{}, uint64(i))
	}
}
