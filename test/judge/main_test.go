package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = `{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"noise\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":1.5}
`

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name, events string
		good         bool
		want         []string
		absent       []string
	}{
		{
			"green", head + `{"Action":"pass","Package":"m/a"}`, true,
			[]string{"1 tests in 1 packages: 0 failed, 0 skipped", "1.50 s  m/a TestGood"},
			[]string{"noise"},
		},
		{"nothing ran", "", false, []string{"0 tests"}, nil},
		{"failure keeps its output", head + `{"Action":"output","Package":"m/a","Test":"TestBad","Output":"want 1\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad"}
{"Action":"fail","Package":"m/a"}`, false, []string{"FAIL m/a TestBad\nwant 1\n", "2 failed"}, []string{"noise"}},
		{"a panic leaves a test unfinished", head + `{"Action":"output","Package":"m/a","Test":"TestHung","Output":"panic: timed out\n"}
{"Action":"fail","Package":"m/a"}`, false, []string{"UNFINISHED m/a TestHung\npanic: timed out\n"}, []string{"noise"}},
		{"build failure", `{"ImportPath":"m/b","Action":"build-output","Output":"b.go:1: oops\n"}
{"ImportPath":"m/b","Action":"build-fail"}
{"Action":"fail","Package":"m/b"}`, false, []string{"b.go:1: oops", "m/b (does not build)"}, nil},
		{"allowed skip", head + `{"Action":"output","Package":"m/a","Test":"TestAz","Output":"    az_test.go:3: azure-cli cannot be had: no apt\n"}
{"Action":"skip","Package":"m/a","Test":"TestAz"}
{"Action":"pass","Package":"m/a"}`, true, []string{"skipped: m/a TestAz: azure-cli cannot be had: no apt"}, nil},
		{"allowed test, other reason", head + `{"Action":"output","Package":"m/a","Test":"TestAz","Output":"    az_test.go:3: not today\n"}
{"Action":"skip","Package":"m/a","Test":"TestAz"}
{"Action":"pass","Package":"m/a"}`, false, []string{"SKIP not allowed: m/a TestAz: not today"}, nil},
		{"other skip", head + `{"Action":"skip","Package":"m/a","Test":"TestMore"}
{"Action":"pass","Package":"m/a"}`, false, []string{"SKIP not allowed: m/a TestMore"}, nil},
		{"package without tests", head + `{"Action":"pass","Package":"m/a"}
{"Action":"skip","Package":"m/c"}`, true, []string{"0 skipped"}, nil},
		{"words that are no events", head + `{"Action":"pass","Package":"m/a"}
go: downloading`, true, []string{"go: downloading"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerdict([]skip{{"a", "TestAz", "azure-cli cannot be had"}})
			var out strings.Builder
			if err := v.read(strings.NewReader(c.events), &out); err != nil {
				t.Fatal(err)
			}
			if good := v.print(&out, 3); good != c.good {
				t.Errorf("good = %v, want %v", good, c.good)
			}
			for _, w := range c.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("no %q in:\n%s", w, out.String())
				}
			}
			for _, w := range c.absent {
				if strings.Contains(out.String(), w) {
					t.Errorf("%q in:\n%s", w, out.String())
				}
			}
		})
	}
}

func TestAllowedSkipsAreRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "skips")
	write(t, name, "# comment\n\ntest/azcli TestAz azure-cli cannot\n")
	got, err := readAllowed(name)
	if err != nil || len(got) != 1 || got[0] != (skip{"test/azcli", "TestAz", "azure-cli cannot"}) {
		t.Errorf("got %v, %v", got, err)
	}
	write(t, name, "test/azcli TestAz\n")
	if _, err := readAllowed(name); err == nil {
		t.Error("a skip without a reason was taken")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
