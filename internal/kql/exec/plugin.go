package exec

import (
	"context"
	"fmt"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/plugin"
)

// plugin gathers what a plugin takes and passes on what it gives.
func (x *Runner) plugin(ctx context.Context, n *plan.Plugin, emit func(*Rel) error) error {
	run := plugin.Lookup(n.Name)
	if run == nil {
		return fmt.Errorf("no way to run the plugin %s", n.Name)
	}
	c := &plugin.Call{Consts: n.Consts, Dims: n.Dims, Grow: x.grow, Check: ctx.Err}
	for _, in := range n.Ins {
		r, err := x.hold(ctx, "evaluate "+n.Name, in)
		if err != nil {
			return err
		}
		c.Tables = append(c.Tables, plugin.Table{Cols: r.Cols, Len: r.Len})
	}
	for _, col := range n.Cols {
		c.Out = append(c.Out, col.Type)
	}
	cols, err := run(c)
	if err != nil {
		return fmt.Errorf("running the plugin %s: %w", n.Name, err)
	}
	return emitBatches(&Rel{Cols: cols, Len: cols[0].Len}, emit)
}
