package openai

import (
	"time"

	"github.com/azptu/azptu/internal/admit"
)

// demand is what a call asks of a deployment.
type demand struct {
	maxTokens int                              // completion tokens it allows itself; 0: none said
	choices   int                              // completions asked for
	count     func(model string, f *facts) int // prompt tokens, as a model counts them
	cached    func(m *meter, f *facts) int     // prompt tokens that are in the cache; nil: none

	unbounded bool // the prompt is many texts, each of which was checked before
}

// grant is the claim of an admitted call. It must be settled once.
type grant struct {
	dep         Deployment
	facts       *facts
	meter       *meter
	ticket      admit.Ticket
	prompt      int
	cached      int
	maxTokens   int
	reserved    int64  // tokens claimed of a Standard deployment's limit
	spilledFrom string // the deployment that this one took over for
	fault       Fault
	settled     bool
}

// admit brings the call to the deployment and, when that refuses for a reason
// that spills over, to the one that takes over. If the second refuses too, the
// first one's answer stands, with the second's status in a header (Microsoft,
// spill-over article, 2026-03-04).
func (x *exchange) admit(d Deployment, need demand) (*grant, *problem) {
	g, p := x.enter(d, need)
	if p == nil || !p.spills || !isProvisioned(d.SKU) {
		return g, p
	}
	second, ok := x.takesOver(d)
	if !ok {
		return nil, p
	}
	refused := x.call
	refused.Status, refused.ErrorCode = p.status, p.code
	taken, p2 := x.enter(second, need)
	if p2 != nil {
		failed := x.call
		failed.Status, failed.ErrorCode, failed.IsSpillover = p2.status, p2.code, true
		x.hidden = append(x.hidden, failed)
		x.call = refused
		x.call.Status = 0 // the answer tells
		x.w.Header()["X-Ms-Spillover-Error"] = x.one(itoa(p2.status))
		return nil, p
	}
	x.hidden = append(x.hidden, refused)
	taken.spilledFrom = d.Name
	x.call.IsSpillover = true
	return taken, nil
}

// takesOver finds the deployment that a provisioned one spills over to: by its
// property or, only when that is not set, by the request's header. It must be a
// Standard deployment of the same account.
func (x *exchange) takesOver(d Deployment) (Deployment, bool) {
	name := d.Spillover
	if name == "" {
		name = x.r.Header.Get("x-ms-spillover-deployment")
	}
	if _, f := x.h.meterOf(d); name == "" || f.noSpill {
		return Deployment{}, false
	}
	second, ok := x.h.cfg.Directory.Deployment(x.account, name)
	return second, ok && !isProvisioned(second.SKU)
}

// enter brings the call to one deployment.
func (x *exchange) enter(d Deployment, need demand) (*grant, *problem) {
	m, f := x.h.meterOf(d)
	x.call.Deployment, x.call.Model, x.call.Version, x.call.SKU = d.Name, d.Model, d.Version, d.SKU
	x.call.Region, x.call.Utilization = d.LocationDisplay, 0
	g := x.grant()
	g.dep, g.facts, g.meter, g.maxTokens = d, f, m, need.maxTokens
	if p := x.suffer(g); p != nil {
		return nil, p
	}
	if p := x.answers(d); p != nil {
		return nil, p
	}
	g.prompt = need.count(d.Model, f)
	x.call.Prompt = g.prompt
	if p := tooLong(g, need); p != nil {
		return nil, p
	}
	if need.cached != nil {
		g.cached = min(need.cached(m, f), g.prompt)
	}
	x.call.Cached = g.cached
	if p := x.charge(g, need); p != nil {
		p.from = g
		return nil, p
	}
	return g, nil
}

// grant makes room for one; a call reaches two deployments at most.
func (x *exchange) grant() *grant {
	if x.granted == len(x.grants) {
		return new(grant)
	}
	x.granted++
	return &x.grants[x.granted-1]
}

// suffer lets faults happen.
func (x *exchange) suffer(g *grant) *problem {
	if x.h.cfg.Faults == nil {
		return nil
	}
	g.fault = x.h.cfg.Faults.Fault(x.ctx, Place{
		Account: x.account, Deployment: g.dep.Name, Region: g.dep.Location,
		Operation: operationIDs[x.target.operation], Stream: x.call.Stream,
	})
	if g.fault.Delay > 0 && x.h.cfg.Sleep(x.ctx, g.fault.Delay) != nil {
		return abandoned()
	}
	switch {
	case g.fault.Hang:
		<-x.ctx.Done()
		return abandoned()
	case g.fault.Reset:
		x.reset()
		return abandoned()
	case g.fault.Status != 0:
		return x.h.faulty(g.fault, g.dep, x.requestID)
	}
	return nil
}

