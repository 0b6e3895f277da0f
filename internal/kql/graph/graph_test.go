package graph

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func random(r *rand.Rand, n, m int) *Graph {
	source, target := make([]int32, m), make([]int32, m)
	for i := range source {
		source[i], target[i] = int32(r.IntN(n)), int32(r.IntN(n))
	}
	return New(n, source, target)
}

// walks lists all ways from a node along so many edges, the simplest way.
func walks(g *Graph, from int32, direction, length int, cycles Cycles) [][]int32 {
	if length == 0 {
		return [][]int32{{}}
	}
	var out [][]int32
	for _, w := range walks(g, from, direction, length-1, cycles) {
		nodes := nodesOf(g, from, direction, w)
		at := nodes[len(nodes)-1]
		for e := range int32(len(g.Source)) {
			ends := map[int32]bool{}
			if direction >= 0 && g.Source[e] == at {
				ends[g.Target[e]] = true
			}
			if direction <= 0 && g.Target[e] == at {
				ends[g.Source[e]] = true
			}
			for to := range ends {
				if cycles != AllCycles && slices.Contains(w, e) || cycles == NoCycles && slices.Contains(nodes, to) {
					continue
				}
				out = append(out, append(slices.Clone(w), e))
			}
		}
	}
	return out
}

// nodesOf gives the nodes that a way goes through, the first included.
func nodesOf(g *Graph, from int32, direction int, edges []int32) []int32 {
	nodes := []int32{from}
	for _, e := range edges {
		at := nodes[len(nodes)-1]
		if direction >= 0 && g.Source[e] == at {
			at = g.Target[e]
		} else {
			at = g.Source[e]
		}
		nodes = append(nodes, at)
	}
	return nodes
}

func text(nodes, edges []int32) string {
	var b strings.Builder
	for _, n := range append(slices.Clone(nodes), append([]int32{-9}, edges...)...) {
		b.WriteString(strconv.Itoa(int(n)) + " ")
	}
	return b.String()
}

func pattern(n int, edges ...Edge) *Pattern {
	return &Pattern{Nodes: make([]Mask, n), Edges: edges, Check: func() error { return nil }, Hold: func(int64) error { return nil }}
}

func TestSearchFindsEveryWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		g := random(r, 2+r.IntN(5), 1+r.IntN(9))
		direction, cycles := r.IntN(3)-1, Cycles(r.IntN(3))
		e := Edge{From: 0, To: 1, Direction: direction, Several: true, Min: 1 + r.IntN(2), Max: 3}
		var want []string
		for from := range int32(g.N) {
			for length := e.Min; length <= e.Max; length++ {
				for _, w := range walks(g, from, direction, length, cycles) {
					want = append(want, text(nodesOf(g, from, direction, w), w))
				}
			}
		}
		p := pattern(2, e)
		p.Cycles = cycles
		if r.IntN(2) == 0 { // begin at the other end
			p.Nodes[1] = make(Mask, g.N)
			for i := range p.Nodes[1] {
				p.Nodes[1][i] = i < g.N-1
			}
			last := strconv.Itoa(g.N-1) + " -9 "
			want = slices.DeleteFunc(want, func(s string) bool { return strings.Contains(" "+s, " "+last) })
		}
		var got []string
		err := Search(g, p, func(ms []Match) error {
			for _, m := range ms {
				nodes := append(append([]int32{m.Nodes[0]}, m.Paths[0].Inner...), m.Nodes[1])
				got = append(got, text(nodes, m.Paths[0].Edges))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("direction %d, cycles %d, %v>%v\ngot  %q\nwant %q", direction, cycles, g.Source, g.Target, got, want)
		}
	}
}

func TestShortestIsTheShortestWay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 80 {
		g := random(r, 2+r.IntN(6), 1+r.IntN(10))
		e := Edge{From: 0, To: 1, Direction: r.IntN(2)*2 - 1, Several: true, Min: 1 + r.IntN(3), Max: 4}
		every := r.IntN(2) == 0
		want := map[[2]int32]map[string]int{}
		for from := range int32(g.N) {
			for length := e.Min; length <= e.Max; length++ {
				for _, w := range walks(g, from, e.Direction, length, UniqueEdges) {
					nodes := nodesOf(g, from, e.Direction, w)
					ends := [2]int32{from, nodes[len(nodes)-1]}
					if want[ends] == nil {
						want[ends] = map[string]int{}
					}
					want[ends][text(nodes, w)] = length
				}
			}
		}
		got := map[[2]int32][]string{}
		if err := Shortest(g, pattern(2, e), every, func(ms []Match) error {
			for _, m := range ms {
				ends := [2]int32{m.Nodes[0], m.Nodes[1]}
				nodes := append(append([]int32{m.Nodes[0]}, m.Paths[0].Inner...), m.Nodes[1])
				got[ends] = append(got[ends], text(nodes, m.Paths[0].Edges))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for ends, ways := range want {
			least, n := 99, 0
			for _, length := range ways {
				least = min(least, length)
			}
			for _, length := range ways {
				if length == least {
					n++
				}
			}
			if !every {
				n = 1
			}
			if len(got[ends]) != n {
				t.Fatalf("%v: %d ways, want %d\n%v>%v min %d\ngot %q\nof %v", ends, len(got[ends]), n, g.Source, g.Target, e.Min, got[ends], ways)
			}
			for _, w := range got[ends] {
				if ways[w] != least {
					t.Fatalf("%v: %q is no way of length %d", ends, w, least)
				}
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d pairs, want %d", len(got), len(want))
		}
	}
}

func TestComponents(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		g := random(r, 1+r.IntN(8), r.IntN(12))
		reach := make([][]bool, g.N)
		for i := range reach {
			reach[i] = make([]bool, g.N)
			reach[i][i] = true
		}
		for range g.N {
			for e, s := range g.Source {
				for i := range reach {
					reach[i][g.Target[e]] = reach[i][g.Target[e]] || reach[i][s]
				}
			}
		}
		part := g.Components(true)
		for i := range g.N {
			for j := range g.N {
				if (part[i] == part[j]) != (reach[i][j] && reach[j][i]) {
					t.Fatalf("%v>%v: strong parts %v", g.Source, g.Target, part)
				}
			}
		}
		for e, s := range g.Source {
			if weak := g.Components(false); weak[s] != weak[g.Target[e]] {
				t.Fatalf("%v>%v: weak parts %v", g.Source, g.Target, weak)
			}
		}
	}
}
