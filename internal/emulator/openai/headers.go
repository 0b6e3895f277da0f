package openai

import (
	"net/http"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/admit"
)

// Header values that never change. They are shared: nobody may write to them.
var (
	jsonType    = []string{"application/json"}
	streamType  = []string{"text/event-stream; charset=utf-8"}
	nosniff     = []string{"nosniff"}
	transport   = []string{"max-age=31536000; includeSubDomains; preload"}
	noBuffering = []string{"no"}
	yes         = []string{"true"}
	no          = []string{"false"}
	pythonFalse = []string{"False"}
	sixty       = []string{"60"}
	noCache     = []string{"no-cache, must-revalidate"}
	anyOrigin   = []string{"*"}
	modelBuild  = []string{"d20260330170902-0e618f323d34"}
	legacyBuild = []string{"d060-20240328183338"}
)

func itoa(n int) string { return strconv.Itoa(n) }

// commonHeaders are on every answer of the front end, refusals included.
func (x *exchange) commonHeaders(h http.Header) {
	h["Strict-Transport-Security"] = transport
	h["X-Content-Type-Options"] = nosniff
	id := x.one(x.requestID)
	h["Apim-Request-Id"] = id
	if client := x.r.Header["X-Ms-Client-Request-Id"]; len(client) == 1 && len(client[0]) <= 128 {
		h["X-Ms-Client-Request-Id"] = client
	} else if x.target.operation == opNone || x.call.Model == "" || legacy(x.call.Model) || !x.call.Stream {
		h["X-Ms-Client-Request-Id"] = id
	}
	if x.call.Region != "" {
		h["X-Ms-Region"] = x.one(x.call.Region)
	}
}

// modelHeaders are on answers that a model gave. Their set grew: what answers
// for the older models is as recorded in 2024, the others as in 2026.
func (x *exchange) modelHeaders(h http.Header, g *grant) {
	x.commonHeaders(h)
	h["X-Request-Id"] = x.one(x.h.newUUID())
	h["X-Accel-Buffering"] = noBuffering
	h["X-Ms-Rai-Invoked"] = yes
	if g.facts.legacy {
		h["Azureml-Model-Session"] = legacyBuild
		if !x.call.Stream {
			h["Cache-Control"] = noCache
			h["Access-Control-Allow-Origin"] = anyOrigin
			h["Cmp-Upstream-Response-Duration"] = x.one(itoa(int(x.h.cfg.Now().Sub(x.started) / time.Millisecond)))
		}
	} else {
		h["Azureml-Model-Session"] = modelBuild
	}
	x.placeHeaders(h, g)
	x.throughputHeaders(h, g, g.facts.legacy)
}

// throughputHeaders show how full the deployment is.
func (x *exchange) throughputHeaders(h http.Header, g *grant, legacy bool) {
	if g.meter.ptu != nil {
		h["Azure-Openai-Deployment-Utilization"] = x.one(percent(g.meter.ptu.Utilization(x.h.at())))
		return
	}
	x.limitHeaders(h, g.meter, x.h.at(), legacy)
}

// placeHeaders say which deployment answered, and for whom.
func (x *exchange) placeHeaders(h http.Header, g *grant) {
	if g.facts.legacy && g.spilledFrom == "" {
		return
	}
	h["X-Ms-Deployment-Name"] = x.one(g.dep.Name)
	h["X-Ms-Is-Spilled-Over"] = no
	if g.spilledFrom != "" {
		h["X-Ms-Is-Spilled-Over"] = yes
		h["X-Ms-Spillover-From-Deployment"] = x.one(g.spilledFrom)
	}
}

// limitHeaders show what is left of a Standard deployment's rate limits.
func (x *exchange) limitHeaders(h http.Header, m *meter, at time.Duration, legacy bool) {
	h["X-Ratelimit-Remaining-Requests"] = x.one(strconv.FormatInt(m.requests.Remaining(at), 10))
	h["X-Ratelimit-Remaining-Tokens"] = x.one(strconv.FormatInt(m.tokens.Remaining(at), 10))
	if legacy {
		return
	}
	h["X-Ratelimit-Limit-Requests"] = x.one(strconv.FormatInt(m.requests.Limit(), 10))
	h["X-Ratelimit-Limit-Tokens"] = x.one(strconv.FormatInt(m.tokens.Limit(), 10))
	h["X-Ratelimit-Reset-Requests"] = x.one(milliseconds(m.requests.Reset(at)))
	h["X-Ratelimit-Reset-Tokens"] = x.one(milliseconds(m.tokens.Reset(at)))
	h["X-Ratelimit-Renewalperiod-Requests"] = x.one(itoa(int(m.period / time.Second)))
	h["X-Ratelimit-Renewalperiod-Tokens"] = sixty
	h["X-Ratelimit-Abusepenalty-Active"] = pythonFalse
}

// retryHeaders tell how long to wait. retry-after-ms is exact: a call at that
// instant is admitted if no other arrives.
func (x *exchange) retryHeaders(h http.Header, p *problem) {
	if p.wait <= 0 {
		return
	}
	h["Retry-After-Ms"] = x.one(milliseconds(p.wait))
	h["Retry-After"] = x.one(strconv.FormatInt(max(admit.RetryAfterSeconds(p.wait), 1), 10))
}

func milliseconds(d time.Duration) string {
	return strconv.FormatInt(admit.RetryAfterMilliseconds(d), 10)
}

// percent writes a utilization as the service does, "87.4%".
func percent(share float64) string {
	var room [24]byte
	return string(append(strconv.AppendFloat(room[:0], share*100, 'f', 1, 64), '%'))
}
