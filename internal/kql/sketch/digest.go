package sketch

import (
	"math"
	"sort"
)

// maxCentroids bounds a digest; below it every value is kept as it is.
const maxCentroids = 2000

// Digest summarizes weighted numbers for percentiles.
type Digest struct {
	points []point
	sorted bool
	full   int // points at which they are joined next; 0 means 4 × maxCentroids
}

type point struct{ mean, weight float64 }

// Add puts a number with a weight.
func (d *Digest) Add(x, weight float64) {
	if math.IsNaN(x) || weight <= 0 {
		return
	}
	d.points, d.sorted = append(d.points, point{x, weight}), false
	if len(d.points) > max(d.full, 4*maxCentroids) {
		d.compress()
		d.full = 2 * len(d.points) // what is left grows with the logarithm of the weight; joining must stay rare
	}
}

// Merge adds another digest's numbers.
func (d *Digest) Merge(o *Digest) {
	for _, p := range o.points {
		d.Add(p.mean, p.weight)
	}
}

func (d *Digest) sort() {
	if !d.sorted {
		sort.Slice(d.points, func(i, j int) bool { return d.points[i].mean < d.points[j].mean })
		d.sorted = true
	}
}

func (d *Digest) total() float64 {
	t := 0.0
	for _, p := range d.points {
		t += p.weight
	}
	return t
}

// compress joins neighbours, finely at the ends and coarsely in the middle.
func (d *Digest) compress() {
	d.sort()
	total := d.total()
	out := d.points[:0:0]
	seen := 0.0
	for _, p := range d.points {
		n := len(out)
		q := (seen + p.weight/2) / total
		limit := 4 * total * q * (1 - q) / maxCentroids
		if n > 0 && out[n-1].weight+p.weight <= limit {
			w := out[n-1].weight + p.weight
			out[n-1] = point{out[n-1].mean + (p.mean-out[n-1].mean)*p.weight/w, w}
		} else {
			out = append(out, p)
		}
		seen += p.weight
	}
	d.points = out
}

// Percentile gives the value at p percent by nearest rank; ok is false when there is none.
func (d *Digest) Percentile(p float64) (x float64, ok bool) {
	if len(d.points) == 0 {
		return 0, false
	}
	d.sort()
	rank := math.Ceil(p / 100 * d.total())
	seen := 0.0
	for _, q := range d.points {
		if seen += q.weight; seen >= rank {
			return q.mean, true
		}
	}
	return d.points[len(d.points)-1].mean, true
}

// Rank gives about how much weight lies at or below x.
func (d *Digest) Rank(x float64) float64 {
	d.sort()
	seen := 0.0
	for _, q := range d.points {
		if q.mean > x {
			break
		}
		seen += q.weight
	}
	return seen
}

// Total is the weight put in.
func (d *Digest) Total() float64 { return d.total() }

// Dynamic gives the digest's state as a member of a dynamic value.
func (d *Digest) Dynamic() any {
	if len(d.points) > maxCentroids {
		d.compress()
	}
	d.sort()
	means, weights := make([]any, len(d.points)), make([]any, len(d.points))
	for i, p := range d.points {
		means[i], weights[i] = p.mean, p.weight
	}
	return []any{"tdigest", means, weights}
}

// DigestOf reads back what Dynamic gave; ok is false for anything else.
func DigestOf(x any) (*Digest, bool) {
	l, ok := x.([]any)
	if !ok || len(l) != 3 || l[0] != "tdigest" {
		return nil, false
	}
	means, ok1 := l[1].([]any)
	weights, ok2 := l[2].([]any)
	if !ok1 || !ok2 || len(means) != len(weights) {
		return nil, false
	}
	d := &Digest{}
	for i := range means {
		d.Add(float(means[i]), float(weights[i]))
	}
	return d, true
}

func float(x any) float64 {
	switch n := x.(type) {
	case float64:
		return n
	case int64:
		return float64(n)
	}
	return math.NaN()
}
