package render

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestSpark(t *testing.T) {
	for _, c := range []struct {
		values []float64
		most   float64
		want   string
	}{
		{[]float64{0, 1, 2, 4}, 0, "▁▃▅█"},
		{[]float64{0, 0}, 0, "▁▁"},
		{[]float64{0.5, math.NaN(), 1.2}, 1, "▅ █"},
		{nil, 1, ""},
	} {
		if got := Spark(c.values, c.most); got != c.want {
			t.Errorf("%v of %v: %q, want %q", c.values, c.most, got, c.want)
		}
	}
}

func TestChart(t *testing.T) {
	percent := func(v float64) string { return fmt.Sprintf("%.0f%%", v*100) }
	got := Chart([]float64{0, 0.25, 0.5, math.NaN(), 1}, 20, 4, 1, percent)
	want := []string{"100% │    █", " 67% │    █", "     │  █ █", "  0% │ ██ █"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	long := make([]float64, 500)
	long[250] = 7
	for _, line := range Chart(long, 40, 3, 0, percent) {
		if n := len([]rune(line)); n > 40 {
			t.Errorf("%d cells: %q", n, line)
		}
	}
	if top := Chart(long, 40, 3, 0, percent)[0]; !strings.Contains(top, "█") {
		t.Errorf("the peak is lost: %q", top)
	}
	if got := Chart(nil, 0, 0, 0, percent); len(got) != 2 {
		t.Errorf("%q", got)
	}
}
