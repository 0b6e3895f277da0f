package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/azptu/azptu/internal/emulator/monitor"
	"github.com/azptu/azptu/internal/exposition"
)

// console is what the emulator's own API offers beside clock and rules:
//
//	GET /state                                   accounts, deployments, clock, faults
//	GET /requests?limit=&deployment=&status=     the newest calls
//	GET, POST, DELETE /faults                    see package fault
//	GET /metrics                                 Prometheus
//	GET /api/retail/prices                       prices without TLS
func (s *Server) console(metrics *monitor.Store, requests *requestLog, prices http.Handler) http.Handler {
	faults := s.faults.Handler()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", s.showState)
	mux.Handle("GET /requests", requests)
	mux.Handle("/faults", faults)
	mux.Handle("/faults/", faults)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var page exposition.Page
		metrics.Expose(&page)
		w.Header().Set("Content-Type", exposition.ContentType)
		_, _ = page.WriteTo(w)
	})
	mux.Handle("/api/retail/prices", prices)
	return mux
}

// showState answers with the whole world in a few words.
func (s *Server) showState(w http.ResponseWriter, _ *http.Request) {
	type deployment struct {
		Name     string `json:"name"`
		SKU      string `json:"sku"`
		Capacity int    `json:"capacity"`
		Model    string `json:"model"`
		Version  string `json:"version"`
		State    string `json:"provisioningState"`
		Paused   bool   `json:"paused,omitempty"`
	}
	type account struct {
		ID          string       `json:"id"`
		Kind        string       `json:"kind"`
		Location    string       `json:"location"`
		Endpoint    string       `json:"endpoint"`
		Deployments []deployment `json:"deployments"`
	}
	accounts := []account{}
	v := s.State.View()
	for _, a := range v.Accounts() {
		one := account{ID: a.ID(), Kind: a.Kind, Location: a.Location, Endpoint: a.Endpoint, Deployments: []deployment{}}
		for _, d := range v.Deployments(a.ID()) {
			one.Deployments = append(one.Deployments, deployment{d.Name, d.SKU, d.InForceCapacity, d.InForceModel.Name, d.InForceModel.Version, d.State, d.Paused})
		}
		slices.SortFunc(one.Deployments, func(a, b deployment) int { return cmp.Compare(a.Name, b.Name) })
		accounts = append(accounts, one)
	}
	slices.SortFunc(accounts, func(a, b account) int { return cmp.Compare(a.ID, b.ID) })
	clock := s.State.Clock()
	reply(w, http.StatusOK, map[string]any{
		"now": clock.Now().UTC().Format(time.RFC3339Nano), "scale": clock.Scale(), "accounts": accounts, "faults": s.faults.List(),
	})
}
