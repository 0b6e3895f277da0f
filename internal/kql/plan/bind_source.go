package plan

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

func (b *binder) constant(x ast.Expr, in *scope) value.Value {
	k, ok := b.scalar(x, &row{in: in}).(Const)
	if !ok {
		b.failf(x.At(), "a constant was expected here")
	}
	return k.V
}

func (b *binder) rangeOf(p *pipeline, op *ast.Range, in *scope) {
	from, to, step := b.constant(op.From, in), b.constant(op.To, in), b.constant(op.Step, in)
	t := from.T
	switch {
	case t.IsNumeric() && to.T.IsNumeric() && step.T.IsNumeric():
		t = max(t, to.T, step.T)
		from, to, step = value.Convert(from, t), value.Convert(to, t), value.Convert(step, t)
	case (t == value.DateTime || t == value.TimeSpan) && to.T == t && step.T == value.TimeSpan:
	case t == value.DateTime && to.T == value.TimeSpan && step.T == value.TimeSpan:
		to = value.OfDateTime(from.I + to.I)
	default:
		b.failf(op.Pos, "range is not defined from %s to %s step %s", from.T, to.T, step.T)
	}
	n := &Range{Col: b.col(op.Name, t), First: from, Step: step}
	if !from.Null && !to.Null && !step.Null {
		n.Count = b.rangeCount(op, from, to, step)
	}
	p.node, p.ordered = n, true
}

func (b *binder) rangeCount(op *ast.Range, from, to, step value.Value) int64 {
	var n float64
	if from.T == value.Real || from.T == value.Decimal {
		f, l, s := value.Convert(from, value.Real).F, value.Convert(to, value.Real).F, value.Convert(step, value.Real).F
		n = math.Floor((l-f)/s+1e-9) + 1
	} else {
		if step.I == 0 {
			b.failf(op.Pos, "the step of range cannot be zero")
		}
		n = math.Floor((float64(to.I)-float64(from.I))/float64(step.I)) + 1
	}
	if math.IsNaN(n) || math.IsInf(n, 0) || n > math.MaxInt64/2 {
		b.failf(op.Pos, "this range has no end")
	}
	return int64(max(n, 0))
}

func (b *binder) dataTable(p *pipeline, op *ast.DataTable, in *scope) {
	n := 0
	if len(op.Columns) > 0 {
		n = len(op.Values) / len(op.Columns)
	}
	v := &Values{Len: n}
	for i, c := range op.Columns {
		vb := value.NewBuilder(c.Type, n)
		for r := range n {
			x := op.Values[r*len(op.Columns)+i]
			k := b.constant(x, in)
			if (k.T == value.String) != (c.Type == value.String) && c.Type != value.Dynamic && c.Type != value.String && value.Convert(k, c.Type).Null && k.S != "" {
				b.failf(x.At(), "%s is no %s", ast.Print(x), c.Type)
			}
			if c.Type == value.Dynamic && k.T == value.String {
				vb.Append(value.OfDynamic(k.S))
				continue
			}
			vb.Append(value.Convert(k, c.Type))
		}
		v.Cols, v.Data = append(v.Cols, b.col(c.Name, c.Type)), append(v.Data, vb.Finish())
	}
	p.node, p.ordered = v, false
}

// maxExternal bounds what externaldata reads, in bytes.
const maxExternal = 256 << 20

func (b *binder) external(p *pipeline, op *ast.External, in *scope) {
	if b.opts.Open == nil {
		b.failf(op.Pos, "externaldata is not allowed here")
	}
	format := strings.ToLower(op.Options.Get("format"))
	skip := strings.EqualFold(op.Options.Get("ignoreFirstRecord"), "true")
	builders := make([]*value.Builder, len(op.Columns))
	for i, c := range op.Columns {
		builders[i] = value.NewBuilder(c.Type, 0)
	}
	for _, src := range op.Sources {
		uri := value.Text(b.constant(src, in))
		data, err := b.opts.Open(uri)
		b.check(src.At(), err)
		if len(data) > maxExternal {
			b.failf(src.At(), "%s is larger than %d bytes", uri, maxExternal)
		}
		f := format
		if f == "" {
			f = strings.TrimPrefix(strings.ToLower(uri[strings.LastIndexByte(uri, '.')+1:]), ".")
		}
		b.check(src.At(), readExternal(f, data, skip, op.Columns, builders))
	}
	v := &Values{}
	for i, c := range op.Columns {
		vec := builders[i].Finish()
		v.Len = vec.Len
		v.Cols, v.Data = append(v.Cols, b.col(c.Name, c.Type)), append(v.Data, vec)
	}
	p.node = v
}

// fileReader puts a file's records into columns.
type fileReader struct {
	cols []ast.ColumnDef
	out  []*value.Builder
}

func readExternal(format string, data []byte, skip bool, cols []ast.ColumnDef, out []*value.Builder) error {
	r := fileReader{cols, out}
	switch format {
	case "json", "multijson", "jsonl":
		return r.json(data)
	case "txt", "raw":
		for line := range strings.Lines(string(data)) {
			r.row([]string{strings.TrimRight(line, "\r\n")})
		}
		return nil
	}
	c := csv.NewReader(bytes.NewReader(data))
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	if format == "tsv" {
		c.Comma = '\t'
	}
	rows, err := c.ReadAll()
	if err != nil {
		return err
	}
	if skip && len(rows) > 0 {
		rows = rows[1:]
	}
	for _, row := range rows {
		r.row(row)
	}
	return nil
}

func (r *fileReader) row(fields []string) {
	for i, c := range r.cols {
		if i >= len(fields) {
			r.out[i].AppendNull()
			continue
		}
		v := value.OfString(fields[i])
		if c.Type == value.Dynamic {
			v = value.OfDynamic(value.ParseJSONOrText(fields[i]))
		}
		r.out[i].Append(value.Convert(v, c.Type))
	}
}

func (r *fileReader) json(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		doc, _ := value.ParseJSON(string(raw))
		rows, isList := doc.([]any)
		if !isList {
			rows = []any{doc}
		}
		for _, row := range rows {
			for i, c := range r.cols {
				r.out[i].Append(value.Convert(value.OfDynamic(value.Member(row, c.Name)), c.Type))
			}
		}
	}
	return nil
}
