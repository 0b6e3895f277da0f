package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

// newShell asks query after query. A query ends with a semicolon or an empty
// line; words that begin with a point are commands of the shell.
func newShell(env *verb.Env) *cobra.Command {
	s := &shell{queryOptions: queryOptions{env: env}}
	cmd := verb.Command(env, verb.Spec{Use: "shell", Help: "logs.shell", Run: func(ctx context.Context, _ []string) error { return s.run(ctx) }})
	s.bind(cmd)
	cmd.Flags().DurationVar(&s.since, "since", 0, "logs.flag.since")
	return cmd
}

type shell struct {
	queryOptions
	view *calllog.View
	text []string // lines of the query so far
}

// lines is where a shell reads from. The error is io.EOF at the end, and
// errInterrupted where somebody begins anew.
type lines interface {
	next(prompt string) (string, error)
	// remember keeps a query for the next time.
	remember(query string)
	// known tells what the query says so far, for completion.
	known(before string)
}

func (s *shell) run(ctx context.Context) error {
	var err error
	if s.view, s.dir, err = s.open(s.env); err != nil {
		return err
	}
	in, talkative := s.reader()
	if talkative {
		s.env.Note(s.env.T("logs.shell.welcome", "Path", s.dir))
	}
	for ctx.Err() == nil {
		prompt := "kql> "
		if len(s.text) > 0 {
			prompt = "...> "
		}
		in.known(strings.Join(s.text, "\n"))
		line, err := in.next(prompt)
		if errors.Is(err, errInterrupted) {
			if s.text == nil {
				s.env.Note(s.env.T("logs.shell.leave"))
			}
			s.text = nil
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading the query: %w", err)
		}
		if e, ok := in.(*editor); ok && e.width > 0 && s.env.Getenv("COLUMNS") == "" {
			s.env.Term.Width = e.width // people make windows larger
		}
		ended := errors.Is(err, io.EOF)
		if done := s.take(ctx, in, line, ended); done || ended {
			return nil
		}
	}
	return ctx.Err()
}

// reader is an editor where a person sits, and plain lines where none does.
func (s *shell) reader() (in lines, talkative bool) {
	t := s.env.Term
	file, ok := t.In.(*os.File)
	if t.InTTY && t.OutTTY && ok {
		return newEditor(file, t.Out, history(s.env), s.view), true
	}
	scanner := bufio.NewScanner(t.In)
	scanner.Buffer(make([]byte, 64<<10), maxText)
	return &plainLines{scanner}, false
}

// take adds a line, and runs the query when it ends. done tells that the shell
// was left.
func (s *shell) take(ctx context.Context, in lines, line string, last bool) (done bool) {
	word := strings.TrimSpace(line)
	if len(s.text) == 0 && (strings.HasPrefix(word, ".") || word == "exit" || word == "quit") {
		in.remember(word)
		return s.command(ctx, word)
	}
	ends := word == "" || strings.HasSuffix(word, ";") || last
	if word != "" {
		s.text = append(s.text, line)
	}
	if !ends || len(s.text) == 0 {
		return false
	}
	query := strings.Join(s.text, "\n")
	s.text = nil
	in.remember(query)
	s.complain(s.ask(ctx, strings.TrimSuffix(strings.TrimSpace(query), ";")))
	return false
}

// ask runs a query and shows what it gives.
func (s *shell) ask(ctx context.Context, query string) error {
	seen := newWitness(s.view)
	result, err := ask(ctx, s.env, s.within(seen), query)
	if err != nil {
		return err
	}
	if err := s.show(result); err != nil {
		return err
	}
	if len(result.Tables) > 0 && result.Tables[0].Len == 0 {
		s.explainEmpty(ctx, s.view, s.dir, seen)
	}
	return nil
}

// complain tells of an error and goes on.
func (s *shell) complain(err error) {
	t := s.env.Term
	exit.Print(t.Err, s.env.Printer(), func(text string) string { return t.ErrStyle(term.Red, text) }, err, false)
}

// command runs a command of the shell.
func (s *shell) command(ctx context.Context, text string) (done bool) {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "exit", "quit", ".exit", ".quit":
		return true
	case ".tables":
		s.complain(showTables(ctx, s.env, s.view))
	case ".schema":
		if _, ok := s.view.Table(rest); !ok {
			s.complain(s.env.NotOneOf(".schema", rest, s.view.TableNames()))
			break
		}
		s.complain(s.ask(ctx, rest+" | getschema | project ColumnName, ColumnType"))
	case ".saved":
		if query, ok := calllog.Saved(rest); ok {
			s.env.Note(strings.TrimSpace(query))
			s.complain(s.ask(ctx, query))
			break
		}
		s.complain(s.listSaved())
	case ".since":
		span, err := time.ParseDuration(rest)
		if err != nil || span < 0 {
			s.complain(exit.New(exit.Usage, s.env.T("logs.shell.since", "Text", rest)))
			break
		}
		s.since = span
	default:
		s.env.Note(s.env.T("logs.shell.help"))
	}
	return false
}

// plainLines reads what a program sends.
type plainLines struct{ *bufio.Scanner }

func (p *plainLines) next(string) (string, error) {
	if p.Scan() {
		return p.Text(), nil
	}
	if p.Err() != nil {
		return "", p.Err()
	}
	return "", io.EOF
}

func (p *plainLines) remember(string) {}
func (p *plainLines) known(string)    {}
