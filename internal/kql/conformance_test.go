package kql

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// sharedDir finds the recorded cases beside the checkout; "" when they are not there.
func sharedDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("AZPTU_SHARED"); dir != "" {
		return filepath.Join(dir, "kql")
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			dir = filepath.Join(dir, "..", "shared", "kql")
			if _, e := os.Stat(dir); e == nil {
				return dir
			}
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

type recorded struct {
	ID, Query, Trust, Compare string
	Columns                   []struct{ Name, Type string }
	Rows                      [][]any
	Ordered, Exact            bool
	Tags                      []string
	NamesFrom                 string `json:"names_from"`
	Suspect                   any
}

func (c *recorded) has(tags ...string) bool {
	for _, t := range c.Tags {
		for _, want := range tags {
			if t == want {
				return true
			}
		}
	}
	return false
}

func lines(t testing.TB, path string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<26)
	for sc.Scan() {
		each(sc.Bytes())
	}
}

func decodeCase(line []byte) (*recorded, error) {
	c := &recorded{}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	return c, d.Decode(c)
}

var conformanceNow = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func query(text string, db Database) (res *Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("PANIC: %v", r)
		}
	}()
	return (&Engine{}).Query(context.Background(), text, Options{Now: conformanceNow, Database: db, Limits: Limits{Time: 10 * time.Second}})
}

// cell gives a value in the form the cases are written in.
func cell(v Value) any {
	d := json.NewDecoder(bytes.NewReader(AppendJSON(nil, v)))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil {
		return nil
	}
	return x
}

func sameNumber(a, b string, exact bool) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil {
		return a == b
	}
	if x == y {
		return true
	}
	if exact {
		return math.Abs(x-y) <= 1e-9*math.Max(math.Abs(x), math.Abs(y)) && strings.ContainsAny(a+b, ".e")
	}
	digits := 0
	if i := strings.IndexByte(b, '.'); i >= 0 {
		digits = len(b) - i - 1
	}
	return math.Abs(x-y) <= 0.6*math.Pow(10, -float64(digits)) || math.Abs(x-y) <= 1e-9*math.Abs(y)
}

func numberText(x any) (string, bool) {
	switch n := x.(type) {
	case json.Number:
		return n.String(), true
	case string:
		switch n {
		case "NaN", "Infinity", "-Infinity":
			return n, true
		}
	}
	return "", false
}

