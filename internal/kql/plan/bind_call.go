package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/sig"
	"github.com/azptu/azptu/internal/kql/value"
)

// special are the functions that the binder itself must understand.
var special map[string]func(b *binder, c *ast.Call, r *row) Expr

func init() {
	special = map[string]func(b *binder, c *ast.Call, r *row) Expr{
		"toscalar": (*binder).toScalar, "column_ifexists": (*binder).columnIfExists, "columnifexists": (*binder).columnIfExists,
		"iscolumnexists": func(b *binder, c *ast.Call, r *row) Expr {
			return Const{value.OfBool(indexOf(r.cols, b.constText(c, 0, r)) >= 0)}
		},
		"pack_all": (*binder).packAll, "bag_pack_columns": (*binder).packColumns, "column_names_of": (*binder).columnNames,
		"pack_array": (*binder).packArray, "current_database": constText("azptu"), "current_cluster_endpoint": constText("azptu"), "current_principal": constText(""),
		"ingestion_time": (*binder).ingestionTime, "extent_id": noExtent, "extentid": noExtent, "extent_tags": func(*binder, *ast.Call, *row) Expr { return Const{value.NullOf(value.Dynamic)} },
		"estimate_data_size": (*binder).dataSize, "bin_auto": (*binder).binAuto,
	}
}

func constText(s string) func(*binder, *ast.Call, *row) Expr {
	return func(*binder, *ast.Call, *row) Expr { return Const{value.OfString(s)} }
}

// windowNames are the functions that see neighbouring rows.
var windowNames = map[string]bool{
	"prev": true, "next": true, "row_number": true, "row_cumsum": true, "row_rank": true, "row_rank_dense": true, "row_rank_min": true, "row_window_session": true,
}

func (b *binder) call(c *ast.Call, r *row) Expr {
	if f, ok := r.in.find(c.Name).(*funcVar); ok {
		in, x := b.apply(f, c, r)
		defer b.leaveFunc()
		inner := *r
		inner.in, inner.cols = in, nil
		return b.scalar(x, &inner)
	}
	if isAggregate(c, r) {
		return b.aggregate(c, r)[0]
	}
	if v := b.graphCall(c, r); v != nil {
		return v
	}
	if f := special[c.Name]; f != nil {
		b.checkCount(c)
		return f(b, c, r)
	}
	if windowNames[c.Name] {
		return b.window(c, r)
	}
	s, f := sig.Scalar(c.Name), fn.Lookup(c.Name)
	if s == nil || f == nil {
		b.unknownFunction(c, r)
	}
	args, given := b.args(c, r)
	if t := f.Columns; t != nil && len(t(len(args))) > 0 && c.Name != "array_sort_asc" && c.Name != "array_sort_desc" {
		call := b.scalarCall(c, s, f, args, given)
		return b.fold(fn.Lookup("[]"), []Expr{call, Const{value.OfLong(0)}}, value.Dynamic)
	}
	return b.scalarCall(c, s, f, args, given)
}

// checkCount refuses a call with more or fewer arguments than the function ever takes.
func (b *binder) checkCount(c *ast.Call) {
	s := sig.Scalar(c.Name)
	if s == nil {
		return
	}
	if least, most := s.Counts(); len(c.Args) < least || len(c.Args) > most {
		b.failf(c.Pos, "%s() does not take %d arguments: expected %s", c.Name, len(c.Args), s.Usage())
	}
}

func (b *binder) scalarCall(c *ast.Call, s *sig.Symbol, f *fn.Func, args []Expr, given []sig.Arg) Expr {
	b.checkWord(c, args)
	m, err := s.Resolve(given)
	b.check(c.Pos, err)
	for i, t := range m.Convert {
		args[i] = b.coerce(args[i], t)
	}
	t := m.Result
	switch {
	case t == value.Unknown:
		t = value.Dynamic
	case c.Name == "datetime_diff" && isWord(args[0], "week"):
		t = value.Real // as Kusto has it, of this unit alone
	}
	b.checkConstants(c, args)
	if len(args) == 2 && c.Name == "parse_json" {
		args = args[:1]
	}
	return b.fold(f, args, t)
}

// isWord says whether an expression is a constant word.
func isWord(x Expr, word string) bool {
	k, ok := x.(Const)
	return ok && strings.EqualFold(k.V.S, word)
}

