package kustowire

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// fragmentRows is how many rows one fragment of a table carries.
const fragmentRows = 4096

// queryV2 is version 2 of the query protocol: a list of frames, the primary
// tables whole or in fragments as the client asks.
func (h *Handler) queryV2(w http.ResponseWriter, r *http.Request) {
	asked, ok := h.read(w, r)
	if !ok {
		return
	}
	result, err := h.run(r.Context(), asked)
	if err != nil {
		h.failure(w, err)
		return
	}
	f := frames{
		fragmented: asked.truthy("results_v2_fragment_primary_tables"),
		newlines:   asked.truthy("results_v2_newlines_between_frames"),
		id:         w.Header().Get("x-ms-client-request-id"),
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(f.write(result, h.cfg.Now().UTC().Format("2006-01-02T15:04:05.0000000Z")))
}

// frames writes the answer of one query.
type frames struct {
	fragmented, newlines bool
	id                   string

	b     bytes.Buffer
	table int
}

func (f *frames) write(result *kql.Result, now string) []byte {
	f.b.WriteByte('[')
	fmt.Fprintf(&f.b, `{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0","IsFragmented":%t,"ErrorReportingPlacement":"EndOfTable"}`, f.fragmented)
	f.properties(result)
	for i := range result.Tables {
		f.primary(&result.Tables[i])
	}
	f.completion(now)
	f.next()
	f.b.WriteString(`{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}`)
	if f.newlines {
		f.b.WriteByte('\n')
	}
	f.b.WriteByte(']')
	return f.b.Bytes()
}

// next separates two frames.
func (f *frames) next() {
	if f.newlines {
		f.b.WriteByte('\n')
	}
	f.b.WriteByte(',')
}

// properties is the table that tells how results want to be drawn.
func (f *frames) properties(result *kql.Result) {
	f.next()
	fmt.Fprintf(&f.b, `{"FrameType":"DataTable","TableId":%d,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","Columns":[{"ColumnName":"TableId","ColumnType":"int"},{"ColumnName":"Key","ColumnType":"string"},{"ColumnName":"Value","ColumnType":"dynamic"}],"Rows":[`, f.table)
	f.table++
	written := 0
	for i := range result.Tables {
		render := result.Tables[i].Render
		if render == nil {
			continue
		}
		if written++; written > 1 {
			f.b.WriteByte(',')
		}
		var v strings.Builder
		v.WriteString(`{"Visualization":`)
		v.Write(value.AppendQuoted(nil, render.Kind))
		for _, name := range []string{"title", "xcolumn", "series", "ycolumns", "xtitle", "ytitle"} {
			if text, ok := render.Properties[name]; ok {
				v.WriteString(`,"` + propertyNames[name] + `":`)
				v.Write(value.AppendQuoted(nil, text))
			}
		}
		v.WriteByte('}')
		fmt.Fprintf(&f.b, `[%d,"Visualization",%s]`, f.table+i, value.AppendQuoted(nil, v.String()))
	}
	f.b.WriteString(`]}`)
}

var propertyNames = map[string]string{"title": "Title", "xcolumn": "XColumn", "series": "Series", "ycolumns": "YColumns", "xtitle": "XTitle", "ytitle": "YTitle"}

// primary writes a table of the result.
func (f *frames) primary(t *kql.ResultTable) {
	id := f.table
	f.table++
	f.next()
	kind := "DataTable"
	if f.fragmented {
		kind = "TableHeader"
	}
	fmt.Fprintf(&f.b, `{"FrameType":"%s","TableId":%d,"TableKind":"PrimaryResult","TableName":%s,"Columns":[`, kind, id, value.AppendQuoted(nil, t.Name))
	for i, c := range t.Columns {
		if i > 0 {
			f.b.WriteByte(',')
		}
		fmt.Fprintf(&f.b, `{"ColumnName":%s,"ColumnType":"%s"}`, value.AppendQuoted(nil, c.Name), c.Type)
	}
	f.b.WriteByte(']')
	if !f.fragmented {
		f.b.WriteString(`,"Rows":[`)
		writeRows(&f.b, t, 0, t.Len, kql.AppendJSON)
		f.b.WriteString(`]}`)
		return
	}
	f.b.WriteByte('}')
	for from := 0; from < t.Len; from += fragmentRows {
		f.next()
		fmt.Fprintf(&f.b, `{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":%d,"Rows":[`, id)
		writeRows(&f.b, t, from, min(from+fragmentRows, t.Len), kql.AppendJSON)
		f.b.WriteString(`]}`)
	}
	f.next()
	fmt.Fprintf(&f.b, `{"FrameType":"TableCompletion","TableId":%d,"RowCount":%d}`, id, t.Len)
}

// completion is the table that tells how the query went.
func (f *frames) completion(now string) {
	f.next()
	fmt.Fprintf(&f.b, `{"FrameType":"DataTable","TableId":%d,"TableKind":"QueryCompletionInformation","TableName":"QueryCompletionInformation","Columns":[`, f.table)
	f.b.WriteString(`{"ColumnName":"Timestamp","ColumnType":"datetime"},{"ColumnName":"ClientRequestId","ColumnType":"string"},{"ColumnName":"ActivityId","ColumnType":"guid"},{"ColumnName":"Level","ColumnType":"int"},{"ColumnName":"LevelName","ColumnType":"string"},{"ColumnName":"StatusCode","ColumnType":"int"},{"ColumnName":"StatusCodeName","ColumnType":"string"},{"ColumnName":"EventType","ColumnType":"int"},{"ColumnName":"EventTypeName","ColumnType":"string"},{"ColumnName":"Payload","ColumnType":"string"}],"Rows":[`)
	fmt.Fprintf(&f.b, `["%s",%s,null,4,"Info",0,"S_OK (0)",4,"QueryInfo","{\"Count\":1,\"Text\":\"Query completed successfully\"}"]]}`, now, value.AppendQuoted(nil, f.id))
}
