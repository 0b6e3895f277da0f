package plot

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// Size of a picture and of its frame, in pixels.
const (
	svgWidth, svgHeight      = 900, 420
	left, right, top, bottom = 80, 200, 40, 60
)

// colours can be told apart by most people; lines are dashed differently too.
var (
	colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#b2a100", "#7a5195", "#a05d56", "#2f7f79", "#8c564b"}
	dashes  = []string{"", "6 3", "2 3", "8 3 2 3", "12 4", "4 2 1 2"}
)

// canvas writes the parts of a picture; the first error sticks.
type canvas struct{ *bufio.Writer }

func (w canvas) put(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // into memory: it does not fail
	return b.String()
}

func (w canvas) text(x, y float64, anchor, s string) {
	w.put(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, escape(s))
}

// SVG draws the chart as a picture that stands by itself. number writes a value.
func (c *Chart) SVG(out io.Writer, number func(float64) string) error {
	w := canvas{bufio.NewWriter(out)}
	w.put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="12">`, svgWidth, svgHeight, svgWidth, svgHeight)
	w.put(`<title>%s</title>`, escape(c.name()))
	w.put(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	w.put(`<text x="%d" y="24" font-size="16">%s</text>`, left, escape(c.name()))
	if c.Kind == "piechart" {
		c.pie(w, number)
	} else {
		c.axes(w, number)
		for i, s := range c.Series {
			c.draw(w, i, s, number)
		}
		c.legend(w)
	}
	w.put(`</svg>`)
	return w.Flush()
}

func (c *Chart) name() string {
	if c.Title != "" {
		return c.Title
	}
	if c.YTitle != "" {
		return c.YTitle + " / " + c.XTitle
	}
	return c.XTitle
}

// y is the height of a value in the picture.
func (c *Chart) y(v float64) float64 {
	low, high := c.bounds()
	return svgHeight - bottom - (v-low)/(high-low)*(svgHeight-top-bottom)
}

// x is the place of the i-th point.
func (c *Chart) x(i int) float64 {
	const width = svgWidth - left - right
	if !c.Continuous {
		return left + (float64(i)+0.5)/float64(len(c.X))*width
	}
	first, last := c.X[0], c.X[len(c.X)-1]
	if last == first {
		return left + width/2
	}
	return left + (c.X[i]-first)/(last-first)*width
}

func (c *Chart) axes(w canvas, number func(float64) string) {
	low, high := c.bounds()
	for i := range 5 {
		v := low + (high-low)*float64(i)/4
		w.put(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#dddddd"/>`, left, svgWidth-right, c.y(v), c.y(v))
		w.text(left-8, c.y(v)+4, "end", number(v))
	}
	every := max(1, (len(c.Labels)+5)/6)
	for i := 0; i < len(c.Labels); i += every {
		w.text(c.x(i), svgHeight-bottom+18, "middle", short(c.Labels[i]))
	}
	w.text(left+(svgWidth-left-right)/2, svgHeight-14, "middle", c.XTitle)
}

// short is a label that fits below the axis.
func short(s string) string {
	if len(s) >= 20 && s[10] == 'T' { // a datetime: its seconds do not matter here
		return strings.Replace(s[:16], "T", " ", 1)
	}
	if r := []rune(s); len(r) > 18 {
		return string(r[:17]) + "…"
	}
	return s
}

func (c *Chart) draw(w canvas, i int, s Series, number func(float64) string) {
	colour := colours[i%len(colours)]
	switch {
	case c.Kind == "scatterchart":
		for j, v := range s.Values {
			if !math.IsNaN(v) {
				w.put(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s</title></circle>`, c.x(j), c.y(v), colour, escape(c.Labels[j]), escape(number(v)))
			}
		}
	case c.Continuous:
		c.line(w, i, s)
	default:
		room := float64(svgWidth-left-right) / float64(len(c.X)) * 0.8
		each := room / float64(len(c.Series))
		for j, v := range s.Values {
			if !math.IsNaN(v) {
				from := c.x(j) - room/2 + each*float64(i)
				w.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s: %s</title></rect>`, from, min(c.y(v), c.y(0)), each, math.Abs(c.y(0)-c.y(v)), colour, escape(c.Labels[j]), escape(number(v)))
			}
		}
	}
}

// line draws a line that is broken where values are missing.
func (c *Chart) line(w canvas, i int, s Series) {
	colour, dash := colours[i%len(colours)], dashes[i%len(dashes)]
	var run []string
	end := func() {
		if len(run) == 1 {
			x, y, _ := strings.Cut(run[0], ",")
			w.put(`<circle cx="%s" cy="%s" r="2" fill="%s"/>`, x, y, colour)
		} else if len(run) > 1 {
			if strings.Contains(c.Kind, "area") {
				first, _, _ := strings.Cut(run[0], ",")
				last, _, _ := strings.Cut(run[len(run)-1], ",")
				w.put(`<polygon points="%s,%.1f %s %s,%.1f" fill="%s" fill-opacity="0.25"/>`, first, c.y(0), strings.Join(run, " "), last, c.y(0), colour)
			}
			w.put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, strings.Join(run, " "), colour, dash)
		}
		run = run[:0]
	}
	for j, v := range s.Values {
		if math.IsNaN(v) {
			end()
			continue
		}
		run = append(run, fmt.Sprintf("%.1f,%.1f", c.x(j), c.y(v)))
	}
	end()
}

func (c *Chart) legend(w canvas) {
	for i, s := range c.Series {
		y := float64(top + 18*i)
		w.put(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="3" stroke-dasharray="%s"/>`, svgWidth-right+12, svgWidth-right+34, y, y, colours[i%len(colours)], dashes[i%len(dashes)])
		w.text(svgWidth-right+40, y+4, "start", short(s.Name))
	}
}

// pie draws the first series as slices.
func (c *Chart) pie(w canvas, number func(float64) string) {
	const cx, cy, r = 260.0, 225.0, 160.0
	total := 0.0
	for _, v := range c.Series[0].Values {
		if v > 0 {
			total += v
		}
	}
	from, row := -math.Pi/2, 0
	for i, v := range c.Series[0].Values {
		if !(v > 0) {
			continue
		}
		to, colour := from+2*math.Pi*v/total, colours[i%len(colours)]
		if v == total {
			w.put(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, cx, cy, r, colour)
		} else {
			large := 0
			if to-from > math.Pi {
				large = 1
			}
			w.put(`<path d="M%.1f,%.1f L%.1f,%.1f A%.1f,%.1f 0 %d 1 %.1f,%.1f Z" fill="%s" stroke="#ffffff"/>`, cx, cy, cx+r*math.Cos(from), cy+r*math.Sin(from), r, r, large, cx+r*math.Cos(to), cy+r*math.Sin(to), colour)
		}
		y := float64(top + 20 + 18*row)
		w.put(`<rect x="480" y="%.1f" width="12" height="12" fill="%s"/>`, y-10, colour)
		w.text(500, y, "start", fmt.Sprintf("%s: %s (%.1f%%)", c.Labels[i], number(v), 100*v/total))
		from, row = to, row+1
	}
}
