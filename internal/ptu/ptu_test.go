package ptu

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestDeploymentTypeSpellings(t *testing.T) {
	for in, want := range map[string]DeploymentType{
		"regional": Regional, "Regional": Regional, "ProvisionedManaged": Regional,
		"global": Global, " GLOBAL ": Global, "data-zone": DataZone, "datazone": DataZone, "Data Zone": DataZone, "data_zone": DataZone,
	} {
		got, err := ParseDeploymentType(in)
		if err != nil || got != want {
			t.Errorf("ParseDeploymentType(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "regionall", "standard", "global\n;", "provisioned"} {
		if got, err := ParseDeploymentType(in); err == nil {
			t.Errorf("ParseDeploymentType(%q) = %q, want an error", in, got)
		}
	}
	for _, typ := range DeploymentTypes() {
		if back, ok := TypeOfSKU(typ.SKU()); !ok || back != typ {
			t.Errorf("TypeOfSKU(%q) = %q, %v", typ.SKU(), back, ok)
		}
		if BoundaryOfSKU(typ.SKU()) != typ || BoundaryOfSKU(typ.StandardSKU()) != typ {
			t.Errorf("boundary of %s and %s is not %s", typ.SKU(), typ.StandardSKU(), typ)
		}
		if !IsStandard(typ.StandardSKU()) || IsStandard(typ.SKU()) {
			t.Errorf("%s: standard and provisioned mixed up", typ)
		}
	}
}

func TestRuleCheck(t *testing.T) {
	gpt4oRegional := Rule{Minimum: 50, Step: 50}
	o1Regional := Rule{Minimum: 25, Step: 50}
	gpt4Global := Rule{Minimum: 300, Step: 50, Maximum: 1000}
	for _, c := range []struct {
		rule     Rule
		capacity int
		want     Reason // 0: accepted
	}{
		{gpt4oRegional, 50, 0}, {gpt4oRegional, 100, 0}, {gpt4oRegional, 25, BelowMinimum}, {gpt4oRegional, 75, NotAStep},
		{gpt4oRegional, 0, BelowMinimum}, {gpt4oRegional, -50, BelowMinimum}, {gpt4oRegional, math.MaxInt, NotAStep},
		{o1Regional, 25, 0}, {o1Regional, 50, 0}, {o1Regional, 75, NotAStep}, {o1Regional, 100, 0},
		{gpt4Global, 300, 0}, {gpt4Global, 350, 0}, {gpt4Global, 1050, AboveMaximum},
		{Rule{}, 1, 0}, {Rule{}, 0, BelowMinimum},
	} {
		err := c.rule.Check(c.capacity)
		var refused *CapacityError
		if c.want == 0 && err != nil || c.want != 0 && (!errors.As(err, &refused) || refused.Reason != c.want || refused.Error() == "") {
			t.Errorf("%+v.Check(%d) = %v, want reason %d", c.rule, c.capacity, err, c.want)
		}
	}
}

func TestRuleRounding(t *testing.T) {
	o1 := Rule{Minimum: 25, Step: 50, Maximum: 500}
	for _, c := range []struct{ n, down, up int }{
		{0, 0, 25}, {24, 0, 25}, {25, 25, 25}, {26, 25, 50}, {50, 50, 50}, {99, 50, 100}, {999, 500, 1000},
	} {
		if down, up := o1.Next(c.n); down != c.down || up != c.up {
			t.Errorf("Next(%d) = %d, %d; want %d, %d", c.n, down, up, c.down, c.up)
		}
	}
	if got := (Rule{Minimum: 50, Step: 50}).RoundUp(150.00000000000003); got != 150 {
		t.Errorf("a floating-point artefact costs a step: %d", got)
	}
	if got := (Rule{Minimum: 15, Step: 5}).RoundUp(math.Inf(1)); got != math.MaxInt32 {
		t.Errorf("RoundUp(+Inf) = %d", got)
	}
}

// Whatever is rounded is deployable, and no smaller deployable size would do.
func TestRoundingAgreesWithCheck(t *testing.T) {
	for _, r := range []Rule{{Minimum: 15, Step: 5}, {Minimum: 50, Step: 50}, {Minimum: 25, Step: 50}, {Minimum: 300, Step: 50}, {Minimum: 500, Step: 275}} {
		for n := 1; n < 2000; n++ {
			up, down := r.RoundUp(float64(n)), r.RoundDown(n)
			if up < n || r.Check(up) != nil {
				t.Fatalf("%+v.RoundUp(%d) = %d", r, n, up)
			}
			if down > n || down != 0 && r.Check(down) != nil {
				t.Fatalf("%+v.RoundDown(%d) = %d", r, n, down)
			}
			for m := down + 1; m < up; m++ {
				if r.Check(m) == nil && m != n {
					t.Fatalf("%+v: %d is deployable between %d and %d around %d", r, m, down, up, n)
				}
			}
		}
	}
}

func TestWeigh(t *testing.T) {
	gpt41 := Throughput{InputTPMPerPTU: 3000, OutputRatio: 4}
	for _, c := range []struct {
		prompt, cached, completion int
		want                       float64
	}{{100, 0, 10, 140}, {2000, 1024, 0, 976}, {10, 20, 1, 4}, {0, 0, 0, 0}, {5, -3, -1, 5}} {
		if got := gpt41.Weigh(c.prompt, c.cached, c.completion); got != c.want {
			t.Errorf("Weigh(%d, %d, %d) = %v, want %v", c.prompt, c.cached, c.completion, got, c.want)
		}
	}
	if got := gpt41.PerSecond(100); got != 5000 {
		t.Errorf("100 units drain %v/s, want 5000", got)
	}
}

func TestProrate(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want float64
	}{{0, 0}, {time.Second, 100.0 / 60}, {time.Hour, 100}, {time.Hour + time.Second, 100 * 61.0 / 60}, {-time.Hour, 0}} {
		if got := Prorate(50, 2, c.d); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("50 units at 2/h for %v cost %v, want %v", c.d, got, c.want)
		}
	}
}

func TestCover(t *testing.T) {
	if got, want := Cover(500, 300, 300), (Coverage{Covered: 500, Hourly: 100}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := Cover(500, 100), (Coverage{Covered: 100, Idle: 400}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTokenCost(t *testing.T) {
	p := TokenPrice{Input: 2, CachedInput: 0.5, Output: 8}
	if got := p.Cost(1_000_000, 500_000, 100_000); math.Abs(got-(1+0.25+0.8)) > 1e-12 {
		t.Errorf("cost %v", got)
	}
	if got := (TokenPrice{Input: 2}).Cost(10, 50, 0); math.Abs(got-20e-6) > 1e-15 {
		t.Errorf("more cached than prompt: cost %v", got)
	}
}
