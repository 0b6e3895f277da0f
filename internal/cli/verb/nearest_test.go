package verb

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	commands := []string{"list-projects", "list-deployments", "set-project", "show-config", "show", "set", "version", "model-format", "model-name"}
	for word, want := range map[string]string{
		"verion": "version", "shwo": "show", "list-project": "list-projects", "list-dep": "list-deployments", "SHOW": "show", "model": "model-name", "set-projet": "set-project",
		"x": "", "": "", "kubectl": "", strings.Repeat("a", 10_000): "",
	} {
		if got := Nearest(word, commands); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
