package ast

func (o *Where) printOp(p *printer) {
	p.s("where ")
	o.Pred.print(p, 0)
}

func (o *Columns) printOp(p *printer) {
	p.s(o.Verb)
	for i, x := range o.Items {
		if i > 0 {
			p.s(",")
		}
		p.s(" ")
		x.print(p, 0)
		if i < len(o.Orders) && o.Orders[i] != "" {
			p.s(" ", o.Orders[i])
		}
	}
}

func (p *printer) by(xs []Expr) {
	if len(xs) > 0 {
		p.s(" by ")
		p.list(xs)
	}
}

func (o *Summarize) printOp(p *printer) {
	p.s("summarize")
	p.options(o.Options)
	p.s(" ")
	p.list(o.Aggs)
	p.by(o.By)
}

func (o *Sort) printOp(p *printer) {
	if o.N != nil {
		p.s("top")
		p.options(o.Options)
		p.s(" ")
		o.N.print(p, 0)
	} else {
		p.s("sort")
		p.options(o.Options)
	}
	p.s(" by ")
	for i, k := range o.Keys {
		if i > 0 {
			p.s(", ")
		}
		k.X.print(p, 0)
		if k.Asc {
			p.s(" asc")
		} else {
			p.s(" desc")
		}
		p.s(" nulls ", k.Nulls)
	}
}

func (o *TopNested) printOp(p *printer) {
	for i, l := range o.Levels {
		if i > 0 {
			p.s(", ")
		}
		p.s("top-nested ")
		if l.N != nil {
			l.N.print(p, 0)
			p.s(" ")
		}
		p.s("of ")
		l.Of.print(p, 0)
		if l.Others != nil {
			p.s(" with others = ")
			l.Others.print(p, 0)
		}
		p.s(" by ")
		l.By.print(p, 0)
		if l.Asc {
			p.s(" asc")
		}
	}
}

func (o *TopHitters) printOp(p *printer) {
	p.s("top-hitters ")
	o.N.print(p, 0)
	p.s(" of ")
	o.Of.print(p, 0)
	if o.By != nil {
		p.s(" by ")
		o.By.print(p, 0)
	}
}

func (o *Rows) printOp(p *printer) {
	p.s(o.Verb, " ")
	o.N.print(p, 0)
	if o.Of != nil {
		p.s(" of ")
		o.Of.print(p, 0)
	}
}

func (o *Bare) printOp(p *printer) {
	p.s(o.Verb)
	if o.Name != "" {
		p.s(" as " + Name(o.Name))
	}
}

// table prints a table given to an operator.
func (p *printer) table(x Expr) {
	switch x := x.(type) {
	case *Ident, *Call, *Member, *MethodCall:
		x.print(p, precPostfix)
	default:
		p.s("(")
		x.print(p, 0)
		p.s(")")
	}
}

func (p *printer) tables(xs []Expr) {
	for i, x := range xs {
		if i > 0 {
			p.s(", ")
		}
		p.table(x)
	}
}

func (o *Join) printOp(p *printer) {
	if o.Lookup {
		p.s("lookup")
	} else {
		p.s("join")
	}
	p.options(o.Options)
	p.s(" ")
	p.table(o.Right)
	p.s(" on ")
	p.list(o.On)
}

func (o *Union) printOp(p *printer) {
	p.s("union")
	p.options(o.Options)
	p.s(" ")
	p.tables(o.Tables)
}

func (o *MvExpand) printOp(p *printer) {
	if o.Sub != nil {
		p.s("mv-apply")
	} else {
		p.s("mv-expand")
	}
	p.options(o.Options)
	for i, e := range o.Items {
		if i > 0 {
			p.s(",")
		}
		p.s(" ")
		e.X.print(p, 0)
		if e.To != nil {
			p.s(" to ")
			e.To.print(p, 0)
		}
	}
	if o.Limit != nil {
		p.s(" limit ")
		o.Limit.print(p, 0)
	}
	if o.Sub != nil {
		p.s(" on ")
		p.sub(o.Sub)
	}
}

func (o *ParseText) printOp(p *printer) {
	p.s("parse")
	if o.Where {
		p.s("-where")
	}
	p.options(o.Options)
	p.s(" ")
	o.X.print(p, 0)
	p.s(" with")
	for _, part := range o.Parts {
		p.s(" ")
		switch {
		case part.Star:
			p.s("*")
		case part.Text != nil:
			part.Text.print(p, 0)
		default:
			p.s(Name(part.Column.Name))
			if part.Typed {
				p.s(":", part.Column.Type.String())
			}
		}
	}
}

func (p *printer) with(o Options) {
	if len(o) == 0 {
		return
	}
	p.s(" with (")
	for i, x := range o {
		if i > 0 {
			p.s(", ")
		}
		p.s(Name(x.Name), "=")
		p.optionValue(x.Value)
	}
	p.s(")")
}

func (o *ParseKV) printOp(p *printer) {
	p.s("parse-kv ")
	o.X.print(p, 0)
	p.s(" as (")
	p.columns(o.Columns)
	p.s(")")
	p.with(o.Options)
}

