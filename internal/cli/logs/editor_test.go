package logs

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/verb"
)

// The tabulator completes what can stand where the cursor is.
func TestCompletion(t *testing.T) {
	view := calllog.NewView(t.TempDir())
	e := newEditor(os.Stdin, &strings.Builder{}, &pastQueries{}, view)
	for _, c := range []struct{ before, line, want string }{
		{"", "Cal", "Calls "},
		{"", "api", "ApiManagementGatewayL"},
		{"", "ApiManagementGatewayLo", "ApiManagementGatewayLogs "},
		{"", "Calls | summ", "Calls | summarize "},
		{"Calls", "| mv-exp", "| mv-exp"},
		{"", "Calls | where Spill", "Calls | where SpillReason "},
		{"Calls\n| where Status == 200", "| summarize dcounti", "| summarize dcountif "},
		{"", "print 1 | where Spill", "print 1 | where Spill"},
		{"", "Calls | where zzz", "Calls | where zzz"},
	} {
		e.known(c.before)
		line, pos, ok := e.complete(c.line, len(c.line), '\t')
		if !ok || line != c.want || pos != len(line) {
			t.Errorf("%q after %q became %q at %d", c.line, c.before, line, pos)
		}
	}
	if line, pos, ok := e.complete("Calls | where Spil == 1", len("Calls | where Spil"), '\t'); !ok || line != "Calls | where SpillReason  == 1" || pos != len("Calls | where SpillReason ") {
		t.Errorf("in the middle: %q at %d", line, pos)
	}
	if _, _, ok := e.complete("Calls", 5, 'x'); ok {
		t.Error("a letter completes")
	}
}

// Queries are kept for the next time, one a line, in a file of their owner.
func TestHistory(t *testing.T) {
	folder := t.TempDir()
	env := &verb.Env{Getenv: func(name string) string { return map[string]string{"AZPTU_STATE_DIR": folder}[name] }}
	p := history(env)
	p.Add("a line of a query")
	p.keep("Calls\n| take 1\n")
	p.keep("Calls | take 1")
	p.keep("Calls // all\n| count")
	p = history(env)
	var all []string
	for i := range p.Len() {
		all = append(all, p.At(i))
	}
	if want := []string{"| count", "Calls // all", "Calls | take 1"}; !slices.Equal(all, want) {
		t.Errorf("%q, want %q", all, want)
	}
	if info, err := os.Stat(filepath.Join(folder, "logs_history")); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for range maxPast + 10 {
		p.keep(strings.Repeat("x", p.Len()))
	}
	if p.Len() > maxPast {
		t.Errorf("%d are kept", p.Len())
	}
}

// slow hands out a few bytes at a time.
type slow struct {
	text []byte
	step int
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.text[:min(s.step, len(s.text))])
	s.text = s.text[n:]
	return n, nil
}

// Whatever is typed, and in whatever pieces it comes, text comes out.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("żółć \xff\xe2\x82 \xf0\x9f\x98\x80\xef\xbf\xbd\x03"), uint8(1))
	f.Add([]byte("\xe2"), uint8(3))
	f.Add([]byte("0000Ǿ"), uint8(33))
	f.Fuzz(func(t *testing.T, typed []byte, step uint8) {
		k := &keys{in: &slow{bytes.Clone(typed), 1 + int(step)%7}}
		var got []byte
		for buffer := make([]byte, 5); ; {
			n, err := k.Read(buffer)
			if got = append(got, buffer[:n]...); err != nil {
				break
			}
		}
		if !utf8.Valid(got) || bytes.ContainsRune(got, utf8.RuneError) || len(got) != len(typed) || k.interrupted != bytes.ContainsRune(typed, ctrlC) {
			t.Errorf("%q became %q", typed, got)
		}
		if utf8.Valid(typed) && !bytes.ContainsRune(typed, utf8.RuneError) && !bytes.Equal(got, typed) {
			t.Errorf("%q became %q", typed, got)
		}
	})
}
