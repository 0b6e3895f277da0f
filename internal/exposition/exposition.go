// Package exposition writes the text format that Prometheus scrapes, version
// 0.0.4. Gateway and emulator count in their own ways, in a few atomic words;
// when somebody asks, they write their counts on a Page. It is a page of code
// because the client library's packages would cost every start of the program a
// millisecond and a half, whatever it was started for; the tests hold the pages
// against that library's own parser and linter.
package exposition

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ContentType is the media type of a Page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kinds of families.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
)

// Page is the text under way. Its zero value is an empty one. All samples of a
// family follow its Family line.
type Page struct{ bytes.Buffer }

// Family begins a family of samples. help is one line.
func (p *Page) Family(name, kind, help string) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// Sample writes one value. labels are names and values by turns; a value may be
// any text.
func (p *Page) Sample(name string, labels []string, value float64) {
	p.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		p.WriteByte("{,"[min(i, 1)])
		p.WriteString(labels[i])
		p.WriteString(`="`)
		p.WriteString(escaper.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD")))
		p.WriteByte('"')
	}
	if len(labels) > 0 {
		p.WriteByte('}')
	}
	p.WriteByte(' ')
	p.WriteString(number(value))
	p.WriteByte('\n')
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// Histogram writes a histogram. counts are of the values up to each of the
// bounds and above the one before, and then of those above the last; sum is of
// all values.
func (p *Page) Histogram(name string, labels []string, bounds []float64, counts []int64, sum float64) {
	total := int64(0)
	for i, n := range counts {
		total += n
		bound := "+Inf"
		if i < len(bounds) {
			bound = number(bounds[i])
		}
		p.Sample(name+"_bucket", append(slices.Clone(labels), "le", bound), float64(total))
	}
	p.Sample(name+"_sum", labels, sum)
	p.Sample(name+"_count", labels, float64(total))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
