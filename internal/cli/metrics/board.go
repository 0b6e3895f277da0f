package metrics

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/locale"
)

// sparkCells is how wide the trend of a table is.
const sparkCells = 24

// Board is one deployment drawn on width columns: its figures, then charts of
// utilization (of provisioned ones), calls and tokens, each of height lines.
func Board(env *verb.Env, r Row, width, height int) []string {
	p := env.Printer()
	lines := []string{
		env.T("metrics.board.head", "Deployment", r.Deployment, "Account", r.Account, "Location", r.Location),
		env.T("metrics.board.what", "SKU", orDash(r.SKU), "Capacity", r.Capacity, "Model", orDash(strings.TrimSpace(r.Model+" "+r.Version)), "State", orDash(r.State)),
	}
	if r.To != nil {
		lines = append(lines, env.T("metrics.board.when", "From", p.DateTime(*r.From), "To", p.DateTime(*r.To), "Seconds", r.StepSeconds))
	}
	lines = append(lines, "",
		env.T("metrics.board.calls", "Requests", p.Number(r.Requests), "ByStatus", statuses(p, r.ByStatus), "Spilled", p.Number(r.Spilled)),
		env.T("metrics.board.tokens", "Prompt", p.Number(r.PromptTokens), "Output", p.Number(r.OutputTokens), "Cached", said(percent(p, r.CachedShare))),
		env.T("metrics.board.speed", "Response", said(milliseconds(p, r.ResponseMs)), "Total", said(milliseconds(p, r.TotalMs))),
	)
	if r.Utilization != nil {
		lines = append(lines, env.T("metrics.board.used", "Mean", said(percent(p, r.Utilization)), "Peak", said(percent(p, r.Peak))), "")
		lines = append(lines, env.T("metrics.chart.used"))
		lines = append(lines, render.Chart(values(r, func(p Point) *float64 { return p.Peak }), width, height, 1, func(v float64) string { return p.Percent(v, 0) })...)
	}
	whole := func(v float64) string { return p.Number(int64(math.Round(v))) }
	lines = append(lines, "", env.T("metrics.chart.calls"))
	lines = append(lines, render.Chart(values(r, func(p Point) *float64 { return number(p.Requests) }), width, height, 4, whole)...)
	lines = append(lines, "", env.T("metrics.chart.tokens"))
	return append(lines, render.Chart(values(r, func(p Point) *float64 { return number(p.PromptTokens + p.OutputTokens) }), width, height, 10, whole)...)
}

// Line is one deployment in one line, for streams that are no screen.
func Line(env *verb.Env, r Row) string {
	p := env.Printer()
	return env.T("metrics.line", "Deployment", r.Deployment, "State", orDash(r.State), "Used", said(percent(p, r.Utilization)), "Peak", said(percent(p, r.Peak)),
		"Requests", p.Number(r.Requests), "ByStatus", statuses(p, r.ByStatus), "Prompt", p.Number(r.PromptTokens), "Output", p.Number(r.OutputTokens),
		"Response", said(milliseconds(p, r.ResponseMs)), "Spilled", p.Number(r.Spilled))
}

// trend is the utilization of a provisioned deployment, or the calls of
// another, as a line of blocks.
func trend(r Row, cells int) string {
	used := values(r, func(p Point) *float64 { return p.Peak })
	most := 1.0
	if r.Utilization == nil {
		used, most = values(r, func(p Point) *float64 { return number(p.Requests) }), 0
	}
	return render.Spark(render.Squeeze(used, cells), most)
}

func values(r Row, of func(Point) *float64) []float64 {
	out := make([]float64, len(r.Points))
	for i, p := range r.Points {
		out[i] = math.NaN()
		if v := of(p); v != nil {
			out[i] = *v
		}
	}
	return out
}

func number(n int64) *float64 {
	v := float64(n)
	return &v
}

// percent and milliseconds write a figure for people; nil for one not known.
func percent(p *locale.Printer, share *float64) any {
	if share == nil {
		return nil
	}
	return p.Percent(*share, 0)
}

func milliseconds(p *locale.Printer, ms *float64) any {
	if ms == nil {
		return nil
	}
	return p.Number(int64(math.Round(*ms))) + " ms"
}

func said(v any) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprint(v)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// statuses writes "200: 41, 429: 3".
func statuses(p *locale.Printer, counts map[string]int64) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, status+": "+p.Number(counts[status]))
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, ", ")
}

func say(env *verb.Env, line string) { _, _ = io.WriteString(env.Term.Out, line+"\n") }
