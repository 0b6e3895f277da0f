package gateway

import (
	"sync"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/gateway/telemetry"
	"github.com/azptu/azptu/internal/route"
)

// memory is what outlives a configuration: standings of backends, retry
// budgets, waiting rooms. Whatever keeps its name keeps its state. What is spent
// of limits is kept elsewhere (limits.go).
type memory struct {
	mu        sync.Mutex
	standings map[string]*standing
	telemetry *telemetry.Telemetry
	told      string // what telemetry was made of
	rooms     map[string]*room
	tokens    map[config.Auth]*tokenCache
	budget    *route.Budget
	held      held
}

func newMemory() *memory {
	return &memory{
		standings: map[string]*standing{},
		rooms:     map[string]*room{},
		tokens:    map[config.Auth]*tokenCache{},
	}
}

// standing finds what is known of a backend. A backend that now points
// elsewhere is another one.
// What it has to learn of c it learns from commit, once c is taken into service.
func (m *memory) standing(b config.Backend, c *config.Config, k *catalog.Catalog, at time.Duration) (s *standing, commit func(at time.Duration)) {
	id := b.Name + "\x00" + b.Endpoint.Host + "\x00" + b.Deployment + "\x00" + string(b.Kind)
	s, ok := m.standings[id]
	if !ok {
		s = &standing{breaker: route.NewBreaker(c.Breaker), started: at}
		if b.Kind == config.PTU {
			s.predictor = admit.NewPredictor(prediction(b, c.Prediction, k))
		}
		m.standings[id] = s
	}
	return s, func(at time.Duration) {
		s.breaker.SetRule(c.Breaker)
		if s.predictor != nil {
			s.predictor.Resize(at, prediction(b, c.Prediction, k))
		}
	}
}

func (m *memory) room(pool string) *room {
	r, ok := m.rooms[pool]
	if !ok {
		r = newRoom()
		m.rooms[pool] = r
	}
	return r
}

// held remembers which backend holds what it made: responses, files, batches.
// It is bounded; the older half is forgotten when it is full.
type held struct {
	mu       sync.Mutex
	now, old map[string]string // id → backend's name
}

const maxHeld = 100_000

func (h *held) put(id, backend string) {
	if id == "" || len(id) > 256 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil || len(h.now) >= maxHeld/2 {
		h.old, h.now = h.now, map[string]string{}
	}
	h.now[id] = backend
}

func (h *held) find(id string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b, ok := h.now[id]; ok {
		return b
	}
	return h.old[id]
}