// checkConstants refuses constant arguments that cannot work for any row.
func (b *binder) checkConstants(c *ast.Call, args []Expr) {
	text := func(i int) (string, bool) {
		k, ok := args[i].(Const)
		return k.V.S, ok && k.V.T == value.String
	}
	switch c.Name {
	case "extract", "extract_all", "trim", "trim_start", "trim_end":
		if p, ok := text(0); ok && b.opts.Fn.Regexp(p) == nil {
			b.failf(c.Args[0].At(), "%s is not a regular expression", ast.Print(c.Args[0]))
		} else if ok && c.Name == "extract_all" && b.opts.Fn.Regexp(p).NumSubexp() == 0 {
			b.failf(c.Args[0].At(), "extract_all() needs a capturing group, such as (\\w+)")
		}
	case "replace_regex", "indexof_regex":
		if p, ok := text(1); ok && b.opts.Fn.Regexp(p) == nil {
			b.failf(c.Args[1].At(), "%s is not a regular expression", ast.Print(c.Args[1]))
		}
	case "format_datetime", "format_timespan":
		if p, ok := text(1); ok && !fn.ValidFormat(p, c.Name == "format_timespan") {
			b.failf(c.Args[1].At(), "%s is not a format that %s() knows", ast.Print(c.Args[1]), c.Name)
		}
	}
}

func (b *binder) unknownFunction(c *ast.Call, r *row) {
	switch why := reasons[c.Name]; {
	case why != "":
		b.failf(c.Pos, "%s() is not supported: %s", c.Name, why)
	case sig.Aggregate(c.Name) != nil:
		b.failf(c.Pos, "the aggregate %s() is not allowed here; it belongs into summarize", c.Name)
	case sig.Scalar(c.Name) != nil:
		b.failf(c.Pos, "the function %s() is not supported", c.Name)
	}
	candidates := fn.Names()
	if r.aggs != nil {
		candidates = append(candidates, agg.Names()...)
	}
	if hint := functionHint(c.Name); hint != "" {
		b.failf(c.Pos, "the name '%s' does not refer to any known function%s", c.Name, hint)
	}
	b.failNear(c.Pos, "the name '"+c.Name+"' does not refer to any known function", c.Name, candidates)
}

// args binds a call's arguments.
func (b *binder) args(c *ast.Call, r *row) ([]Expr, []sig.Arg) {
	args := make([]Expr, len(c.Args))
	given := make([]sig.Arg, len(c.Args))
	for i, a := range c.Args {
		if t, ok := a.(*ast.TypeOf); ok {
			typ := value.Dynamic
			if len(t.Types) > 0 {
				typ = t.Types[0].Type
			}
			args[i], given[i] = Const{value.OfString(typ.String())}, sig.Arg{Type: value.String, TypeLiteral: typ, Const: true}
			continue
		}
		args[i] = b.scalar(a, r)
		_, isConst := args[i].(Const)
		given[i] = sig.Arg{Type: args[i].Type(), Const: isConst, Kind: kindOf(args[i]), Texts: allTexts(args[i])}
	}
	return args, given
}

func (b *binder) constText(c *ast.Call, i int, r *row) string {
	if i < len(c.Args) {
		if k, ok := b.scalar(c.Args[i], r).(Const); ok && k.V.T == value.String {
			return k.V.S
		}
	}
	b.failf(c.Pos, "%s() needs a constant string", c.Name)
	return ""
}

// toScalar computes its argument once.
func (b *binder) toScalar(c *ast.Call, r *row) Expr {
	if len(c.Args) != 1 {
		b.failf(c.Pos, "toscalar() takes one expression")
	}
	if v, ok := b.values[c]; ok {
		return v
	}
	v := Const{b.scalarOf(c, r)}
	if b.once() {
		b.values[c] = v
	}
	return v
}

func (b *binder) scalarOf(c *ast.Call, r *row) value.Value {
	var n Node
	if x := c.Args[0]; b.isTable(x, r.in) {
		n = &Limit{In: b.pipe(x, r.in).node, N: 1}
	} else {
		in := r.in.child()
		in.table = true
		v := b.scalar(x, &row{in: in})
		if k, ok := v.(Const); ok {
			return k.V
		}
		n = &Project{In: &Values{Len: 1}, Cols: []Col{b.col("", v.Type())}, Exprs: []Expr{v}}
	}
	cols := n.Columns()
	if len(cols) == 0 {
		b.failf(c.Pos, "this table has no columns")
	}
	vals := b.run(n, c.Pos)
	if vals.Len == 0 {
		return value.NullOf(cols[0].Type)
	}
	return vals.Data[0].Value(0)
}

