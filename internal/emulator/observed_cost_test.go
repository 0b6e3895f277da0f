package emulator

import (
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/ptu"
)

// What every call of the data plane pays for being watched: metrics, the
// request log, Prometheus.
func BenchmarkObserve(b *testing.B) {
	s, err := Start(b.Context(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	watch := s.watch
	account := strings.ToLower(state.Account{Subscription: s.Endpoints.SubscriptionID, Group: s.Endpoints.ResourceGroup, Name: s.Endpoints.Account}.ID())
	c := openai.Call{
		At: time.Now(), Account: account, Deployment: state.RoomyDeployment, Model: "gpt-4o", Version: "2024-08-06", SKU: ptu.SKURegional, Region: "East US",
		Operation: "ChatCompletions_Create", APIVersion: "2024-10-21", Status: 200, RequestID: "r", Prompt: 256, Completion: 64, TTFT: time.Millisecond, Duration: time.Millisecond,
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			watch.Observe(&c)
		}
	})
}
