package kql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/exec"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Error is a fault in a query's text: where it is, what was expected, the nearest name
// and, where that can be told, the corrected query.
type Error = ast.Error

// LimitError says that a query wanted more memory, rows or time than it may have.
type LimitError = exec.LimitError

// Limits bound a query. Zero values take the defaults.
type Limits struct {
	// Memory bounds the bytes held at once, by estimate; 1 GiB by default, negative for none.
	Memory int64
	// Rows bounds the rows of a result, and of what operators hold; 5,000,000 by default,
	// negative for none.
	Rows int64
	// Time bounds how long the query runs; 4 minutes by default, negative for none.
	Time time.Duration
	// Parallel is how many goroutines scan; all processors by default.
	Parallel int
}

// Options say how a query is to be run.
type Options struct {
	// Now is what now() gives; it must be set when the query uses it, or its ago().
	Now time.Time
	// Limits bound the query.
	Limits Limits
	// Database holds the tables.
	Database Database
	// Parameters give declared query parameters their values.
	Parameters map[string]Value
	// Open reads a file named by externaldata; nil refuses all.
	Open func(uri string) ([]byte, error)
	// Seed makes rand() and sample repeatable when it is not zero.
	Seed uint64
	// Plain runs the plan as it was bound, without optimizing it: for tests.
	Plain bool
}

// Engine runs queries. It keeps nothing between them and may be used by many at once.
type Engine struct{}

// ResultColumn is a column of a result.
type ResultColumn struct {
	Name string
	Type Type
}

// ResultTable is one table of a result.
type ResultTable struct {
	// Name is PrimaryResult, or what the query calls it.
	Name    string
	Columns []ResultColumn
	// Data holds one vector for each column, each with Len rows.
	Data []*Vector
	Len  int
	// Render says how the query wants the table drawn; nil when it does not say.
	Render *Render
}

// Render is what the operator render asks for.
type Render struct {
	// Kind is table, timechart, barchart and so on.
	Kind string
	// Properties are title, xcolumn, series and so on, by lower-case name.
	Properties map[string]string
}

// Result holds the tables of a query, the primary one first.
type Result struct {
	Tables []ResultTable
}

// Rows gives a table's values row by row.
func (t *ResultTable) Rows() [][]Value {
	rows := make([][]Value, t.Len)
	for i := range rows {
		row := make([]Value, len(t.Data))
		for j, v := range t.Data {
			row[j] = v.Value(i)
		}
		rows[i] = row
	}
	return rows
}

// defaults fills in the limits that are not set.
func (l Limits) defaults() Limits {
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	if l.Rows == 0 {
		l.Rows = 5_000_000
	}
	if l.Time == 0 {
		l.Time = 4 * time.Minute
	}
	return l
}

// Query runs a query text. The error is an *Error for a fault in the text, a *LimitError
// when a limit was met, ctx's error when it ended, or what a table's Scan returned.
func (e *Engine) Query(ctx context.Context, text string, o Options) (res *Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			res, err = nil, fmt.Errorf("the query met a fault of the engine: %v", r)
		}
	}()
	q, err := ast.Parse(text)
	if err != nil {
		return nil, err
	}
	limits := o.Limits.defaults().narrowed(q)
	if limits.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limits.Time, &LimitError{What: fmt.Sprintf("ran longer than %s: ask for less time or fewer columns, or summarize first", limits.Time)})
		defer cancel()
	}
	res, err = e.run(ctx, q, o, limits)
	var limit *LimitError
	if err != nil && errors.Is(err, context.DeadlineExceeded) && errors.As(context.Cause(ctx), &limit) {
		return nil, limit
	}
	return res, err
}

func (e *Engine) run(ctx context.Context, q *ast.Query, o Options, limits Limits) (*Result, error) {
	runner := &exec.Runner{Fn: &fn.Context{Now: value.FromTime(o.Now), Random: random(o.Seed), Canceled: ctx.Err}, MaxBytes: limits.Memory, MaxRows: limits.Rows, Parallel: limits.Parallel}
	optimize := plan.Optimize
	if o.Plain {
		optimize = func(n plan.Node) plan.Node { return n }
	}
	db := o.Database
	if db == nil {
		db = Tables{}
	}
	outs, err := plan.Bind(q, plan.Options{
		DB: db, Fn: runner.Fn, Open: o.Open, Parameters: o.Parameters,
		Run: func(n plan.Node) (*plan.Values, error) {
			r, err := runner.Run(ctx, optimize(n))
			if err != nil {
				return nil, err
			}
			return &plan.Values{Cols: n.Columns(), Data: r.Cols, Len: r.Len}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	res := &Result{}
	for _, out := range outs {
		r, err := runner.Run(ctx, optimize(out.Root))
		if err != nil {
			return nil, err
		}
		t := ResultTable{Name: out.Name, Data: r.Cols, Len: r.Len}
		for _, c := range out.Root.Columns() {
			t.Columns = append(t.Columns, ResultColumn{Name: c.Name, Type: c.Type})
		}
		if out.Render != nil {
			t.Render = &Render{Kind: out.Render.Kind, Properties: out.Render.Props}
		}
		res.Tables = append(res.Tables, t)
	}
	return res, nil
}

// random gives a source of chance that several goroutines may use.
func random(seed uint64) func() float64 {
	if seed == 0 {
		return rand.Float64
	}
	r := rand.New(rand.NewPCG(seed, seed))
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64()
	}
}
