package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// matcher runs the operator scan: it holds, for each step, the sequence that has come
// that far.
type matcher struct {
	n      *plan.Match
	conds  []eval
	assign [][]eval
	states []*sequence
	nextID int64
	inCols int
}

// sequence is a run of matched rows: the last row's columns and variables at each step,
// and its number. pending is a row of a step that gives out only the last of its rows.
type sequence struct {
	last    [][]value.Value
	id      int64
	pending []value.Value
}

func (x *Runner) match(ctx context.Context, n *plan.Match, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "scan", n.In)
	if err != nil {
		return err
	}
	cols := append([]plan.Col(nil), n.In.Columns()...)
	cols = append(cols, n.Vars...)
	for _, s := range n.State {
		cols = append(cols, s...)
	}
	c := x.compiler(cols)
	m := &matcher{n: n, inCols: len(n.In.Columns()), states: make([]*sequence, len(n.Steps))}
	for _, s := range n.Steps {
		m.conds = append(m.conds, c.compile(s.Cond))
		m.assign = append(m.assign, c.all(s.Assign))
	}
	builders := parsedBuilders(n.Cols, in.Len)
	for i := range in.Len {
		if i%256 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		row := make([]value.Value, m.inCols)
		for j, v := range in.Cols {
			row[j] = v.Value(i)
		}
		m.row(row, builders)
	}
	for _, s := range m.states {
		s.flush(builders)
	}
	out := &Rel{Len: builders[0].Len()}
	for _, b := range builders {
		out.Cols = append(out.Cols, b.Finish())
	}
	return emitBatches(out, emit)
}

// row offers a row to the steps, the last first.
func (m *matcher) row(row []value.Value, out []*value.Builder) {
	for k := len(m.states) - 1; k >= 0; k-- {
		if k > 0 && m.states[k-1] != nil && m.holds(k, row, m.states[k-1]) {
			m.states[k].flush(out)
			m.states[k-1].flush(out)
			m.states[k] = m.advance(k, row, m.states[k-1], out)
			m.states[k-1] = nil
			continue
		}
		s := m.states[k]
		if s == nil && k > 0 || !m.holds(k, row, s) {
			continue
		}
		if s == nil {
			s = &sequence{last: make([][]value.Value, len(m.states)), id: m.nextID}
			m.nextID++
		}
		m.states[k] = m.advance(k, row, s, out)
	}
}

// rel lays a row, the variables and a sequence's state out as a batch of one.
func (m *matcher) rel(row []value.Value, vars []value.Value, s *sequence) *Rel {
	r := &Rel{Len: 1}
	put := func(v value.Value, t value.Type) {
		if v.T == value.Unknown {
			v = value.NullOf(t)
		}
		r.Cols = append(r.Cols, plain(value.ConstOf(v, 1)))
	}
	for i, v := range row {
		put(v, m.n.In.Columns()[i].Type)
	}
	for i, v := range vars {
		put(v, m.n.Vars[i].Type)
	}
	for k, cols := range m.n.State {
		for j, c := range cols {
			switch {
			case s != nil && s.last[k] != nil:
				put(s.last[k][j], c.Type)
			case j >= m.inCols:
				put(m.n.Init[j-m.inCols], c.Type)
			default:
				put(value.NullOf(c.Type), c.Type)
			}
		}
	}
	return r
}

func (m *matcher) holds(k int, row []value.Value, s *sequence) bool {
	return m.conds[k](m.rel(row, m.n.Init, s)).Value(0).Bool()
}

// advance takes the row into the sequence at step k and gives it out when it is wanted.
func (m *matcher) advance(k int, row []value.Value, s *sequence, out []*value.Builder) *sequence {
	whole := append(append([]value.Value(nil), row...), m.n.Init...)
	for i, e := range m.assign[k] {
		whole[m.n.Steps[k].To[i]] = e(m.rel(whole[:m.inCols], whole[m.inCols:], s)).Value(0)
	}
	next := &sequence{id: s.id, last: append([][]value.Value(nil), s.last...)}
	next.last[k] = whole
	given := whole
	if m.n.ID != nil {
		given = append(given[:len(given):len(given)], value.OfLong(next.id))
	}
	switch m.n.Steps[k].Output {
	case "none":
	case "last":
		next.pending = given
	default:
		put(given, out)
	}
	return next
}

// flush gives out the row that a step has kept back.
func (s *sequence) flush(out []*value.Builder) {
	if s != nil && s.pending != nil {
		put(s.pending, out)
		s.pending = nil
	}
}

func put(row []value.Value, out []*value.Builder) {
	for i, v := range row {
		out[i].Append(v)
	}
}