// run computes a plan at once.
func (b *binder) run(n Node, at ast.Pos) *Values {
	v, err := b.opts.Run(n)
	b.check(at, err)
	return v
}

func (b *binder) rows(x ast.Expr, in *scope) *Values {
	return b.run(b.pipe(x, in).node, x.At())
}

func (b *binder) columnIfExists(c *ast.Call, r *row) Expr {
	if len(c.Args) != 2 {
		b.failf(c.Pos, "%s() takes a column's name and a default", c.Name)
	}
	name := b.constText(c, 0, r)
	if i := indexOf(r.cols, name); i >= 0 {
		return Ref{r.cols[i].ID, r.cols[i].Type}
	}
	return b.scalar(c.Args[1], r)
}

func (b *binder) pack(cols []Col, skipEmpty bool) Expr {
	args := []Expr{Const{value.OfBool(skipEmpty)}}
	for _, c := range cols {
		args = append(args, Const{value.OfString(c.Name)}, Ref{c.ID, c.Type})
	}
	return b.fold(fn.Lookup("pack_columns"), args, value.Dynamic)
}

func (b *binder) packAll(c *ast.Call, r *row) Expr {
	skip := false
	if len(c.Args) == 1 {
		k, ok := b.scalar(c.Args[0], r).(Const)
		if !ok {
			b.failf(c.Args[0].At(), "pack_all() wants a constant here: true leaves out what is empty")
		}
		skip = k.V.Bool()
	}
	return b.pack(r.cols, skip)
}

func (b *binder) packColumns(c *ast.Call, r *row) Expr {
	var cols []Col
	for _, a := range c.Args {
		id, ok := a.(*ast.Ident)
		if !ok {
			b.failf(a.At(), "bag_pack_columns() takes columns")
		}
		ref, _ := b.name(id, r).(Ref)
		cols = append(cols, Col{ID: ref.ID, Name: id.Name, Type: ref.T})
	}
	return b.pack(cols, false)
}

func (b *binder) packArray(c *ast.Call, r *row) Expr {
	var args []Expr
	for _, a := range c.Args {
		if _, ok := a.(*ast.Star); ok {
			for _, col := range r.cols {
				args = append(args, Ref{col.ID, col.Type})
			}
			continue
		}
		args = append(args, b.scalar(a, r))
	}
	return b.fold(fn.Lookup("pack_array"), args, value.Dynamic)
}

func (b *binder) columnNames(c *ast.Call, r *row) Expr {
	if len(c.Args) != 1 || !b.isTable(c.Args[0], r.in) {
		b.failf(c.Pos, "column_names_of() takes a table")
	}
	names := []any{}
	for _, col := range b.pipe(c.Args[0], r.in).node.Columns() {
		names = append(names, col.Name)
	}
	return Const{value.OfDynamic(names)}
}

// ingestionTime is when a row was written. A log has that in TimeGenerated; of other tables
// it is not kept, and null as in Kusto.
func (b *binder) ingestionTime(_ *ast.Call, r *row) Expr {
	if i := indexOf(r.cols, "TimeGenerated"); i >= 0 && r.cols[i].Type == value.DateTime {
		return Ref{r.cols[i].ID, value.DateTime}
	}
	return Const{value.NullOf(value.DateTime)}
}

func (b *binder) dataSize(c *ast.Call, r *row) Expr {
	var args []Expr
	for _, a := range c.Args {
		if _, ok := a.(*ast.Star); ok {
			for _, col := range r.cols {
				args = append(args, Ref{col.ID, col.Type})
			}
			continue
		}
		args = append(args, b.scalar(a, r))
	}
	size := &fn.Func{Name: "estimate_data_size", Nulls: true, Row: func(_ *fn.Context, a []value.Value) value.Value {
		n := 0
		for _, v := range a {
			switch v.T {
			case value.String, value.Dynamic:
				n += len(value.Text(v))
			case value.Bool:
				n++
			case value.Int:
				n += 4
			default:
				n += 8
			}
		}
		return value.OfLong(int64(n))
	}}
	return b.fold(size, args, value.Long)
}

