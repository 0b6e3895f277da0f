package login

import (
	"os"
	"path/filepath"
	"testing"
)

// An emulator.json that happens to lie about cannot draw a real identity's
// token to another machine, or to this one.
func TestForeignEmulatorFileIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		doc string
		ok  bool
	}{
		"own":             {`{"armUrl":"https://127.0.0.1:1","authorityUrl":"https://localhost:1","clientId":"c","clientSecret":"s"}`, true},
		"elsewhere":       {`{"armUrl":"https://arm.example.com","authorityUrl":"https://127.0.0.1:1","clientId":"c","clientSecret":"s"}`, false},
		"sign-in away":    {`{"armUrl":"https://127.0.0.1:1","authorityUrl":"https://login.example.com","clientId":"c","clientSecret":"s"}`, false},
		"no identity":     {`{"armUrl":"https://127.0.0.1:1","authorityUrl":"https://127.0.0.1:1"}`, false},
		"loopback-like":   {`{"armUrl":"https://127.0.0.1.example.com","authorityUrl":"https://127.0.0.1:1","clientId":"c","clientSecret":"s"}`, false},
		"user in address": {`{"armUrl":"https://127.0.0.1@example.com","authorityUrl":"https://127.0.0.1:1","clientId":"c","clientSecret":"s"}`, false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "emulator.json"), []byte(c.doc), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(Source{Name: "emulator", EmulatorDirs: []string{dir}}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
