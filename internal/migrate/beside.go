package migrate

import (
	"math"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// The findings of a migration beside.
const (
	NameTaken     Code = "name-taken"     // the new name is in use by something else
	NotHere       Code = "not-here"       // the deployment to migrate is not settled
	LittleQuota   Code = "little-quota"   // the subscription has less free quota than the size
	QuotaUnknown  Code = "quota-unknown"  // quota could not be read
	TwiceTheUnits Code = "twice"          // both are paid while traffic is shifted
	OtherBoundary Code = "other-boundary" // calls are processed elsewhere
	SizedByLoad   Code = "sized-by-load"  // the size follows from the busiest minute measured
	SizedByFull   Code = "sized-by-full"  // no traffic was measured: the size is for the same full load
	SizeUnknown   Code = "size-unknown"   // no throughput is published: the old size is kept
)

// Load is the busiest minute of a deployment, as its metrics tell. The zero
// Load is one that is not known.
type Load struct {
	Calls, Prompt, Cached, Output float64 // calls and tokens in that minute
}

// units is the least size that serves the load with some room to spare.
func (l Load) units(t ptu.Throughput, rule ptu.Rule) int {
	return ptu.Size(ptu.Workload{
		CallsPerMinute: l.Calls, PromptTokens: l.Prompt / l.Calls, CompletionTokens: l.Output / l.Calls,
		CacheRate: l.Cached / max(l.Prompt, 1), Buffer: headroom,
	}, t, rule).Units
}

// BesideInput is what was asked of Azure, and when.
type BesideInput struct {
	From      arm.Deployment
	Target    arm.ModelRef // Format and Name may be "": those of From
	Name      string       // of the new deployment
	SKU       string       // "" keeps From's
	Capacity  int          // 0: computed
	Offered   []arm.Model
	Existing  *arm.Deployment // what goes by Name already
	Free      int             // free service capacity
	FreeSaid  bool
	Quota     int // free quota
	QuotaSaid bool
	Load      Load
	Catalog   *catalog.Catalog
	Now       time.Time
}

// headroom is what is added to a size that follows from a measured load.
const headroom = 0.15

// MakeBeside plans a migration to a new deployment beside the old one: traffic
// is then shifted step by step, and the old one deleted when nobody calls it.
func MakeBeside(in BesideInput) Plan {
	p := &Plan{From: in.From, To: in.From}
	p.To.DeploymentRef.Deployment, p.To.State, p.To.CreatedAt = in.Name, "", time.Time{}
	if in.SKU != "" {
		p.To.SKU = in.SKU
	}
	target := in.Target
	if target.Name == "" {
		target.Name = in.From.Model.Name
	}
	p.To.Model = arm.ModelRef{Format: in.From.Model.Format, Name: target.Name, Version: target.Version}
	if !in.From.Settled() {
		p.find(Refusal, NotHere)
	}
	model, offered := p.offerAs(in.Offered, target, p.To.SKU)
	if offered {
		p.To.Model = model.ModelRef
		p.besideSize(in, model)
		p.dates(Input{Offered: in.Offered, Now: in.Now}, model)
		p.besideRoom(in)
	}
	p.besideChanges(in)
	if in.Existing != nil && !Alike(*in.Existing, p.To) {
		p.find(Refusal, NameTaken)
	}
	return *p
}

// Alike tells whether a deployment is what was planned: model, type and size.
func Alike(d, planned arm.Deployment) bool {
	return d.SKU == planned.SKU && d.Capacity == planned.Capacity && strings.EqualFold(d.Model.Name, planned.Model.Name) && d.Model.Version == planned.Model.Version
}

// besideSize finds the size: the one asked for, else what the busiest minute
// needs on the target, else what the same full load needs.
func (p *Plan) besideSize(in BesideInput, model arm.Model) {
	sku, _ := model.SKU(p.To.SKU)
	units := in.Capacity
	if units == 0 {
		units = p.computed(in, sku.Rule)
	}
	p.To.Capacity = units
	if sku.Rule.Check(units) == nil {
		return
	}
	if in.Capacity == 0 {
		p.To.Capacity = sku.Rule.RoundUp(float64(units))
		return
	}
	below, above := sku.Rule.Next(units)
	f := p.find(Refusal, WrongSize)
	if f.Units = above; below > 0 && units-below < above-units {
		f.Units = below
	}
}

func (p *Plan) computed(in BesideInput, rule ptu.Rule) int {
	_, fromUnits := ptu.TypeOfSKU(p.From.SKU)
	_, toUnits := ptu.TypeOfSKU(p.To.SKU)
	if !toUnits {
		return max(p.From.Capacity, 1)
	}
	to, known := throughput(in.Catalog, p.To.Model.Name)
	if known && in.Load.Calls > 0 {
		units := in.Load.units(to, rule)
		p.find(Note, SizedByLoad).Units = units
		return units
	}
	from, fromKnown := throughput(in.Catalog, p.From.Model.Name)
	if known && fromKnown && fromUnits {
		units := p.From.Capacity
		if !strings.EqualFold(p.From.Model.Name, p.To.Model.Name) {
			units = rule.RoundUp(float64(SameTraffic(units, from, to)))
		}
		p.find(Note, SizedByFull).Units = units
		return units
	}
	p.find(Warning, SizeUnknown)
	if !fromUnits {
		return rule.RoundUp(math.Max(float64(rule.Minimum), 1))
	}
	return p.From.Capacity
}

func throughput(c *catalog.Catalog, model string) (ptu.Throughput, bool) {
	if c == nil {
		return ptu.Throughput{}, false
	}
	m, ok := c.Model(model)
	return m.Throughput, ok && m.Throughput.InputTPMPerPTU > 0
}

// besideRoom looks at capacity and quota for the whole new size: the old one
// keeps its own until it is deleted.
func (p *Plan) besideRoom(in BesideInput) {
	if p.there(in) {
		return
	}
	switch {
	case !in.QuotaSaid:
		p.find(Warning, QuotaUnknown)
	case in.Quota < p.To.Capacity:
		p.find(Refusal, LittleQuota).Units = in.Quota
	}
	if _, provisioned := ptu.TypeOfSKU(p.To.SKU); provisioned {
		switch {
		case !in.FreeSaid:
			p.find(Warning, RoomUnknown)
		case in.Free < p.To.Capacity:
			p.find(Refusal, LittleRoom).Units = in.Free
		}
	}
}

// there tells whether the new deployment stands already.
func (p *Plan) there(in BesideInput) bool { return in.Existing != nil && Alike(*in.Existing, p.To) }

// besideChanges tells what is different on the other side.
func (p *Plan) besideChanges(in BesideInput) {
	if !strings.EqualFold(p.From.Model.Name, p.To.Model.Name) {
		p.find(Note, OtherFamily)
		if in.Catalog != nil && p.From.Spillover != "" {
			if to, known := in.Catalog.Model(p.To.Model.Name); known && to.NoSpillover {
				p.find(Warning, NoSpillover)
				p.To.Spillover = ""
			}
		}
	}
	if ptu.BoundaryOfSKU(p.From.SKU) != ptu.BoundaryOfSKU(p.To.SKU) {
		p.find(Warning, OtherBoundary)
	}
	if _, provisioned := ptu.TypeOfSKU(p.To.SKU); !provisioned {
		p.To.Spillover = ""
	} else if !p.Refused() {
		p.find(Note, TwiceTheUnits).Units = p.From.Capacity + p.To.Capacity
	}
}
