package migrate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func offered(name, version, lifecycle string, retires time.Time, rule ptu.Rule, skus ...string) arm.Model {
	m := arm.Model{ModelRef: arm.ModelRef{Format: "OpenAI", Name: name, Version: version}, Lifecycle: lifecycle, Retirement: retires}
	for _, sku := range skus {
		m.SKUs = append(m.SKUs, arm.SKU{Name: sku, Rule: rule})
	}
	return m
}

func input() Input {
	far := today.AddDate(1, 0, 0)
	return Input{
		From: arm.Deployment{
			DeploymentRef: arm.DeploymentRef{AccountRef: arm.AccountRef{SubscriptionID: "s", ResourceGroup: "g", Account: "a"}, Deployment: "d"},
			SKU:           ptu.SKUGlobal, Capacity: 100, State: "Succeeded", Model: arm.ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: "2024-08-06"},
			Spillover: "std", RAIPolicy: "strict", Upgrade: "NoAutoUpgrade",
		},
		Target: arm.ModelRef{Version: "2024-11-20"},
		Offered: []arm.Model{
			offered("gpt-4o", "2024-08-06", "GenerallyAvailable", far, ptu.Rule{Minimum: 15, Step: 5}, ptu.SKUGlobal, ptu.SKURegional),
			offered("gpt-4o", "2024-11-20", "GenerallyAvailable", far, ptu.Rule{Minimum: 15, Step: 5}, ptu.SKUGlobal, ptu.SKURegional),
			offered("gpt-4.1", "2025-04-14", "GenerallyAvailable", far, ptu.Rule{Minimum: 15, Step: 5}, ptu.SKUGlobal),
			offered("old", "1", "GenerallyAvailable", today, ptu.Rule{Minimum: 15, Step: 5}, ptu.SKUGlobal),
			offered("soon", "1", "Preview", today.AddDate(0, 0, 30), ptu.Rule{Minimum: 15, Step: 5}, ptu.SKUGlobal),
			offered("steps", "1", "GenerallyAvailable", far, ptu.Rule{Minimum: 40, Step: 40}, ptu.SKUGlobal),
			offered("elsewhere", "1", "GenerallyAvailable", far, ptu.Rule{}, ptu.SKURegional),
		},
		Free: 500, FreeSaid: true, Catalog: catalog.Builtin(), Now: today,
	}
}

func codes(p Plan) string {
	var all []string
	for _, f := range p.Findings {
		all = append(all, string(f.Level)+":"+string(f.Code))
	}
	return strings.Join(all, " ")
}

