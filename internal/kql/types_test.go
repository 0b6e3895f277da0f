package kql

import (
	"path/filepath"
	"testing"
)

// TestColumnTypesAreThoseOfTheAnalyser compares the types of result columns with those
// that Microsoft's analyser gives; differences are listed and few.
func TestColumnTypesAreThoseOfTheAnalyser(t *testing.T) {
	dir := sharedDir(t)
	if dir == "" {
		t.Log("the recorded cases are not here")
		return
	}
	checked, differ := 0, 0
	lines(t, filepath.Join(dir, "cases.jsonl"), func(line []byte) {
		c, err := decodeCase(line)
		if err != nil || c.NamesFrom != "analyser" {
			return
		}
		res, err := query(c.Query, nil)
		if err != nil {
			return
		}
		got := res.Tables[len(res.Tables)-1].Columns
		for i, want := range c.Columns {
			if i < len(got) {
				checked++
				if got[i].Type.String() != want.Type {
					differ++
					t.Logf("%s is %s, the analyser says %s\n    %s", got[i].Name, got[i].Type, want.Type, c.Query)
				}
			}
		}
	})
	t.Logf("%d of %d columns differ", differ, checked)
	if differ*100 > checked {
		t.Error("more than 1 % of the columns have another type")
	}
}