// binAuto is bin_at with the size and the fixed point that set statements give.
func (b *binder) binAuto(c *ast.Call, r *row) Expr {
	if len(c.Args) != 1 {
		b.failf(c.Pos, "bin_auto() takes one expression")
	}
	v := b.scalar(c.Args[0], r)
	size, ok := b.settings["query_bin_auto_size"]
	if !ok {
		b.failf(c.Pos, "bin_auto() needs its size: set query_bin_auto_size=1h")
	}
	at := b.settings["query_bin_auto_at"]
	if at == nil {
		at = Const{value.Convert(value.OfLong(0), v.Type())}
	}
	t := v.Type()
	if t == value.Int {
		t = value.Long
	}
	return b.fold(fn.Lookup("bin_at"), []Expr{b.coerce(v, t), size, b.coerce(at, t)}, t)
}

// window binds prev, next, row_number and the like.
func (b *binder) window(c *ast.Call, r *row) Expr {
	if r.windows == nil {
		b.failf(c.Pos, "%s() needs rows in order: put serialize, or a sort, before it", c.Name)
	}
	inner := *r
	args, given := b.args(c, &inner)
	s := sig.Scalar(c.Name)
	m, err := s.Resolve(given)
	b.check(c.Pos, err)
	t := m.Result
	for i, conv := range m.Convert {
		args[i] = b.coerce(args[i], conv)
	}
	switch c.Name {
	case "row_cumsum":
		if t == value.Int {
			t = value.Long
		}
		args[0] = b.coerce(args[0], t)
	case "prev", "next":
		t = args[0].Type()
		if len(args) > 1 {
			if k, ok := args[1].(Const); ok && !k.V.Null && k.V.I < 1 {
				b.failf(c.Args[1].At(), "%s() looks at another row: its offset must be 1 or more", c.Name)
			}
		}
		if len(args) > 2 {
			if _, ok := args[2].(Const); !ok {
				b.failf(c.Args[2].At(), "the default of %s() must be a constant", c.Name)
			}
			args[2] = b.coerce(args[2], t)
		}
	}
	out := b.col(c.Name, t)
	*r.windows = append(*r.windows, WindowCall{Name: c.Name, Args: args, Out: out})
	return Ref{out.ID, t}
}

// aggregate binds a call of an aggregate and gives a reference to each of its columns.
func (b *binder) aggregate(c *ast.Call, r *row) []Expr {
	plain := r.plain()
	var args []Expr
	var given []sig.Arg
	for _, a := range c.Args {
		if _, ok := a.(*ast.Star); ok {
			if c.Name == "count" {
				continue
			}
			args, given = b.starArgs(c, args, given, r)
			continue
		}
		v := b.scalar(a, plain)
		_, isConst := v.(Const)
		args, given = append(args, v), append(given, sig.Arg{Type: v.Type(), Const: isConst, Kind: kindOf(v)})
	}
	m, err := sig.Aggregate(c.Name).Resolve(given)
	b.check(c.Pos, err)
	for i, t := range m.Convert {
		args[i] = b.coerce(args[i], t)
	}
	return b.addAgg(c, args, m.Result, r)
}

// wordArgs are arguments that only certain constants will do for.
var wordArgs = map[string]struct {
	at    int
	words string
}{
	"countof":       {2, " normal regex "},
	"datetime_part": {0, dateParts}, "datepart": {0, dateParts},
	"datetime_diff": {0, " year quarter month week day hour minute second millisecond microsecond nanosecond "},
	"datetime_add":  {0, " year quarter month week day hour minute second millisecond microsecond nanosecond "},
}

const dateParts = " year quarter month week_of_year weekofyear week day dayofyear hour minute second millisecond microsecond nanosecond "

func (b *binder) checkWord(c *ast.Call, args []Expr) {
	w, ok := wordArgs[c.Name]
	if !ok || w.at >= len(args) {
		return
	}
	k, ok := args[w.at].(Const)
	if !ok || k.V.T != value.String || strings.Contains(w.words, " "+strings.ToLower(k.V.S)+" ") {
		return
	}
	b.failf(c.Args[w.at].At(), "one of the words%swas expected here, not '%s'", w.words, k.V.S)
}

// kindOf tells what a constant dynamic is, as gettype names it; "" for other expressions.
func kindOf(x Expr) string {
	if k, ok := x.(Const); ok && k.V.T == value.Dynamic && !k.V.Null {
		return value.KindOf(k.V.X)
	}
	return ""
}