func TestMake(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"a newer version", func(*Input) {}, "note:duration"},
		{"the same", func(in *Input) { in.Target.Version = "2024-08-06" }, "refusal:same-model"},
		{"already on its way", func(in *Input) { in.From.State, in.Target.Version = "Updating", "2024-08-06" }, "refusal:underway"},
		{"busy with something else", func(in *Input) { in.From.State = "Updating" }, "refusal:busy"},
		{"no such model", func(in *Input) { in.Target = arm.ModelRef{Name: "gpt-9", Version: "1"} }, "refusal:model-unknown note:other-family"},
		{"no such version", func(in *Input) { in.Target.Version = "1999-01-01" }, "refusal:version-unknown"},
		{"not under this type", func(in *Input) { in.Target = arm.ModelRef{Name: "elsewhere", Version: "1"} }, "refusal:type-unsupported note:other-family"},
		{"a size it may not have", func(in *Input) { in.Target = arm.ModelRef{Name: "steps", Version: "1"} }, "refusal:wrong-size note:other-family"},
		{"retired", func(in *Input) { in.Target = arm.ModelRef{Name: "old", Version: "1"} }, "refusal:retired warning:retires-earlier note:other-family"},
		{"retires soon, preview", func(in *Input) { in.Target = arm.ModelRef{Name: "soon", Version: "1"} }, "warning:preview warning:retires-soon warning:retires-earlier note:other-family note:duration"},
		{"little room", func(in *Input) { in.Free = 40 }, "warning:little-room note:duration"},
		{"its load fits", func(in *Input) { in.Load = Load{Calls: 60, Prompt: 60000, Output: 12000} }, "note:sized-by-load note:duration"},
		{"its load does not fit", func(in *Input) { in.Load = Load{Calls: 600, Prompt: 600000, Output: 120000} }, "warning:too-small note:duration"},
		{"room not said", func(in *Input) { in.FreeSaid = false }, "warning:room-unknown note:duration"},
		{"another family", func(in *Input) { in.Target = arm.ModelRef{Name: "gpt-4.1", Version: "2025-04-14"} }, "note:other-family warning:other-size note:duration"},
	} {
		in := input()
		c.change(&in)
		if got := codes(Make(in)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPlanKeepsEverythingElse(t *testing.T) {
	p := Make(input())
	want := p.From
	want.Model.Version = "2024-11-20"
	if p.To.Model != want.Model || p.To.Capacity != 100 || p.To.Spillover != "std" || p.To.RAIPolicy != "strict" || p.To.Upgrade != "NoAutoUpgrade" || p.To.SKU != want.SKU {
		t.Errorf("%+v", p.To)
	}
	if p.Rollback() != p.From.Model {
		t.Errorf("rollback to %+v", p.Rollback())
	}
}

func TestWrongSizeNamesTheNearest(t *testing.T) {
	in := input()
	in.Target = arm.ModelRef{Name: "steps", Version: "1"}
	in.From.Capacity = 90
	if f, ok := Make(in).Has(WrongSize); !ok || f.Units != 80 {
		t.Errorf("90 in steps of 40: %+v", f)
	}
}

func TestSameTraffic(t *testing.T) {
	gpt4o := ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}
	for _, c := range []struct {
		to   ptu.Throughput
		want int
	}{
		{ptu.Throughput{InputTPMPerPTU: 3000, OutputRatio: 4}, 84},
		{ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}, 100},
		{ptu.Throughput{InputTPMPerPTU: 3400, OutputRatio: 8}, 148},
		{ptu.Throughput{InputTPMPerPTU: 37000, OutputRatio: 4}, 7},
	} {
		if got := SameTraffic(100, gpt4o, c.to); got != c.want {
			t.Errorf("100 units of gpt-4o on %+v: %d, want %d", c.to, got, c.want)
		}
	}
}

type azure struct {
	now arm.Deployment
	put *arm.Deployment
}

func (a *azure) Deployment(context.Context, arm.DeploymentRef) (arm.Deployment, error) {
	return a.now, nil
}
func (a *azure) PutDeployment(_ context.Context, d arm.Deployment) (*arm.Operation, error) {
	a.put = &d
	return nil, nil
}

func TestBegin(t *testing.T) {
	p := Make(input())
	a := &azure{now: p.From}
	if _, err := Begin(context.Background(), a, p); err != nil || a.put == nil || a.put.Model.Version != "2024-11-20" {
		t.Errorf("%v, sent %+v", err, a.put)
	}
	for name, change := range map[string]func(*arm.Deployment){
		"resized":  func(d *arm.Deployment) { d.Capacity = 200 },
		"migrated": func(d *arm.Deployment) { d.Model.Version = "2024-05-13" },
		"busy":     func(d *arm.Deployment) { d.State = "Updating" },
	} {
		a := &azure{now: p.From}
		change(&a.now)
		if _, err := Begin(context.Background(), a, p); !errors.Is(err, ErrChanged) || a.put != nil {
			t.Errorf("%s by someone else: %v, sent %+v", name, err, a.put)
		}
	}
	in := input()
	in.Target.Version = "1999-01-01"
	a = &azure{now: in.From}
	if _, err := Begin(context.Background(), a, Make(in)); !errors.Is(err, ErrRefused) || a.put != nil {
		t.Errorf("a refused plan: %v, sent %+v", err, a.put)
	}
	in = input()
	in.From.State, in.Target.Version = "Updating", "2024-08-06"
	if op, err := Begin(context.Background(), &azure{now: in.From}, Make(in)); op != nil || err != nil {
		t.Errorf("a migration under way is not sent again: %v, %v", op, err)
	}
}

func TestDone(t *testing.T) {
	p := Make(input())
	if p.Done(p.From) {
		t.Error("not begun is not done")
	}
	updating := p.To
	updating.State = "Updating"
	if p.Done(updating) || !p.Done(p.To) {
		t.Error("done is when the state says Succeeded with the new model")
	}
}
