package emulator

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/emulator/arm"
	"github.com/azptu/azptu/internal/emulator/fault"
	"github.com/azptu/azptu/internal/emulator/monitor"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/ptu"
)

// observed hears of every finished call of the data plane and tells metrics,
// the request log and the program's own log.
type observed struct {
	directory *directory
	metrics   *monitor.Store
	requests  *requestLog
	log       *slog.Logger // nil for none
	measures  sync.Map     // deployment id -> *measure
	made      atomic.Int64 // measures so far
	rows      *diagnostics // nil for none
}

// measure is what turns the tokens of a deployment's calls into utilization.
type measure struct {
	epoch      uint64
	throughput ptu.Throughput
	perSecond  float64 // normalized tokens in a second of real time
}

// Observe implements openai.Observer.
func (o *observed) Observe(c *openai.Call) {
	o.requests.add(c)
	if o.log != nil {
		o.log.LogAttrs(context.Background(), slog.LevelDebug, "call", slog.String("deployment", c.Deployment), slog.String("operation", c.Operation),
			slog.Int("status", c.Status), slog.Int("prompt", c.Prompt), slog.Int("completion", c.Completion), slog.Duration("took", c.Duration), slog.String("request", c.RequestID))
	}
	if c.Account == "" {
		return // nobody's call: it had no valid key or token
	}
	seen := monitor.Call{
		Account: c.Account, Region: c.Region, Deployment: c.Deployment, Model: c.Model, Version: c.Version, APIVersion: c.APIVersion,
		Operation: c.Operation, Stream: c.Stream, Spillover: c.IsSpillover, Status: c.Status,
		Prompt: c.Prompt, Cached: c.Cached, Completion: c.Completion, FirstByte: c.TTFT, Duration: c.Duration, Utilization: c.Utilization,
	}
	seen.TextType, seen.Category, seen.Severity = c.Filtered.Text, c.Filtered.Category, c.Filtered.Severity
	seen.Blocked = c.ErrorCode == "content_filter"
	d, ok := o.directory.Deployment(c.Account, c.Deployment)
	switch {
	case ok:
		seen.Account, seen.Format = d.Account, d.Format
	case strings.HasPrefix(c.Account, byToken):
		seen.Account = o.directory.state.View().Default
	}
	if ok && provisioned(c.SKU) {
		m := o.measureOf(d)
		// When virtual time runs faster, a minute of it has room for less.
		seen.Provisioned, seen.PerMinute = true, m.perSecond*60/o.directory.state.Clock().Scale()
		if c.Status < 400 {
			seen.Weight = m.throughput.Weigh(c.Prompt, c.Cached, c.Completion)
		}
	}
	o.metrics.Observe(&seen)
	o.rows.request(seen.Account, c)
}

// mostMeasures is how many deployments are remembered before the memory of them
// is begun anew: those that were deleted are never told.
const mostMeasures = 4096

// measureOf finds the measure of a deployment's present size and model.
func (o *observed) measureOf(d openai.Deployment) *measure {
	if v, ok := o.measures.Load(d.ID); ok && v.(*measure).epoch == d.Epoch {
		return v.(*measure)
	}
	if o.made.Add(1)%mostMeasures == 0 {
		o.measures.Clear()
	}
	t := o.directory.state.Throughput(d.Model)
	m := &measure{epoch: d.Epoch, throughput: t, perSecond: t.PerSecond(d.Capacity)}
	o.measures.Store(d.ID, m)
	return m
}

// provisioned tells the SKUs whose use is a share of what was bought.
func provisioned(sku string) bool {
	_, ok := ptu.TypeOfSKU(sku)
	return ok || sku == ptu.SKUClassic
}

// Resource implements monitor.Resources.
func (d *directory) Resource(id string) (monitor.Resource, bool) {
	v := d.state.View()
	a, ok := v.Account(id)
	if !ok {
		return monitor.Resource{}, false
	}
	region, _ := state.RegionOf(a.Location)
	r := monitor.Resource{ID: a.ID(), Name: a.Name, Group: a.Group, Location: region.Name, Display: region.Display}
	for _, dep := range v.Deployments(id) {
		if provisioned(dep.SKU) {
			r.Deployments = append(r.Deployments, monitor.Deployment{
				Name: dep.Name, Model: dep.InForceModel.Name, Version: dep.InForceModel.Version, Format: dep.InForceModel.Format, Since: dep.Created,
			})
		}
	}
	return r, true
}

// failing asks the faults on the data plane's behalf.
type failing struct{ faults *fault.Set }

// Fault implements openai.Faults.
func (f failing) Fault(_ context.Context, at openai.Place) openai.Fault {
	return openai.Fault(f.faults.Strike(fault.Place{Account: at.Account, Deployment: at.Deployment, Region: at.Region}))
}

// expiringDirectory lets tokens expire when a fault says so; keys do not.
type expiringDirectory struct {
	*directory
	faults *fault.Set
}

// Authorize implements openai.Directory.
func (d expiringDirectory) Authorize(ctx context.Context, hint, key, bearer string) (string, error) {
	if key == "" && strings.Count(bearer, ".") == 2 && d.faults.TokenExpired(fault.Place{Account: hint}) {
		return "", badToken
	}
	return d.directory.Authorize(ctx, hint, key, bearer)
}

// expiringVerifier does the same for Resource Manager.
type expiringVerifier struct {
	verifier
	faults *fault.Set
}

// VerifyARM implements arm.Verifier.
func (v expiringVerifier) VerifyARM(ctx context.Context, token string) (arm.Caller, error) {
	if v.faults.TokenExpired(fault.Place{}) {
		return arm.Caller{}, tokenExpired
	}
	return v.verifier.VerifyARM(ctx, token)
}

// faultyWorld is what faults of the control plane change: the first
// subscription's quota, and the service capacity of regions.
type faultyWorld struct{ *state.Store }

// SetQuota implements fault.World.
func (w faultyWorld) SetQuota(location, row string, limit int) error {
	return w.Store.SetQuota(state.FirstSubscription, location, row, limit)
}

// newFaults makes the emulator's faults. What a percentage hits follows from
// the seed.
func newFaults(world *state.Store, config Config) *fault.Set {
	return fault.New(fault.Config{World: faultyWorld{world}, Wall: config.Now, Luck: rand.New(rand.NewPCG(config.Seed, 0)).Float64})
}

// skewed is the clock that tokens are stamped with.
func skewed(now func() time.Time, faults *fault.Set) func() time.Time {
	return func() time.Time { return now().Add(faults.Skew()) }
}
