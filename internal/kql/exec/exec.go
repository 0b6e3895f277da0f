// Package exec runs plans over batches of column vectors. Operators that can work on one
// batch after the other pass batches on as they come; the others gather their input first.
// Scans under an aggregate, a sort or a count run on several goroutines.
package exec

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"sync/atomic"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Rel is a batch of rows: one vector for each column of the operator that made it.
type Rel struct {
	Cols []*value.Vector
	Len  int
	// Seq orders batches that were made at the same time.
	Seq   int64
	cache map[*docPaths][]*value.Vector
}

// Runner runs the plans of one query.
type Runner struct {
	Fn *fn.Context
	// MaxBytes bounds the memory for rows held at once, as estimated; 0 for no bound.
	MaxBytes int64
	// MaxRows bounds the rows that one operator may hold or give; 0 for no bound.
	MaxRows int64
	// Parallel is how many goroutines a scan may use; 0 takes what the machine has.
	Parallel int

	held atomic.Int64
}

// LimitError says that a query wanted more than it may have.
type LimitError struct {
	What     string // "needs more than 64 MB of memory, …"
	Operator string // of the language, that wanted it; "" for the query as a whole
}

// Error names the operator and the limit.
func (e *LimitError) Error() string { return "the query was stopped: " + e.Reason() }

// Reason says what wanted more than it may have, and what helps.
func (e *LimitError) Reason() string {
	if e.Operator == "" {
		return "it " + e.What
	}
	return e.Operator + " " + e.What
}

// blame names the operator that met a limit, unless one inside it did.
func blame(err error, operator string) error {
	var limit *LimitError
	if errors.As(err, &limit) && limit.Operator == "" {
		limit.Operator = operator
	}
	return err
}

// errStop ends a stream early because nobody wants more rows.
var errStop = errors.New("no more rows are wanted")

// batchRows is how many rows operators put into a batch.
const batchRows = 4096

// grow counts memory; it fails when the query holds too much.
func (x *Runner) grow(bytes int64) error {
	if held := x.held.Add(bytes); x.MaxBytes > 0 && held > x.MaxBytes {
		return &LimitError{What: fmt.Sprintf("needs more memory than the %s that a query may hold: filter rows earlier (where), keep fewer columns (project), or summarize first", megabytes(x.MaxBytes))}
	}
	return nil
}

func megabytes(n int64) string {
	return strconv.FormatFloat(math.Ceil(float64(n)/(1<<20)*10)/10, 'f', -1, 64) + " MB"
}

// hold computes the rows that an operator must have all at once.
func (x *Runner) hold(ctx context.Context, operator string, n plan.Node) (*Rel, error) {
	r, err := x.Run(ctx, n)
	return r, blame(err, operator)
}

// Run computes a plan's rows.
func (x *Runner) Run(ctx context.Context, n plan.Node) (*Rel, error) {
	cols := n.Columns()
	parts := make([][]*value.Vector, len(cols))
	total := 0
	err := x.Stream(ctx, n, func(r *Rel) error {
		total += r.Len
		if x.MaxRows > 0 && int64(total) > x.MaxRows {
			return &LimitError{What: fmt.Sprintf("holds more than %d rows: filter rows earlier (where), summarize, or add take", x.MaxRows)}
		}
		bytes := int64(0)
		for i, v := range r.Cols {
			parts[i] = append(parts[i], v)
			if !v.Const {
				bytes += v.Bytes()
			}
		}
		return x.grow(bytes)
	})
	if err != nil {
		return nil, err
	}
	out := &Rel{Len: total, Cols: make([]*value.Vector, len(cols))}
	for i, c := range cols {
		out.Cols[i] = value.Concat(c.Type, parts[i])
	}
	return out, nil
}

