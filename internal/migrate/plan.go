// Package migrate moves a deployment to another version or family of model:
// in place, under the same name, size and type while calls keep flowing; or
// beside, by a new deployment to which a gateway shifts the traffic step by
// step, back when it does not do well, and by deleting the old one when nobody
// calls it any more. A Plan is pure: it is made of what was asked of Azure
// before and says what will happen, what speaks against it and how to go back.
// It is carried out through small ports and can be left at any moment and taken
// up again, on another machine too: every step begins by looking at what there
// is, and a Journal remembers what cannot be seen.
package migrate

import (
	"math"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// Level is how much a finding matters.
type Level string

// The levels.
const (
	Note    Level = "note"
	Warning Level = "warning"
	Refusal Level = "refusal" // the migration is not begun
)

// Code names a finding. Texts for people are made by whoever shows it.
type Code string

// The findings.
const (
	SameModel       Code = "same-model"       // nothing to migrate
	Busy            Code = "busy"             // something else is being done with it
	Underway        Code = "underway"         // this very migration is running already
	ModelUnknown    Code = "model-unknown"    // the region does not offer the model
	VersionUnknown  Code = "version-unknown"  // the region does not offer the version
	TypeUnsupported Code = "type-unsupported" // not under the deployment's type
	WrongSize       Code = "wrong-size"       // its size is none the target may have
	Retired         Code = "retired"          // the target has retired
	RetiresSoon     Code = "retires-soon"     // within 90 days
	RetiresEarlier  Code = "retires-earlier"  // before what it runs now
	Preview         Code = "preview"          // the target is not generally available
	LittleRoom      Code = "little-room"      // the region has less free capacity than the size
	RoomUnknown     Code = "room-unknown"     // the region did not say how much is free
	OtherFamily     Code = "other-family"     // another model, not only another version
	OtherSize       Code = "other-size"       // the same traffic needs another size on the target
	Duration        Code = "duration"         // 20 to 30 minutes, calls keep flowing
	NoSpillover     Code = "no-spillover"     // the target cannot spill over
	TooSmall        Code = "too-small"        // the busiest minute measured needs more units on the target
)

// Finding is one thing that a plan found out.
type Finding struct {
	Level Level     `json:"level"`
	Code  Code      `json:"code"`
	Units int       `json:"units,omitempty"` // other-size, little-room, wrong-size: units; see Code
	Date  time.Time `json:"date,omitzero"`   // retired, retires-…
}

// Input is what was asked of Azure, and when.
type Input struct {
	From     arm.Deployment
	Target   arm.ModelRef // Format and Name may be "": those of From
	Offered  []arm.Model  // what the region offers
	Free     int          // free service capacity for the target under the type
	FreeSaid bool         // whether the region said
	Load     Load         // the busiest minute of what it serves today
	Catalog  *catalog.Catalog
	Now      time.Time
}

// Plan is a migration before it is begun.
type Plan struct {
	From     arm.Deployment
	To       arm.Deployment
	Findings []Finding
}

// Refused tells whether a finding keeps the plan from being carried out.
func (p Plan) Refused() bool {
	for _, f := range p.Findings {
		if f.Level == Refusal {
			return true
		}
	}
	return false
}

// Has finds a finding.
func (p Plan) Has(code Code) (Finding, bool) {
	for _, f := range p.Findings {
		if f.Code == code {
			return f, true
		}
	}
	return Finding{}, false
}

// Rollback is the model to migrate back to.
func (p Plan) Rollback() arm.ModelRef { return p.From.Model }

// soon is how close a retirement must be to be warned of.
const soon = 90 * 24 * time.Hour

// Make plans an in-place migration.
func Make(in Input) Plan {
	p := &Plan{From: in.From, To: in.From}
	target := in.Target
	if target.Name == "" {
		target.Name = in.From.Model.Name
	}
	p.To.Model = arm.ModelRef{Format: in.From.Model.Format, Name: target.Name, Version: target.Version}
	model, offered := p.offer(in, target)
	if offered {
		p.To.Model = model.ModelRef
	}
	p.state()
	if offered {
		p.size(model)
		p.dates(in, model)
		p.room(in)
		p.load(in, model)
	}
	p.family(in)
	if !p.Refused() {
		p.find(Note, Duration)
	}
	return *p
}

func (p *Plan) find(level Level, code Code) *Finding {
	p.Findings = append(p.Findings, Finding{Level: level, Code: code})
	return &p.Findings[len(p.Findings)-1]
}

// state looks at the deployment itself.
func (p *Plan) state() {
	same := strings.EqualFold(p.From.Model.Name, p.To.Model.Name) && p.From.Model.Version == p.To.Model.Version
	switch {
	case same && !p.From.Settled():
		p.find(Refusal, Underway)
	case same:
		p.find(Refusal, SameModel)
	case !p.From.Settled():
		p.find(Refusal, Busy)
	}
}

// offer finds the target in the region's list, under the type it has.
func (p *Plan) offer(in Input, target arm.ModelRef) (arm.Model, bool) {
	return p.offerAs(in.Offered, target, in.From.SKU)
}

func (p *Plan) offerAs(offered []arm.Model, target arm.ModelRef, sku string) (arm.Model, bool) {
	model, name, version := arm.FindModel(offered, target.Name, target.Version, sku)
	switch {
	case !name:
		p.find(Refusal, ModelUnknown)
		return model, false
	case !version:
		p.find(Refusal, VersionUnknown)
		return model, false
	}
	if _, ok := model.SKU(sku); !ok {
		p.find(Refusal, TypeUnsupported)
		return model, false
	}
	return model, true
}

// size checks the size, which stays, against the rule of the target.
func (p *Plan) size(model arm.Model) {
	sku, _ := model.SKU(p.From.SKU)
	if sku.Rule.Check(p.From.Capacity) == nil {
		return
	}
	below, above := sku.Rule.Next(p.From.Capacity)
	f := p.find(Refusal, WrongSize)
	if f.Units = above; below > 0 && p.From.Capacity-below < above-p.From.Capacity {
		f.Units = below
	}
}

func (p *Plan) dates(in Input, model arm.Model) {
	when := model.RetiresAs(p.To.SKU)
	if strings.EqualFold(model.Lifecycle, "Preview") {
		p.find(Warning, Preview)
	}
	if when.IsZero() {
		return
	}
	switch {
	case !in.Now.Before(when):
		p.find(Refusal, Retired).Date = when
	case when.Sub(in.Now) < soon:
		p.find(Warning, RetiresSoon).Date = when
	}
	old, _, known := arm.FindModel(in.Offered, p.From.Model.Name, p.From.Model.Version, p.From.SKU)
	if known && !old.RetiresAs(p.From.SKU).IsZero() && when.Before(old.RetiresAs(p.From.SKU)) {
		p.find(Warning, RetiresEarlier).Date = when
	}
}

// room looks at the free capacity. What the deployment holds today may be
// used for the target or not, nobody says; so too little is a warning, and
// Azure decides.
func (p *Plan) room(in Input) {
	if _, provisioned := ptu.TypeOfSKU(p.From.SKU); !provisioned {
		return
	}
	switch {
	case !in.FreeSaid:
		p.find(Warning, RoomUnknown)
	case in.Free < p.From.Capacity:
		p.find(Warning, LittleRoom).Units = in.Free
	}
}

// load sets the size, which stays, against what is served today.
func (p *Plan) load(in Input, model arm.Model) {
	t, known := throughput(in.Catalog, p.To.Model.Name)
	sku, _ := model.SKU(p.From.SKU)
	if _, provisioned := ptu.TypeOfSKU(p.From.SKU); !provisioned || !known || in.Load.Calls <= 0 {
		return
	}
	level, code, units := Note, SizedByLoad, in.Load.units(t, sku.Rule)
	if units > p.From.Capacity {
		level, code = Warning, TooSmall
	}
	p.find(level, code).Units = units
}

// family tells what changes with the model: what one unit serves above all.
func (p *Plan) family(in Input) {
	if in.Catalog == nil || strings.EqualFold(p.From.Model.Name, p.To.Model.Name) {
		return
	}
	p.find(Note, OtherFamily)
	from, fromKnown := in.Catalog.Model(p.From.Model.Name)
	to, toKnown := in.Catalog.Model(p.To.Model.Name)
	if toKnown && to.NoSpillover && p.From.Spillover != "" {
		p.find(Warning, NoSpillover)
	}
	if !fromKnown || !toKnown || from.Throughput.InputTPMPerPTU <= 0 || to.Throughput.InputTPMPerPTU <= 0 {
		return
	}
	if units := SameTraffic(p.From.Capacity, from.Throughput, to.Throughput); units != p.From.Capacity {
		p.find(Warning, OtherSize).Units = units
	}
}

// SameTraffic is how many units of the target serve what units of the old
// model serve when they are full, calls being the same. The input side is
// counted; a target whose output weighs more needs the more of them, so the
// greater of both sides is taken.
func SameTraffic(units int, from, to ptu.Throughput) int {
	full := from.PerSecond(units)
	input := full / to.PerSecond(1)
	output := input
	if from.OutputRatio > 0 && to.OutputRatio > 0 {
		output = input * to.OutputRatio / from.OutputRatio
	}
	return int(math.Ceil(max(input, output) - 1e-9))
}
