package kql

import (
	"errors"
	"strings"
	"testing"
)

func TestAQueryMayLowerItsLimits(t *testing.T) {
	db := fuzzTable(t)
	for _, c := range []struct{ text, word string }{
		{"set truncationmaxrecords = 5; T", "rows"},
		{"set max_memory_consumption_per_query_per_node = 100000; range x from 1 to 1000000 step 1 | summarize count() by x", ": summarize needs more memory than the 0.1 MB that"},
		{"set maxmemoryconsumptionperiterator = 100000; range x from 1 to 1000000 step 1 | summarize make_list(x, 1000000)", ": summarize needs more memory"},
		{"set maxmemoryconsumptionperiterator = 100000; range x from 1 to 1000000 step 1 | sort by x desc", ": sort needs more memory"},
		{"set maxmemoryconsumptionperiterator = 100000; range x from 1 to 3000 step 1 | join kind=inner (range x from 1 to 30000 step 1) on x", ": join needs more memory"},
		{"set maxmemoryconsumptionperiterator = 100000; range x from 1 to 1000000 step 1 | extend y = x | where x > 0", ": it needs more memory"},
		{"set maxmemoryconsumptionperiterator = 3000000; range x from 1 to 1000000 step 1 | summarize count() by x % 3 | union (range x from 1 to 1000000 step 1 | serialize n = row_number())", ": serialize needs more memory"},
		{"set truncationmaxrecords = 50; range x from 1 to 100 step 1 | extend l = range(1, x, 1) | mv-expand l | sort by x", "more than 50 rows: "},
		{"set servertimeout = 1ms; range x from 1 to 10000000000 step 1 | where x < 0", "longer"},
	} {
		_, err := (&Engine{}).Query(t.Context(), c.text, Options{Database: db, Now: conformanceNow})
		var limit *LimitError
		if !errors.As(err, &limit) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want a limit on %s", c.text, err, c.word)
		}
	}
	if _, err := (&Engine{}).Query(t.Context(), "set truncationmaxrecords = 1000; T", Options{Database: db, Now: conformanceNow, Limits: Limits{Rows: 10}}); err == nil {
		t.Error("a query raised its own limit")
	}
}