// Stream computes a plan and passes its batches on in order.
func (x *Runner) Stream(ctx context.Context, n plan.Node, emit func(*Rel) error) error {
	err := x.stream(ctx, n, 1, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(r); err != nil {
			return err
		}
		return x.Fn.Err()
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	if err == nil {
		err = x.Fn.Err()
	}
	return err
}

func (x *Runner) workers() int {
	if x.Parallel > 0 {
		return x.Parallel
	}
	return runtime.GOMAXPROCS(0)
}

// stream runs an operator. With workers above 1 emit may be called by several goroutines.
func (x *Runner) stream(ctx context.Context, n plan.Node, workers int, emit func(*Rel) error) error {
	switch n := n.(type) {
	case *plan.Scan:
		return x.scan(ctx, n, nil, workers, emit)
	case *plan.Values:
		return emitBatches(&Rel{Cols: n.Data, Len: n.Len}, emit)
	case *plan.Filter:
		return x.filter(ctx, n, workers, emit)
	case *plan.Project:
		return x.project(ctx, n, workers, emit)
	case *plan.Aggregate:
		return x.aggregate(ctx, n, emit)
	case *plan.Sort:
		return x.sort(ctx, n, emit)
	case *plan.Limit:
		return x.limit(ctx, n, emit)
	case *plan.Union:
		return x.union(ctx, n, emit)
	case *plan.Join:
		return x.join(ctx, n, emit)
	case *plan.Expand:
		return x.expand(ctx, n, workers, emit)
	case *plan.ParseText:
		return x.parseText(ctx, n, workers, emit)
	}
	return x.streamRare(ctx, n, emit)
}

func (x *Runner) streamRare(ctx context.Context, n plan.Node, emit func(*Rel) error) error {
	switch n := n.(type) {
	case *plan.ParseKV:
		return x.parseKV(ctx, n, emit)
	case *plan.Window:
		return x.window(ctx, n, emit)
	case *plan.Sample:
		return x.sample(ctx, n, emit)
	case *plan.Range:
		return x.rangeRows(ctx, n, emit)
	case *bound:
		return emitBatches(n.rel, emit)
	case *plan.Apply:
		return x.apply(ctx, n, emit)
	case *plan.Partition:
		return x.partition(ctx, n, emit)
	case *plan.MakeSeries:
		return x.makeSeries(ctx, n, emit)
	case *plan.TopNested:
		return x.topNested(ctx, n, emit)
	case *plan.Reduce:
		return x.reduce(ctx, n, emit)
	case *plan.Match:
		return x.match(ctx, n, emit)
	case *plan.Plugin:
		return x.plugin(ctx, n, emit)
	}
	return x.streamGraph(ctx, n, emit)
}

func (x *Runner) streamGraph(ctx context.Context, n plan.Node, emit func(*Rel) error) error {
	switch n := n.(type) {
	case *plan.GraphMatch:
		return x.graphMatch(ctx, n, emit)
	case *plan.GraphTable:
		return x.graphTable(ctx, n, emit)
	case *plan.GraphPartition:
		return x.graphPartition(ctx, n, emit)
	}
	return fmt.Errorf("no way to run %T", n)
}

// emitBatches passes rows on in pieces, so that cancellation is noticed.
func emitBatches(r *Rel, emit func(*Rel) error) error {
	const piece = 16 * batchRows
	if r.Len <= piece {
		return emit(r)
	}
	for lo := 0; lo < r.Len; lo += piece {
		if err := emit(r.slice(lo, min(lo+piece, r.Len))); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rel) slice(lo, hi int) *Rel {
	out := &Rel{Len: hi - lo, Seq: r.Seq, Cols: make([]*value.Vector, len(r.Cols))}
	for i, v := range r.Cols {
		out.Cols[i] = v.Slice(lo, hi)
	}
	return out
}

func (r *Rel) take(sel []int32) *Rel {
	out := &Rel{Len: len(sel), Seq: r.Seq, Cols: make([]*value.Vector, len(r.Cols))}
	for i, v := range r.Cols {
		out.Cols[i] = v.Take(sel)
	}
	return out
}
