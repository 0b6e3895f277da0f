package openai

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/ptu"
)

// meter is the throughput of one deployment: a utilization bucket, or the rate
// limits of a Standard one, and its prompt cache.
type meter struct {
	ptu      *admit.Provisioned // nil on Standard
	tokens   *admit.Leaky       // nil on provisioned
	requests *admit.Leaky       // nil on provisioned
	period   time.Duration      // of requests
	cache    promptCache

	change sync.Mutex
	seen   atomic.Pointer[shape]
}

// shape is what a meter was last made to fit.
type shape struct {
	epoch uint64
	sku   string
	facts facts
}

// meterOf finds the meter of a deployment and fits it to the deployment's
// present size and model.
func (h *Handler) meterOf(d Deployment) (*meter, *facts) {
	if v, ok := h.meters.Load(d.ID); ok {
		m := v.(*meter)
		if s := m.seen.Load(); s.epoch == d.Epoch {
			return m, &s.facts
		}
		if m.fit(h, d) {
			return m, &m.seen.Load().facts
		}
		h.meters.CompareAndDelete(d.ID, v)
	}
	v, _ := h.meters.LoadOrStore(d.ID, h.newMeter(d))
	m := v.(*meter)
	return m, &m.seen.Load().facts
}

func (h *Handler) newMeter(d Deployment) *meter {
	f := h.factsOf(d)
	m := &meter{}
	if ptu.IsStandard(d.SKU) || !isProvisioned(d.SKU) {
		m.tokens = admit.NewLeaky(int64(f.rateTokens), time.Minute)
		m.requests = admit.NewLeaky(int64(f.rateRequests), f.ratePeriod)
		m.period = f.ratePeriod
	} else {
		m.ptu = admit.NewProvisioned(d.Capacity, f.throughput, h.cfg.Parameters)
	}
	m.seen.Store(&shape{d.Epoch, d.SKU, f})
	return m
}

func isProvisioned(sku string) bool {
	_, ok := ptu.TypeOfSKU(sku)
	return ok || sku == ptu.SKUClassic
}

// fit adapts the meter to a changed deployment. It reports false when the
// change is too deep, another kind of SKU or request period, and the meter has
// to be made anew.
func (m *meter) fit(h *Handler, d Deployment) bool {
	m.change.Lock()
	defer m.change.Unlock()
	old := m.seen.Load()
	if old.epoch == d.Epoch {
		return true
	}
	f := h.factsOf(d)
	if isProvisioned(d.SKU) != (m.ptu != nil) || m.ptu == nil && f.ratePeriod != m.period {
		return false
	}
	at := h.at()
	if m.ptu != nil {
		m.ptu.Resize(at, d.Capacity, f.throughput)
	} else {
		m.tokens.Resize(at, int64(f.rateTokens))
		m.requests.Resize(at, int64(f.rateRequests))
	}
	m.seen.Store(&shape{d.Epoch, d.SKU, f})
	return true
}

// Utilization tells how full a provisioned deployment is now, 1 being 100 %.
// ok is false for Standard deployments and for those that were never called.
func (h *Handler) Utilization(deploymentID string) (share float64, ok bool) {
	v, ok := h.meters.Load(deploymentID)
	if !ok || v.(*meter).ptu == nil {
		return 0, false
	}
	return v.(*meter).ptu.Utilization(h.at()), true
}
