package plot

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql"
)

func plain(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// of is the chart of a query's result.
func of(t *testing.T, text string) *Chart {
	t.Helper()
	result, err := (&kql.Engine{}).Query(context.Background(), text, kql.Options{Database: kql.Tables{}})
	if err != nil {
		t.Fatal(err)
	}
	chart, ok := Of(&result.Tables[0])
	if !ok {
		t.Fatalf("nothing to draw: %s", text)
	}
	return chart
}

var pictures = map[string]string{
	"time": `datatable(at: datetime, pool: string, calls: long) [
  datetime(2026-01-01 02:00), "a", 5, datetime(2026-01-01 00:00), "a", 1, datetime(2026-01-01 01:00), "b", 3, datetime(2026-01-01 02:00), "b", 0]
| render timechart with (title="Calls & more", ytitle="per hour")`,
	"bars": `datatable(Model: string, calls: long) ["gpt-4o", 10, "gpt-5\u001b[31m", 5, "a name that is much too long for the label", 1] | render barchart`,
	"pie":  `datatable(Model: string, cost: real) ["gpt-4o", 7.5, "gpt-5", 2.5, "none", 0.0] | render piechart with (title="Cost")`,
	"area": `range x from 1 to 200 step 1 | extend y = x % 50, z = -x | render areachart with (ycolumns=y)`,
	"dots": `datatable(x: real, y: real) [1.0, 2.0, 3.0, real(null), 2.0, -1.0] | render scatterchart`,
}

// Pictures look as they did, in characters and as SVG.
func TestPictures(t *testing.T) {
	for name, text := range pictures {
		t.Run(name, func(t *testing.T) {
			chart := of(t, text)
			var words, svg strings.Builder
			if err := errors.Join(chart.Text(&words, 60, plain), chart.SVG(&svg, plain)); err != nil {
				t.Fatal(err)
			}
			in := xml.NewDecoder(strings.NewReader(svg.String()))
			for {
				if _, err := in.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("the picture is no XML: %v", err)
				}
			}
			golden(t, name+".txt", words.String())
			golden(t, name+".svg", svg.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("AZPTU_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s has changed (AZPTU_UPDATE=1 writes it): %v\n%s", path, err, got)
	}
}

func TestNothingToDraw(t *testing.T) {
	for _, text := range []string{`print x = 1`, `print x = 1 | render table`, `print x = "a" | render barchart`, `print x = 1, y = 2 | where x > 1 | render barchart`, `print x = 1, y = 2 | render barchart with (xcolumn=z)`} {
		result, err := (&kql.Engine{}).Query(context.Background(), text, kql.Options{Database: kql.Tables{}})
		if err != nil {
			t.Fatal(err)
		}
		if chart, ok := Of(&result.Tables[0]); ok {
			t.Errorf("%s became %+v", text, chart)
		}
	}
}

func TestSeriesAreFound(t *testing.T) {
	c := of(t, `datatable(at: datetime, a: string, b: string, x: long, y: real) [datetime(2026-01-01), "p", "q", 1, 2.0] | render timechart`)
	if len(c.Series) != 2 || c.Series[0].Name != "p, q: x" || c.Series[1].Name != "p, q: y" || !c.Continuous {
		t.Errorf("%+v", c)
	}
	c = of(t, `range n from 1 to 40 step 1 | project k = tostring(n), v = n, place = "x" | render columnchart with (xcolumn=place, series=k)`)
	if len(c.Series) != maxSeries {
		t.Errorf("%d series", len(c.Series))
	}
}
