package verb

import (
	"context"
	"errors"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/settings"
)

// Verbatim tells whether a command is to print the manual's text: it was
// called by its documented name and neither --output nor --query was given.
func (e *Env) Verbatim(face Face) bool {
	return face == Documented && e.Global.Output == "" && e.Global.Query == ""
}

// InWords tells whether a command that did something says so in a sentence
// rather than as data: by its documented name where Verbatim holds, in the tree
// where results are tables.
func (e *Env) InWords(face Face) bool {
	format := render.Format(e.Setting(settings.Output))
	return e.Verbatim(face) || face == Tree && e.Global.Query == "" && (format == render.Table || format == render.Wide)
}

// Show writes a result to Out as --output and --query ask.
func (e *Env) Show(view render.View) error {
	options := render.Options{
		Format: render.Format(e.Setting(settings.Output)), Query: e.Global.Query, Width: e.Term.Width,
		Bold: func(text string) string { return e.Term.OutStyle(term.Bold, text) }, Numbers: e.Printer(), Talk: e.Term.Err,
	}
	if configured, _ := e.Settings(); options.Query != "" && configured.Get(settings.Output).Origin == settings.BuiltIn {
		options.Format = render.JSON // what a query cuts out has no columns of ours
	}
	err := render.Write(e.Term.Out, view, options)
	var query *render.QueryError
	if errors.As(err, &query) {
		return exit.New(exit.Usage, e.T("cli.query-faulty", "Query", shorten(query.Query), "Error", query.Err.Error())).
			Hint(e.T("cli.query-hint")).Wrap(err)
	}
	return err
}

// Confirm asks before something is lost. --yes answers it; where nobody can be
// asked, the error names the flag that would.
func (e *Env) Confirm(ctx context.Context, question string) (bool, error) {
	if e.Global.Yes {
		return true, nil
	}
	yes, err := e.Term.Confirm(ctx, question)
	if errors.Is(err, term.ErrNoPerson) {
		return false, exit.New(exit.Usage, e.T("cli.confirm-impossible", "Flag", "--yes")).Wrap(err)
	}
	return yes, err
}