// abandoned stands for an answer that nobody waits for.
func abandoned() *problem { return &problem{status: gone} }

// answers tells whether the deployment is in a state to work.
func (x *exchange) answers(d Deployment) *problem {
	switch {
	case d.State == "Creating" || d.State == "Accepted" || d.State == "Deleting":
		return deploymentNotFound()
	case d.Paused:
		return paused()
	case !d.Retired.IsZero() && !x.h.cfg.Date().Before(d.Retired):
		return retired(d)
	}
	return nil
}

// tooLong checks the prompt against the context. On provisioned throughput a
// prompt past the published limit is refused so that it can spill over.
func tooLong(g *grant, need demand) *problem {
	f := g.facts
	if need.unbounded {
		return nil
	}
	if isProvisioned(g.dep.SKU) && f.ptuInput > 0 && g.prompt >= f.ptuInput {
		p := contextTooLong(true, f.ptuInput, g.prompt, 0)
		p.spills = true
		return p
	}
	if f.input > 0 && g.prompt > f.input {
		return contextTooLong(true, f.input, g.prompt, 0)
	}
	if g.prompt > f.context {
		return contextTooLong(false, f.context, g.prompt, 0)
	}
	if f.chats && need.maxTokens > 0 && g.prompt+need.maxTokens > f.context {
		return contextTooLong(false, f.context, g.prompt, need.maxTokens)
	}
	return nil
}

// charge asks the meter.
func (x *exchange) charge(g *grant, need demand) *problem {
	at := x.h.at()
	if g.meter.ptu != nil {
		ticket, wait, ok := g.meter.ptu.Admit(at, g.prompt, g.cached, need.maxTokens*need.choices)
		if !ok {
			x.call.Utilization = g.meter.ptu.Utilization(at)
			return x.h.overUtilized(g.dep, wait)
		}
		g.ticket = ticket
		return nil
	}
	op, version := operationIDs[x.target.operation], x.target.apiVersion
	if wait, ok := g.meter.requests.Reserve(at, 1); !ok {
		return g.limited(overCalls(op, version, wait))
	}
	g.reserved = int64(g.prompt + need.maxTokens*need.choices)
	if wait, ok := g.meter.tokens.Reserve(at, g.reserved); !ok {
		g.meter.requests.Settle(at, 1, 0)
		return g.limited(overTokens(op, version, wait))
	}
	return nil
}

// limited gives a refusal by rate limit the shape of the model's version.
func (g *grant) limited(p *problem) *problem {
	if g.facts.busy424 {
		return modelBusy(p.wait)
	}
	return p
}

// settle corrects the claim to what the call really used. A Standard
// deployment's limit counts what was asked for and gives nothing back
// (Microsoft, quota article); where no maximum was said, what was written is
// added when it is known, which is ours.
func (x *exchange) settle(g *grant, completion int) {
	if g == nil || g.settled {
		return
	}
	g.settled = true
	x.call.Completion = completion
	at := x.h.at()
	if g.meter.ptu != nil {
		g.meter.ptu.Settle(at, g.ticket, g.prompt, g.cached, completion)
		x.call.Utilization = g.meter.ptu.Utilization(at)
		return
	}
	if g.maxTokens == 0 && completion > 0 {
		g.meter.tokens.Settle(at, 0, int64(completion))
	}
}

// cancel gives the whole claim back: no work was done.
func (x *exchange) cancel(g *grant) {
	if g == nil || g.settled {
		return
	}
	g.settled = true
	x.call.Prompt, x.call.Cached, x.call.Completion = 0, 0, 0
	at := x.h.at()
	if g.meter.ptu != nil {
		g.meter.ptu.Cancel(at, g.ticket)
		x.call.Utilization = g.meter.ptu.Utilization(at)
		return
	}
	g.meter.tokens.Settle(at, g.reserved, 0)
}

// deployment finds the deployment that a request names.
func (x *exchange) deployment(model string) (Deployment, *problem) {
	name := x.target.deployment
	if name == "" {
		if len(model) == 0 {
			return Deployment{}, invalid("missing_required_parameter", "model", "Missing required parameter: 'model'.")
		}
		name = model
	}
	d, ok := x.h.cfg.Directory.Deployment(x.account, name)
	if !ok {
		return Deployment{}, deploymentNotFound()
	}
	if d.Account != "" {
		x.account = d.Account // a token may be good for several accounts
	}
	return d, nil
}

// wait sleeps on the wall clock until so long after the call began; it reports
// false when the client has left.
func (x *exchange) wait(since time.Duration) bool {
	left := since - x.h.cfg.Now().Sub(x.started)
	if left <= 0 {
		return x.ctx.Err() == nil
	}
	return x.h.cfg.Sleep(x.ctx, left) == nil
}
