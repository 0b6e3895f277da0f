package logs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	xterm "golang.org/x/term"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/sig"
	"github.com/azptu/azptu/internal/settings"
)

// editor edits lines on a terminal, with the queries of former times and with
// completion of what the tables have.
type editor struct {
	in     *os.File
	out    io.Writer
	keys   *keys
	width  int // of the terminal when a line was last asked for; 0 when it does not say
	screen *xterm.Terminal
	past   *pastQueries
	view   *calllog.View
	before string // what the query says above the line
}

func newEditor(in *os.File, out io.Writer, past *pastQueries, view *calllog.View) *editor {
	e := &editor{in: in, out: out, past: past, view: view}
	e.begin()
	return e
}

// begin makes the screen anew, without what was typed.
func (e *editor) begin() {
	e.keys = &keys{in: e.in}
	e.screen = xterm.NewTerminal(struct {
		io.Reader
		io.Writer
	}{e.keys, e.out}, "")
	e.screen.History = e.past
	e.screen.AutoCompleteCallback = e.complete
}

// errInterrupted says that what was typed so far is not wanted.
var errInterrupted = errors.New("interrupted")

// next reads a line with the terminal to itself: while a query runs, the
// terminal is as it was, so that it can be interrupted.
func (e *editor) next(prompt string) (string, error) {
	fd := int(e.in.Fd())
	before, err := xterm.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	if width, height, err := xterm.GetSize(fd); err == nil {
		_ = e.screen.SetSize(width, height) // a wrong width only looks odd
		e.width = width
	}
	e.screen.SetPrompt(prompt)
	e.screen.SetBracketedPasteMode(true) // a tabulator in pasted text completes nothing
	line, err := e.screen.ReadLine()
	e.screen.SetBracketedPasteMode(false)
	switch {
	case errors.Is(err, xterm.ErrPasteIndicator):
		err = nil
	case errors.Is(err, io.EOF) && e.keys.interrupted:
		line, err = "", errInterrupted
		_, _ = io.WriteString(e.out, "^C\r\n")
		e.begin()
	}
	return line, errors.Join(err, xterm.Restore(fd, before))
}

func (e *editor) remember(query string) { e.past.keep(query) }
func (e *editor) known(before string)   { e.before = before }

// complete finishes the word before the cursor when the tabulator is pressed.
func (e *editor) complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	start := pos
	for start > 0 && isWord(line[start-1]) {
		start--
	}
	found := matching(candidates(e.view, e.before+"\n"+line[:start], e.before+"\n"+line), line[start:pos])
	common := commonPrefix(found)
	if len(common) <= pos-start {
		if len(found) > 1 {
			_, _ = io.WriteString(e.screen, strings.Join(found[:min(len(found), 60)], "  ")+"\n")
		}
		return line, pos, true
	}
	if len(found) == 1 {
		common += " "
	}
	return line[:start] + common + line[pos:], start + len(common), true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// candidates are the words that may stand after before in a query.
func candidates(view *calllog.View, before, whole string) []string {
	tables := view.TableNames()
	trimmed := strings.TrimRight(before, " \t\r\n")
	switch {
	case trimmed == "" || strings.HasSuffix(trimmed, ";") || strings.HasSuffix(trimmed, "("):
		return append(tables, functions()...)
	case strings.HasSuffix(trimmed, "|"):
		return ast.OperatorNames()
	}
	words := append(functions(), tables...)
	for _, name := range tables {
		if table, ok := view.Table(name); ok && strings.Contains(whole, name) {
			for _, c := range table.Schema() {
				words = append(words, c.Name)
			}
		}
	}
	return append(words, "by", "on", "asc", "desc", "and", "or", "in", "has", "contains", "startswith", "between", "kind")
}

func functions() []string {
	return append(slices.Clone(sig.ScalarNames()), sig.AggregateNames()...)
}

// matching are the words that begin like one, in any case of letters, each once.
func matching(words []string, begin string) []string {
	var found []string
	for _, w := range words {
		if len(w) >= len(begin) && strings.EqualFold(w[:len(begin)], begin) {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func commonPrefix(words []string) string {
	if len(words) == 0 {
		return ""
	}
	common := words[0]
	for _, w := range words[1:] {
		n := 0
		for n < len(common) && n < len(w) && common[n] == w[n] {
			n++
		}
		common = common[:n]
	}
	return common
}

// maxPast is how many queries are remembered.
const maxPast = 500

// pastQueries are those of former times, the newest last, in a file that only
// its owner reads. What cannot be kept is not: a history is no reason to fail.
type pastQueries struct {
	path string // "" keeps none
	all  []string
}

func history(env *verb.Env) *pastQueries {
	p := &pastQueries{}
	if folder := settings.FindFolders(env.Getenv).State; folder != "" {
		p.path = filepath.Join(folder, "logs_history")
		if raw, err := os.ReadFile(p.path); err == nil {
			p.all = strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' })
			p.all = p.all[max(0, len(p.all)-maxPast):]
		}
	}
	return p
}

// keep adds a query. One of several lines becomes one line, unless a remark in
// it would swallow what follows.
func (p *pastQueries) keep(query string) {
	lines := []string{strings.Join(strings.Fields(query), " ")}
	if strings.Contains(query, "//") {
		lines = strings.Split(query, "\n")
	}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && (len(p.all) == 0 || p.all[len(p.all)-1] != line) {
			p.all = append(p.all, line)
		}
	}
	p.all = p.all[max(0, len(p.all)-maxPast):]
	if p.path == "" {
		return
	}
	if os.MkdirAll(filepath.Dir(p.path), 0o700) == nil {
		_ = os.WriteFile(p.path, []byte(strings.Join(p.all, "\n")+"\n"), 0o600)
	}
}

// Add is called for every line; whole queries are kept instead.
func (p *pastQueries) Add(string) {}

// Len tells how many there are.
func (p *pastQueries) Len() int { return len(p.all) }

// At gives one, the newest at 0.
func (p *pastQueries) At(i int) string { return p.all[len(p.all)-1-i] }
