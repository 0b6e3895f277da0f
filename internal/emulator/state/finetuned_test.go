package state

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/catalog"
)

// Fine-tuned models are kept with the world, and go with their account.
func TestFineTunedIsKept(t *testing.T) {
	n := byte(0)
	config := Config{
		Clock: NewClock(time.Now, 1), Catalog: catalog.Builtin(), Path: filepath.Join(t.TempDir(), "world.json"),
		Random: func(b []byte) {
			for i := range b {
				n++
				b[i] = n
			}
		},
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	draft := Draft{Subscription: FirstSubscription, Group: FirstGroup, Name: "tuner", Location: "swedencentral", Kind: "OpenAI", SKU: "S0"}
	a, _, err := s.PutAccount(draft, Caller{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.FineTune(a.ID(), ModelRef{Name: "gpt-4o-mini", Version: "2024-07-18"}, "not a suffix"); codeOf(err) != "InvalidResourceProperties" {
		t.Errorf("a bad suffix: %v", err)
	}
	made, err := s.FineTune(a.ID(), ModelRef{Name: "gpt-4o-mini", Version: "2024-07-18"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.FineTune(a.ID(), ModelRef{Name: made.Name}, ""); err == nil {
		t.Error("a fine-tuned model was fine-tuned again")
	}
	again, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	m, ok := again.ModelOf(ModelRef{Name: made.Name, Version: made.Version})
	if !ok || m.Base != made.Base {
		t.Errorf("after a restart: %v, base %v", ok, m.Base)
	}
	if got, want := again.Throughput(made.Name), again.Throughput("gpt-4o-mini"); got != want {
		t.Errorf("throughput %v, that of the base is %v", got, want)
	}
	if _, err := again.DeleteAccount(a.ID(), Match{}); err != nil {
		t.Fatal(err)
	}
	if !again.PurgeAccount(FirstSubscription, "swedencentral", FirstGroup, "tuner") {
		t.Fatal("not purged")
	}
	if _, ok := again.ModelOf(ModelRef{Name: made.Name, Version: made.Version}); ok {
		t.Error("the model outlives its account")
	}
}