func (o *MakeSeries) printOp(p *printer) {
	p.s("make-series")
	p.options(o.Options)
	for i, a := range o.Aggs {
		if i > 0 {
			p.s(",")
		}
		p.s(" ")
		a.X.print(p, 0)
		if a.Default != nil {
			p.s(" default = ")
			a.Default.print(p, 0)
		}
	}
	p.s(" on ")
	o.On.print(p, 0)
	if o.InFrom != nil {
		p.s(" in range (")
		p.list([]Expr{o.InFrom, o.InTo, o.InStep})
		p.s(")")
	}
	for _, part := range []struct {
		word string
		x    Expr
	}{{" from ", o.From}, {" to ", o.To}, {" step ", o.Step}} {
		if part.x != nil {
			p.s(part.word)
			part.x.print(p, 0)
		}
	}
	p.by(o.By)
}

func (o *As) printOp(p *printer) {
	p.s("as")
	p.options(o.Options)
	p.s(" ", Name(o.Name))
}

func (o *Evaluate) printOp(p *printer) {
	p.s("evaluate")
	p.options(o.Options)
	p.s(" ")
	o.Call.print(p, 0)
	if !o.Given {
		return
	}
	p.s(" : (")
	if o.Open {
		p.s("*")
		if len(o.Schema) > 0 {
			p.s(", ")
		}
	}
	p.columns(o.Schema)
	p.s(")")
}

func (o *Render) printOp(p *printer) {
	p.s("render ", o.Kind)
	p.with(o.Options)
}

func (p *printer) in(xs []Expr) {
	if len(xs) > 0 {
		p.s("in (")
		p.tables(xs)
		p.s(") ")
	}
}

func (o *Search) printOp(p *printer) {
	p.s("search")
	p.options(o.Options)
	p.s(" ")
	p.in(o.In)
	o.Pred.print(p, 0)
}

func (o *Find) printOp(p *printer) {
	p.s("find")
	p.options(o.Options)
	p.s(" ")
	p.in(o.In)
	p.s("where ")
	o.Pred.print(p, 0)
	if o.Verb == "" {
		return
	}
	p.s(" ", o.Verb)
	sep := " "
	for _, c := range o.Project {
		p.s(sep)
		c.X.print(p, 0)
		if c.Type != nil {
			p.s(":", c.Type.Type.String())
		}
		sep = ", "
	}
	if o.Pack {
		p.s(sep, "pack_all()")
	}
}

func (o *Fork) printOp(p *printer) {
	p.s("fork")
	for _, b := range o.Branches {
		p.s(" ")
		if b.Name != "" {
			p.s(b.Name, "=")
		}
		p.sub(b.Sub)
	}
}

func (o *Facet) printOp(p *printer) {
	p.s("facet")
	p.by(o.By)
	if o.With != nil {
		p.s(" with ")
		p.sub(o.With)
	}
}

func (o *Partition) printOp(p *printer) {
	p.s("partition")
	p.options(o.Options)
	p.s(" by ")
	o.By.print(p, 0)
	if !o.Legacy {
		p.s(" ")
		p.sub(o.Sub)
		return
	}
	p.s(" { ")
	if o.Sub.Source != nil {
		o.Sub.Source.print(p, precOr)
	}
	p.ops(o.Sub.Ops, o.Sub.Source == nil)
	p.s(" }")
}

func (o *Invoke) printOp(p *printer) {
	p.s("invoke ")
	o.Call.print(p, 0)
}

func (o *Reduce) printOp(p *printer) {
	p.s("reduce")
	rest := o.Options
	for len(rest) > 0 && rest[0].Name == "kind" {
		p.options(rest[:1])
		rest = rest[1:]
	}
	p.s(" by ")
	o.By.print(p, 0)
	p.with(rest)
}

func (o *Scan) printOp(p *printer) {
	p.s("scan")
	p.options(o.Options)
	if len(o.Declare) > 0 {
		p.s(" declare (")
		p.params(o.Declare)
		p.s(")")
	}
	p.s(" with (")
	for _, s := range o.Steps {
		p.s("step ", Name(s.Name))
		if s.Optional {
			p.s(" optional")
		}
		if s.Output != "" {
			p.s(" output=", s.Output)
		}
		p.s(": ")
		s.Cond.print(p, 0)
		if len(s.Assign) > 0 {
			p.s(" => ")
			p.list(s.Assign)
		}
		p.s("; ")
	}
	p.s(")")
}

func (o *Range) printOp(p *printer) {
	p.s("range ", Name(o.Name), " from ")
	o.From.print(p, 0)
	p.s(" to ")
	o.To.print(p, 0)
	p.s(" step ")
	o.Step.print(p, 0)
}

func (o *DataTable) printOp(p *printer) {
	p.s("datatable(")
	p.columns(o.Columns)
	p.s(")[")
	p.list(o.Values)
	p.s("]")
}

func (o *External) printOp(p *printer) {
	p.s("externaldata(")
	p.columns(o.Columns)
	p.s(")[")
	p.list(o.Sources)
	p.s("]")
	p.with(o.Options)
}
