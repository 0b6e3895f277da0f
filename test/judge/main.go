// Command judge reads the output of go test -json, prints what a person wants
// to see of it (failures with their output, skips with their reasons, the
// slowest tests, one total), and exits 1 on a failure or on a skip that the
// list of allowed skips does not name.
//
//	go test -json ./... | go run ./test/judge -skips test/allowed-skips.txt
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

func main() {
	list := flag.String("skips", "", "`file` with the skips that are allowed: package, test and reason, one a line")
	slow := flag.Int("slow", 5, "how many of the slowest tests to name")
	flag.Parse()
	allowed, err := readAllowed(*list)
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(2)
	}
	v := newVerdict(allowed)
	if err := v.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(2)
	}
	if !v.print(os.Stdout, *slow) {
		os.Exit(1)
	}
}

// event is one line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

// verdict gathers the outcome of a run.
type verdict struct {
	allowed  []skip
	output   map[string][]string // by "package test", dropped when it passes
	failed   []string
	skipped  []string
	refused  []string
	times    map[string]float64
	packages int
	tests    int
}

// skip names a test that may be skipped and the words its reason begins with.
type skip struct{ pkg, test, reason string }

func newVerdict(allowed []skip) *verdict {
	return &verdict{allowed: allowed, output: map[string][]string{}, times: map[string]float64{}}
}

// readAllowed reads lines of "package test reason…"; # begins a comment.
func readAllowed(name string) ([]skip, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the allowed skips: %w", err)
	}
	var out []skip
	for i, line := range strings.Split(string(raw), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) < 3 {
			return nil, fmt.Errorf("%s:%d: want a package, a test and the reason", name, i+1)
		}
		out = append(out, skip{words[0], words[1], strings.Join(words[2:], " ")})
	}
	return out, nil
}

// read takes the events; lines that are none (what a build prints) go to out.
func (v *verdict) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				if _, werr := out.Write(line); werr != nil {
					return fmt.Errorf("writing: %w", werr)
				}
			} else {
				v.take(e, out)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading test events: %w", err)
		}
	}
}

func (v *verdict) take(e event, out io.Writer) {
	key := strings.TrimSpace(e.Package + " " + e.Test)
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "build-fail":
		v.failed = append(v.failed, e.ImportPath+" (does not build)")
	case "output":
		v.output[key] = append(v.output[key], e.Output)
	case "pass":
		v.finish(e, key)
	case "fail":
		v.finish(e, key)
		v.failed = append(v.failed, key)
	case "skip":
		v.skip(e, key)
	}
}

func (v *verdict) finish(e event, key string) {
	if e.Test == "" {
		v.packages++
	} else {
		v.tests++
		v.times[key] = e.Elapsed
	}
	if e.Action == "pass" {
		delete(v.output, key)
	}
}

func (v *verdict) skip(e event, key string) {
	if e.Test == "" { // a package without tests
		delete(v.output, key)
		return
	}
	reason := reasonOf(v.output[key])
	delete(v.output, key)
	line := key + ": " + reason
	for _, a := range v.allowed {
		if strings.HasSuffix(e.Package, a.pkg) && a.test == e.Test && strings.HasPrefix(reason, a.reason) {
			v.skipped = append(v.skipped, line)
			return
		}
	}
	v.refused = append(v.refused, line)
}

// reasonOf picks the words given to t.Skip out of a test's output, without the
// file and line in front of them.
func reasonOf(output []string) string {
	var words []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if at, rest, found := strings.Cut(line, ": "); found && strings.Contains(at, ".go:") {
			line = rest
		}
		words = append(words, line)
	}
	return strings.Join(words, " ")
}

// print writes the verdict and says whether the run is good.
func (v *verdict) print(out io.Writer, slow int) bool {
	sort.Strings(v.failed)
	for _, key := range v.failed {
		fmt.Fprintf(out, "FAIL %s\n%s", key, strings.Join(v.output[key], ""))
	}
	for _, key := range v.unfinished() {
		fmt.Fprintf(out, "UNFINISHED %s\n%s", key, strings.Join(v.output[key], ""))
	}
	for _, line := range v.refused {
		fmt.Fprintf(out, "SKIP not allowed: %s\n", line)
	}
	for _, line := range v.skipped {
		fmt.Fprintf(out, "skipped: %s\n", line)
	}
	for _, key := range v.slowest(slow) {
		fmt.Fprintf(out, "slow: %6.2f s  %s\n", v.times[key], key)
	}
	fmt.Fprintf(out, "%d tests in %d packages: %d failed, %d skipped\n",
		v.tests, v.packages, len(v.failed), len(v.skipped)+len(v.refused))
	return len(v.failed) == 0 && len(v.refused) == 0 && v.packages > 0
}

// unfinished names the tests that a package which failed had begun and not
// ended, as a panic or a timeout leaves them.
func (v *verdict) unfinished() []string {
	failed := map[string]bool{}
	for _, key := range v.failed {
		failed[key] = true
	}
	var keys []string
	for key := range v.output {
		pkg, test, _ := strings.Cut(key, " ")
		if test != "" && failed[pkg] && !failed[key] {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys
}

// slowest names the n tests that took longest, subtests left out.
func (v *verdict) slowest(n int) []string {
	var keys []string
	for key := range v.times {
		if !strings.Contains(key[strings.IndexByte(key, ' ')+1:], "/") {
			keys = append(keys, key)
		}
	}
	sort.Slice(keys, func(i, j int) bool { return v.times[keys[i]] > v.times[keys[j]] })
	return keys[:min(n, len(keys))]
}
