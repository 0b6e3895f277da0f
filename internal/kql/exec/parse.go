package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

func (x *Runner) parseText(ctx context.Context, n *plan.ParseText, workers int, emit func(*Rel) error) error {
	text := x.compiler(n.In.Columns()).compile(n.X)
	return x.stream(ctx, n.In, workers, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := text(r)
		builders := parsedBuilders(n.Out, r.Len)
		var sel []int32
		for i := range r.Len {
			row, ok := n.Pattern.Match(v.Text(i))
			if !ok && n.Filter {
				continue
			}
			sel = append(sel, int32(i))
			for j, b := range builders {
				if ok {
					b.Append(row[j])
				} else {
					b.AppendNull()
				}
			}
		}
		if len(sel) < r.Len {
			r = r.take(sel)
		}
		return emit(withParsed(r, builders))
	})
}

func parsedBuilders(out []plan.Col, n int) []*value.Builder {
	builders := make([]*value.Builder, len(out))
	for i, c := range out {
		builders[i] = value.NewBuilder(c.Type, n)
	}
	return builders
}

func withParsed(r *Rel, builders []*value.Builder) *Rel {
	out := &Rel{Len: r.Len, Seq: r.Seq, Cols: append([]*value.Vector(nil), r.Cols...)}
	for _, b := range builders {
		out.Cols = append(out.Cols, b.Finish())
	}
	return out
}

func (x *Runner) parseKV(ctx context.Context, n *plan.ParseKV, emit func(*Rel) error) error {
	text := x.compiler(n.In.Columns()).compile(n.X)
	keys := make([]string, len(n.Out))
	for i, c := range n.Out {
		keys[i] = c.Name
	}
	return x.stream(ctx, n.In, 1, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := text(r)
		builders := parsedBuilders(n.Out, r.Len)
		for i := range r.Len {
			found := n.KV.Parse(v.Text(i), keys)
			for j, b := range builders {
				s, ok := found[keys[j]]
				if !ok {
					b.AppendNull()
					continue
				}
				b.Append(value.Convert(value.OfString(s), n.Out[j].Type))
			}
		}
		return emit(withParsed(r, builders))
	})
}