// same compares what we got with what is wanted.
func same(got, want any, exact, sets bool) bool {
	if a, ok := numberText(got); ok {
		if b, ok := numberText(want); ok {
			return sameNumber(a, b, exact)
		}
	}
	switch w := want.(type) {
	case nil:
		return got == nil || got == ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		if sets {
			g, w = sortedJSON(g), sortedJSON(w)
		}
		for i := range w {
			if !same(g[i], w[i], exact, sets) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range w {
			if !same(g[k], w[k], exact, sets) {
				return false
			}
		}
		return true
	case json.Number:
		if s, ok := got.(string); ok {
			return sameNumber(s, w.String(), exact)
		}
		return false
	}
	return got == want
}

func sortedJSON(l []any) []any {
	out := append([]any(nil), l...)
	sort.Slice(out, func(i, j int) bool { return key(out[i]) < key(out[j]) })
	return out
}

func key(x any) string {
	b, _ := json.Marshal(x)
	return string(b)
}

// judge runs a case and says what is wrong, "" when nothing is.
func judge(c *recorded) string {
	res, err := query(c.Query, nil)
	if err != nil {
		return "error: " + err.Error()
	}
	t := res.Tables[len(res.Tables)-1]
	if c.NamesFrom == "analyser" {
		for i, col := range c.Columns {
			if i < len(t.Columns) && t.Columns[i].Name != col.Name {
				return fmt.Sprintf("column %d is %s, want %s", i, t.Columns[i].Name, col.Name)
			}
		}
	}
	if len(t.Columns) != len(c.Columns) {
		return fmt.Sprintf("%d columns %v, want %d %v", len(t.Columns), t.Columns, len(c.Columns), c.Columns)
	}
	var got [][]any
	for _, r := range t.Rows() {
		row := make([]any, len(r))
		for i, v := range r {
			row[i] = cell(v)
		}
		got = append(got, row)
	}
	want := c.Rows
	if c.Compare == "last-row-only" && len(got) > 0 && len(want) > 0 {
		got, want = got[len(got)-1:], want[len(want)-1:]
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d: got %s", len(got), len(want), short(got))
	}
	if !matchRows(got, want, c) {
		return fmt.Sprintf("got %s want %s", short(got), short(want))
	}
	return ""
}

func matchRows(got, want [][]any, c *recorded) bool {
	sets := c.has("set-order-unspecified")
	equal := func(g, w []any) bool {
		for i := range w {
			if !same(g[i], w[i], c.Exact, sets) {
				return false
			}
		}
		return len(g) == len(w)
	}
	used := make([]bool, len(want))
	for i, g := range got {
		found := false
		for j, w := range want {
			if c.Ordered && j != i || used[j] {
				continue
			}
			if equal(g, w) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func short(x any) string {
	s := key(x)
	if len(s) > 400 {
		s = s[:400] + "…"
	}
	return s
}

func TestConformanceCases(t *testing.T) {
	dir := sharedDir(t)
	if dir == "" {
		t.Log("the recorded cases are not here: our own are run by TestOwnCases")
		return
	}
	type tally struct{ pass, all int }
	tags := map[string]*tally{}
	count := func(name string, ok bool) {
		if tags[name] == nil {
			tags[name] = &tally{}
		}
		tags[name].all++
		if ok {
			tags[name].pass++
		}
	}
	var core, all tally
	lines(t, filepath.Join(dir, "cases.jsonl"), func(line []byte) {
		c, err := decodeCase(line)
		if err != nil {
			t.Fatal(err)
		}
		if c.Suspect != nil && c.Suspect != false {
			return
		}
		why := judge(c)
		ok := why == ""
		all.all++
		if ok {
			all.pass++
		}
		count("trust "+c.Trust, ok)
		for _, tag := range c.Tags {
			count(tag, ok)
		}
		if !c.has("geo", "graph", "series", "plugin", "hash") {
			core.all++
			if ok {
				core.pass++
			}
		}
		if !ok {
			t.Logf("FAIL %s %v\n    %s\n    %s", c.ID, c.Tags, strings.ReplaceAll(c.Query, "\n", "\n    "), why)
		}
	})
	names := make([]string, 0, len(tags))
	for n := range tags {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		t.Logf("%-40s %d of %d", n, tags[n].pass, tags[n].all)
	}
	t.Logf("core: %d of %d (%.1f %%)", core.pass, core.all, 100*float64(core.pass)/float64(core.all))
	t.Logf("all: %d of %d (%.1f %%)", all.pass, all.all, 100*float64(all.pass)/float64(all.all))
	if core.pass*100 < core.all*95 {
		t.Error("fewer than 95 % of the cases about logs give the recorded answer")
	}
	if all.pass*100 < all.all*90 {
		t.Error("fewer than 90 % of all cases give the recorded answer")
	}
}

func TestConformanceRefused(t *testing.T) {
	dir := sharedDir(t)
	if dir == "" {
		t.Log("the recorded refusals are not here")
		return
	}
	lines(t, filepath.Join(dir, "refused.jsonl"), func(line []byte) {
		c, err := decodeCase(line)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := query(c.Query, nil); err == nil {
			t.Errorf("not refused: %s\n   %v", c.Query, res.Tables[0].Columns)
		}
	})
}

// schemas reads the recorded table schemas and puts a few rows into each.
func schemas(t testing.TB, dir string) Tables {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "tables.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables map[string]struct{ Columns json.RawMessage }
	if err := json.Unmarshal(raw, &tables); err != nil {
		t.Fatal(err)
	}
	db := Tables{}
	for name, def := range tables {
		doc, _ := value.ParseJSON(string(def.Columns))
		bag, _ := doc.(*value.Bag)
		var cols []Column
		for i, c := range bag.Keys {
			typ, ok := value.TypeByName(bag.Vals[i].(string))
			if !ok {
				t.Fatalf("%s.%s has the type %v", name, c, bag.Vals[i])
			}
			cols = append(cols, Column{Name: c, Type: typ})
		}
		m := NewMemoryTable(cols)
		var rows [][]Value
		for i := range 5 {
			row := make([]Value, len(cols))
			for j, c := range cols {
				row[j] = sample(c, i)
			}
			rows = append(rows, row)
		}
		if err := m.AppendRows(rows); err != nil {
			t.Fatal(err)
		}
		db[name] = m
	}
	return db
}

func sample(c Column, i int) Value {
	switch c.Type {
	case value.DateTime:
		return value.OfDateTime(value.FromTime(conformanceNow) - int64(i)*value.Minute)
	case value.String:
		return value.OfString(c.Name + strconv.Itoa(i%3))
	case value.Dynamic:
		return value.OfDynamic(&value.Bag{})
	case value.Bool:
		return value.OfBool(i%2 == 0)
	case value.GUID, value.TimeSpan:
		return value.NullOf(c.Type)
	}
	return value.Convert(value.OfLong(int64(200+i)), c.Type)
}

func TestConformanceRealQueries(t *testing.T) {
	dir := sharedDir(t)
	if dir == "" {
		t.Log("the public queries are not here")
		return
	}
	db := schemas(t, dir)
	n := 0
	lines(t, filepath.Join(dir, "real", "index.jsonl"), func(line []byte) {
		var q struct {
			File    string
			OK      bool `json:"analyser_ok"`
			Columns []struct{ Name, Type string }
		}
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatal(err)
		}
		if !q.OK {
			return
		}
		n++
		text, err := os.ReadFile(filepath.Join(dir, "real", q.File))
		if err != nil {
			t.Fatal(err)
		}
		res, err := query(string(text), db)
		if err != nil {
			t.Errorf("%s: %v", q.File, err)
			return
		}
		got := res.Tables[0].Columns
		if len(got) != len(q.Columns) {
			t.Errorf("%s: columns %v, want %v", q.File, got, q.Columns)
			return
		}
		for i, c := range q.Columns {
			if got[i].Name != c.Name || got[i].Type.String() != c.Type {
				t.Errorf("%s: column %d is %v, want %v", q.File, i, got[i], c)
			}
		}
	})
	t.Logf("%d public queries ran", n)
}
