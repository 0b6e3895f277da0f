package calllog

import (
	"testing"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// The quick way to read a line and the general one agree on every line.
func FuzzLinesAreReadAlike(f *testing.F) {
	for _, c := range busy(8) {
		for _, line := range written(newScribe(Identity{TenantID: "t"}), c) {
			if object, err := openLine(line); err == nil {
				f.Add(string(object))
			}
		}
	}
	for _, object := range []string{
		`{"TimeGenerated":"2026-01-02T03:04:05Z","CorrelationId":"a\\\"b\u00e7\\","ResponseCode":1e2,"IsRequestSuccess":true`,
		`{"Url":"x","Url":"y","TotalTime":99999999999999999999,"BackendRequestHeaders":{"a":["]}\"",{"b":"\\"}]}`,
		`{"Url" : "spaced"`, `{"Url":null,"Method":5,"ResponseCode":3000000000`, `{`, `{"Url":"`, `{"Url":"\\`, `{"a":[}`,
	} {
		f.Add(object)
	}
	schema, _ := SchemaOf(GatewayLogs)
	all := make([]int, len(schema.Columns))
	for i := range all {
		all[i] = i
	}
	want := newLineWant(schema, scan.Request{Columns: all})
	f.Fuzz(func(t *testing.T, object string) {
		if _, ok := value.ParseJSON(object + "}"); !ok {
			return // a line is JSON; its checksum says that it was written so
		}
		quick, general := want.start(), want.start()
		quick.addLine(schema, []byte(object))
		general.add([]byte(object))
		a, b := quick.batch(0), general.batch(0)
		for i := range a.Columns {
			x, y := a.Columns[i].Value(0), b.Columns[i].Value(0)
			if x.T != y.T || x.Null != y.Null || value.Text(x) != value.Text(y) {
				t.Errorf("%s of %s: %q, in general %q", schema.Columns[i].Name, object, value.Text(x), value.Text(y))
			}
		}
	})
}
