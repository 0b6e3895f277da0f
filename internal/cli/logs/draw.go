package logs

import (
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/plot"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
)

// quantity writes a number of a chart as people read it.
func quantity(env *verb.Env) func(float64) string {
	return func(v float64) string {
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return env.Printer().Number(int64(v))
		}
		digits := 2
		if small := math.Abs(v); small > 0 && small < 0.1 {
			digits = min(2-int(math.Floor(math.Log10(small))), 12)
		}
		return env.Printer().Decimal(v, digits)
	}
}

// draw shows a table as its query's render operator asks, where people look at
// it. drawn tells whether it did.
func (o *queryOptions) draw(t *kql.ResultTable) (drawn bool, err error) {
	chart, ok := plot.Of(t)
	if o.svg != "" {
		if !ok {
			return false, exit.New(exit.Validation, o.env.T("logs.nothing-to-draw")).Hint(o.env.T("logs.nothing-to-draw.hint"))
		}
		return true, o.picture(chart)
	}
	if !ok || !o.chart && !o.env.Term.OutTTY || !o.env.InWords(verb.Tree) {
		return false, nil
	}
	return true, chart.Text(o.env.Term.Out, o.env.Term.Width, quantity(o.env))
}

// picture writes the chart into the file.
func (o *queryOptions) picture(chart *plot.Chart) error {
	f, err := os.OpenFile(o.svg, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		err = chart.SVG(f, quantity(o.env))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return exit.New(exit.Failed, o.env.T("logs.file-unwritable", "Path", o.svg, "Error", err.Error())).Wrap(fmt.Errorf("drawing: %w", err))
	}
	return nil
}
