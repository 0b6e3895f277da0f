package exec

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// pairs are matching rows; -1 stands for no row on that side.
type pairs struct {
	left, right []int32
}

// join gathers both sides and matches them by hashed keys.
func (x *Runner) join(ctx context.Context, n *plan.Join, emit func(*Rel) error) error {
	left, err := x.hold(ctx, "join", n.Left)
	if err != nil {
		return err
	}
	right, err := x.hold(ctx, "join", n.Right)
	if err != nil {
		return err
	}
	lk, rk := keysOf(x.compiler(n.Left.Columns()).all(n.LeftKeys), left), keysOf(x.compiler(n.Right.Columns()).all(n.RightKeys), right)
	if strings.Contains(n.Kind, "network") {
		p, err := x.matchNetworks(ctx, n.Kind, lk, rk, left.Len, right.Len)
		if err != nil {
			return err
		}
		return x.emitPairs(n, left, right, p, emit)
	}
	if strings.HasSuffix(n.Kind, "-shape") {
		p, err := x.matchShapes(ctx, n.Kind, lk, rk[0], left.Len)
		if err != nil {
			return err
		}
		return x.emitPairs(n, left, right, p, emit)
	}
	switch n.Kind {
	case "leftsemi", "leftanti":
		return emitBatches(left.take(members(lk, rk, left.Len, right.Len, n.Kind == "leftsemi")), emit)
	case "rightsemi", "rightanti":
		return emitBatches(right.take(members(rk, lk, right.Len, left.Len, n.Kind == "rightsemi")), emit)
	}
	p, err := x.match2(ctx, n, lk, rk, left.Len, right.Len)
	if err != nil {
		return err
	}
	return x.emitPairs(n, left, right, p, emit)
}

func keysOf(evals []eval, r *Rel) []*value.Vector {
	out := make([]*value.Vector, len(evals))
	for i, e := range evals {
		out[i] = e(r)
	}
	return out
}

// keyAt gives a row's joined key. Null keys equal each other, as in Kusto.
func keyAt(buf []byte, keys []*value.Vector, i int) []byte {
	buf = buf[:0]
	for _, k := range keys {
		buf = value.AppendKey(buf, k, i)
	}
	return buf
}

// indexBytes estimates what a row takes in the index of a join.
const indexBytes = 96

func buildIndex(keys []*value.Vector, n int, unique bool) map[string][]int32 {
	idx := make(map[string][]int32, n)
	var buf []byte
	for i := range n {
		buf = keyAt(buf, keys, i)
		if rows := idx[string(buf)]; rows == nil || !unique {
			idx[string(buf)] = append(rows, int32(i))
		}
	}
	return idx
}

// members lists the rows of one side whose key the other side has, or has not.
func members(keys, others []*value.Vector, n, m int, want bool) []int32 {
	idx := buildIndex(others, m, true)
	var sel []int32
	var buf []byte
	for i := range n {
		buf = keyAt(buf, keys, i)
		if (idx[string(buf)] != nil) == want {
			sel = append(sel, int32(i))
		}
	}
	return sel
}

func (x *Runner) match2(ctx context.Context, n *plan.Join, lk, rk []*value.Vector, lrows, rrows int) (*pairs, error) {
	if err := x.grow(int64(rrows) * indexBytes); err != nil {
		return nil, blame(err, "join")
	}
	idx := buildIndex(rk, rrows, false)
	if n.Lookup {
		for _, rows := range idx {
			slices.Reverse(rows)
		}
	}
	p := &pairs{}
	unique := map[string]bool{}
	keepLeft := n.Kind == "leftouter" || n.Kind == "fullouter"
	var buf []byte
	for i := range lrows {
		buf = keyAt(buf, lk, i)
		if n.Kind == "innerunique" {
			if unique[string(buf)] {
				continue
			}
			unique[string(buf)] = true
		}
		rows := idx[string(buf)]
		for _, r := range rows {
			p.left, p.right = append(p.left, int32(i)), append(p.right, r)
		}
		if len(rows) == 0 && keepLeft {
			p.left, p.right = append(p.left, int32(i)), append(p.right, -1)
		}
		if err := x.checkPairs(ctx, i, p); err != nil {
			return nil, err
		}
	}
	if n.Kind == "rightouter" || n.Kind == "fullouter" {
		p.addUnmatched(rrows)
	}
	return p, nil
}

// checkPairs notices cancellation and joins that grow too large.
func (x *Runner) checkPairs(ctx context.Context, row int, p *pairs) error {
	if x.MaxRows > 0 && int64(len(p.left)) > x.MaxRows {
		return &LimitError{What: fmt.Sprintf("makes more than %d rows: filter both sides first, or join on more columns", x.MaxRows), Operator: "join"}
	}
	if row%batchRows == 0 {
		return ctx.Err()
	}
	return nil
}

// addUnmatched adds the right side's rows that no left row has met.
func (p *pairs) addUnmatched(rows int) {
	seen := make([]bool, rows)
	for _, r := range p.right {
		if r >= 0 {
			seen[r] = true
		}
	}
	for r, s := range seen {
		if !s {
			p.left, p.right = append(p.left, -1), append(p.right, int32(r))
		}
	}
}

func (x *Runner) emitPairs(n *plan.Join, left, right *Rel, p *pairs, emit func(*Rel) error) error {
	out := &Rel{Len: len(p.left)}
	for _, v := range left.Cols {
		out.Cols = append(out.Cols, v.TakeOrNull(p.left))
	}
	for _, v := range right.Cols {
		out.Cols = append(out.Cols, v.TakeOrNull(p.right))
	}
	return emitBatches(out, emit)
}

// matchShapes matches places to the lines or polygons that they are in or near to. The keys
// on the left are longitude, latitude and how many meters are near.
func (x *Runner) matchShapes(ctx context.Context, kind string, at []*value.Vector, shapes *value.Vector, n int) (*pairs, error) {
	type shape struct {
		fn.Shape
		row int32
	}
	var known []shape
	for i := range shapes.Len {
		if s, ok := fn.ShapeOf(shapes.Value(i)); ok {
			known = append(known, shape{s, int32(i)})
		}
	}
	p := &pairs{}
	for i := range n {
		before := len(p.left)
		lon, lat, near := at[0].Value(i), at[1].Value(i), at[2].Value(i)
		for _, s := range known {
			if !lon.Null && !lat.Null && s.Near(lon.F, lat.F, near.F) {
				p.left, p.right = append(p.left, int32(i)), append(p.right, s.row)
			}
		}
		if len(p.left) == before && strings.HasPrefix(kind, "leftouter") {
			p.left, p.right = append(p.left, int32(i)), append(p.right, -1)
		}
		if err := x.checkPairs(ctx, i*batchRows, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}
