package emulator

import (
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/ingest"
	"github.com/azptu/azptu/internal/emulator/monitor"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/prices"
	"github.com/azptu/azptu/internal/emulator/state"
)

// dataPlane is the data plane of all accounts, and of one.
type dataPlane interface {
	http.Handler
	ForAccount(account string) http.Handler
}

// services are the handlers that stand beside Resource Manager and the token
// service. A nil one is not there, and its paths are unknown.
type services struct {
	data     dataPlane
	insights http.Handler // /providers/Microsoft.Insights of any resource, and metrics:getBatch
	prices   http.Handler // /api/retail/prices
	logs     http.Handler // /v1/workspaces, /v1/rest, /v2/rest
	ingest   http.Handler // /dataCollectionRules, /v1/rest/ingest
	admin    http.Handler // whatever the emulator's own API does not know: faults, metrics
}

// byPath finds the service that owns a path of the first listener.
func (s services) byPath(path string) http.Handler {
	switch folded := strings.ToLower(path); {
	case strings.HasPrefix(folded, "/api/retail/"):
		return s.prices
	case ingest.Paths(folded):
		return s.ingest
	case folded == "/v1/$batch", strings.HasPrefix(folded, "/v1/workspaces/"), strings.HasPrefix(folded, "/v1/rest/"), strings.HasPrefix(folded, "/v2/rest/"):
		return s.logs
	}
	return nil
}

// services makes them.
func (s *Server) services(config Config) (services, error) {
	now := s.State.Clock().Now
	known := &directory{state: s.State, entra: s.Entra}
	metrics, requests := monitor.NewStore(now, 0), &requestLog{}
	s.log = monitor.NewActivity(now)
	s.rows = newDiagnostics(s.State, metrics, config)
	s.log.Tell = s.rows.change
	s.watch = &observed{directory: known, metrics: metrics, requests: requests, log: config.Log, rows: s.rows}
	s.onReset = append(s.onReset, metrics.Reset, requests.reset, s.log.Reset, s.rows.reset)
	data, err := openai.New(openai.Config{
		Directory: expiringDirectory{known, s.faults}, Faults: failing{s.faults}, Tuned: known,
		Observer: s.watch, Catalog: config.Catalog, Now: config.Now, Date: s.State.Clock().Now,
		Seed: config.Seed, Tokens: config.Tokens, Latency: config.Latency,
	})
	if err != nil {
		return services{}, err
	}
	s.onReset = append(s.onReset, data.Reset)
	retail := prices.New(config.Catalog, priced())
	return services{
		data: data, insights: monitor.Insights(monitor.New(metrics, known, now), s.log), prices: retail, logs: s.logs(config), ingest: s.ingest(config),
		admin: s.console(metrics, requests, retail),
	}, nil
}

// priced lists the regions that have prices.
func priced() []prices.Region {
	var out []prices.Region
	for _, r := range state.Regions() {
		out = append(out, prices.Region{Name: r.Name, Display: r.Display, Zone: r.Zone})
	}
	return out
}
