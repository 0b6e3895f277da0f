package sig

import (
	"testing"

	"github.com/azptu/azptu/internal/kql/value"
)

func TestResolve(t *testing.T) {
	arg := func(types ...value.Type) []Arg {
		var out []Arg
		for _, t := range types {
			out = append(out, Arg{Type: t, Const: true})
		}
		return out
	}
	for _, c := range []struct {
		name string
		args []Arg
		want value.Type
		ok   bool
	}{
		{"bin", arg(value.Int, value.Long), value.Long, true}, {"bin", arg(value.DateTime, value.TimeSpan), value.DateTime, true}, {"bin", arg(value.String, value.Long), 0, false},
		{"iff", arg(value.Bool, value.Long, value.Real), value.Real, true}, {"iff", arg(value.Bool, value.Long, value.String), 0, false}, {"iff", arg(value.Bool, value.Dynamic, value.String), value.String, true},
		{"case", arg(value.Bool, value.String, value.Bool, value.String, value.String), value.String, true}, {"case", arg(value.Bool, value.String), 0, false},
		{"array_sort_asc", arg(value.Dynamic, value.Bool), value.Dynamic, true}, {"strlen", arg(value.Long), 0, false}, {"bag_pack", arg(value.String, value.Long, value.String), 0, false},
		{"round", arg(value.Real), value.Real, true}, {"substring", arg(value.Dynamic, value.Long), value.String, true}, {"pi", nil, value.Real, true},
	} {
		m, err := Scalar(c.name).Resolve(c.args)
		if (err == nil) != c.ok || c.ok && c.want != value.Dynamic && m.Result != c.want {
			t.Errorf("%s%v: %v %v, want %v %v", c.name, c.args, m.Result, err, c.want, c.ok)
		}
	}
}

func TestTheTableIsWhole(t *testing.T) {
	for _, s := range []map[string]*Symbol{symbols().Scalar, symbols().Aggregate} {
		for name, x := range s {
			if len(x.Overloads) == 0 || x.Naming == "" {
				t.Errorf("%s has no overload or no naming rule", name)
			}
		}
	}
}