// allTexts says whether an expression is a constant array of strings only.
func allTexts(x Expr) bool {
	k, _ := x.(Const)
	l, ok := k.V.X.([]any)
	for _, e := range l {
		if _, text := e.(string); !text {
			return false
		}
	}
	return ok
}

// starArgs puts the columns that are not named yet in place of *.
func (b *binder) starArgs(c *ast.Call, args []Expr, given []sig.Arg, r *row) ([]Expr, []sig.Arg) {
	used := map[int]bool{}
	for _, a := range args {
		if ref, ok := a.(Ref); ok {
			used[ref.ID] = true
		}
	}
	for _, col := range r.cols {
		if !used[col.ID] && !b.isKey(col, c.Name) {
			args, given = append(args, Ref{col.ID, col.Type}), append(given, sig.Arg{Type: col.Type})
		}
	}
	return args, given
}

// isKey says whether a column is grouped by in the summarize being bound, so that * leaves
// it out; for arg_max and arg_min also whether it has the name of a key.
func (b *binder) isKey(col Col, agg string) bool {
	if b.tail == nil {
		return false
	}
	for _, k := range b.tail.keys {
		if ref, ok := k.(Ref); ok && ref.ID == col.ID {
			return true
		}
	}
	return strings.HasPrefix(agg, "arg") && b.tail.keyNames[col.Name]
}

func (b *binder) addAgg(c *ast.Call, args []Expr, result value.Type, r *row) []Expr {
	a := Agg{Args: args, Spec: agg.Spec{Name: c.Name, Result: result}}
	name := strings.TrimSuffix(c.Name, "if")
	b.widen(name, &a)
	for _, x := range a.Args {
		k, ok := x.(Const)
		if !ok {
			k.V = value.Value{Null: true}
		}
		a.Spec.Args, a.Spec.Consts = append(a.Spec.Args, x.Type()), append(a.Spec.Consts, k.V)
	}
	if strings.HasPrefix(name, "percentile") {
		b.checkPercentiles(c, name, a.Args)
	}
	var refs []Expr
	for _, t := range aggTypes(c.Name, name, &a) {
		col := b.col(c.Name, t)
		a.Out = append(a.Out, col)
		refs = append(refs, Ref{col.ID, t})
	}
	*r.aggs = append(*r.aggs, a)
	return refs
}

// widen gives the first argument the type the aggregate computes with.
func (b *binder) widen(name string, a *Agg) {
	switch name {
	case "sum", "avg":
		if a.Args[0].Type().IsInteger() {
			a.Args[0] = b.coerce(a.Args[0], value.Long)
		}
		if name == "sum" {
			a.Spec.Result = a.Args[0].Type()
		}
	case "percentile", "percentiles", "percentilew", "percentilesw":
		switch a.Args[0].Type() {
		case value.Int:
			a.Args[0] = b.coerce(a.Args[0], value.Long)
		case value.Dynamic:
			a.Args[0], a.Spec.Result = b.coerce(a.Args[0], value.Real), value.Dynamic
			return
		}
		a.Spec.Result = a.Args[0].Type()
	case "percentiles_array", "percentilesw_array":
		a.Spec.Result = value.Dynamic
	}
}

// firstPercentile is the place of the first percentile among the arguments.
func firstPercentile(name string) int {
	if strings.HasPrefix(name, "percentilew") || strings.HasPrefix(name, "percentilesw") {
		return 2
	}
	return 1
}

func (b *binder) checkPercentiles(c *ast.Call, name string, args []Expr) {
	for _, x := range args[firstPercentile(name):] {
		if _, ok := x.(Const); !ok {
			b.failf(c.Pos, "the percentiles of %s() must be constants", c.Name)
		}
	}
}

// aggTypes gives the types of an aggregate's columns.
func aggTypes(full, name string, a *Agg) []value.Type {
	var types []value.Type
	switch name {
	case "arg_max", "arg_min", "argmax", "argmin", "take_any", "any":
		n := len(a.Args)
		if name != full {
			n = 1
		}
		for _, x := range a.Args[:n] {
			types = append(types, x.Type())
		}
	case "percentiles", "percentilesw":
		for range a.Args[firstPercentile(name):] {
			types = append(types, a.Spec.Result)
		}
	default:
		types = []value.Type{a.Spec.Result}
	}
	return types
}

// Special says whether a function is computed by the binder, or sees neighbouring rows.
func Special(name string) bool { return special[name] != nil || windowNames[name] }
