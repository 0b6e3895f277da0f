package kql

import (
	"time"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// narrowed applies what a query sets for itself. A query may ask for less than it is
// allowed, never for more; options that are not known have no effect, as in Kusto.
func (l Limits) narrowed(q *ast.Query) Limits {
	for _, s := range q.Statements {
		set, ok := s.(*ast.Set)
		if !ok {
			continue
		}
		lit, ok := set.Value.(*ast.Literal)
		if !ok || lit.V.Null {
			continue
		}
		n := value.Convert(lit.V, value.Long)
		switch set.Name {
		case "max_memory_consumption_per_query_per_node", "maxmemoryconsumptionperiterator":
			l.Memory = less(l.Memory, n)
		case "truncationmaxrecords":
			l.Rows = less(l.Rows, n)
		case "servertimeout":
			if lit.V.T == value.TimeSpan {
				l.Time = time.Duration(less(int64(l.Time), value.OfLong(100*min(lit.V.I, 1<<52))))
			}
		}
	}
	return l
}

// less gives the smaller limit; one that is not positive is none.
func less(limit int64, asked value.Value) int64 {
	if asked.Null || asked.I <= 0 || limit > 0 && limit < asked.I {
		return limit
	}
	return asked.I
}
