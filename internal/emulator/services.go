package emulator

import (
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/openai"
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
	ingest   http.Handler // /dataCollectionRules
	admin    http.Handler // whatever the emulator's own API does not know: faults, metrics
}

// byPath finds the service that owns a path of the first listener.
func (s services) byPath(path string) http.Handler {
	switch folded := strings.ToLower(path); {
	case strings.HasPrefix(folded, "/api/retail/"):
		return s.prices
	case strings.HasPrefix(folded, "/v1/workspaces/"), strings.HasPrefix(folded, "/v1/rest/"), strings.HasPrefix(folded, "/v2/rest/"):
		return s.logs
	case strings.HasPrefix(folded, "/datacollectionrules/"):
		return s.ingest
	}
	return nil
}

// services makes them.
func (s *Server) services(config Config) (services, error) {
	data, err := openai.New(openai.Config{
		Directory: &directory{state: s.State, entra: s.Entra}, Catalog: config.Catalog, Now: config.Now, Date: s.State.Clock().Now,
		Seed: config.Seed, Tokens: config.Tokens, Latency: config.Latency,
	})
	if err != nil {
		return services{}, err
	}
	return services{data: data}, nil
}
