package transfer

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/azptu/azptu/internal/calllog"
)

// foreign is a row as other programs write Parquet: other units of time, dates,
// short numbers, lists that no table has a place for.
type foreign struct {
	TimeGenerated time.Time `parquet:"TimeGenerated,timestamp(microsecond)"`
	Day           int32     `parquet:"Day,date"`
	Count         *float32  `parquet:"Count,optional"`
	Url           string
	Raw           []byte
	Ok            bool
	Many          []int64
	Body          string `parquet:"Body,json"`
	Body__model   string
}

func TestForeignParquet(t *testing.T) {
	var file bytes.Buffer
	third, huge := float32(0.5), float32(math.Inf(1))
	if err := parquet.Write(&file, []foreign{
		{TimeGenerated: time.UnixMicro(1_700_000_000_123_456), Day: 19_000, Count: &third, Url: "a\"b", Ok: true, Many: []int64{1}, Body: `{"x":1}`, Body__model: "m"},
		{Count: &huge, Body: "no json", Raw: []byte{0xff}},
	}); err != nil {
		t.Fatal(err)
	}
	var rows []string
	o, err := Parquet(bytes.NewReader(file.Bytes()), int64(file.Len()), func(row []byte) error {
		rows = append(rows, string(row))
		return nil
	})
	if err != nil || o.Rows != 2 {
		t.Fatalf("%+v, %v", o, err)
	}
	for i, want := range []map[string]any{
		{"TimeGenerated": "2023-11-14T22:13:20.1234560Z", "Day": "2022-01-08T00:00:00.0000000Z", "Count": 0.5, "Url": `a"b`, "Raw": "", "Ok": true, "Body": map[string]any{"x": 1.0}},
		{"Count": nil, "Body": "no json", "Raw": "\uFFFD"},
	} {
		var got map[string]any
		if err := json.Unmarshal([]byte(rows[i]), &got); err != nil {
			t.Fatalf("%v: %s", err, rows[i])
		}
		for name, x := range want {
			a, _ := json.Marshal(x)
			if b, _ := json.Marshal(got[name]); string(a) != string(b) {
				t.Errorf("row %d: %s is %s, want %s", i, name, b, a)
			}
		}
		if got["Many"] != nil || got["Body__model"] != nil {
			t.Errorf("row %d has what no table has: %s", i, rows[i])
		}
	}
}

func TestDamagedParquetIsAnError(t *testing.T) {
	var file bytes.Buffer
	if err := parquet.Write(&file, []foreign{{Url: "x", Many: []int64{1, 2}}, {Url: "y"}}); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for cut := range whole {
		if _, err := Parquet(bytes.NewReader(whole[:cut]), int64(cut), func([]byte) error { return nil }); err == nil {
			t.Fatalf("%d of %d bytes were read as a file", cut, len(whole))
		}
	}
}

// Whatever a file holds, every row that is handed on is a JSON object.
func FuzzTextFiles(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n[]\n{"))
	f.Add([]byte("a,b\n1,\"x\ny\"\n1,2,3\n\"\n"))
	schema, _ := calllog.SchemaOf(calllog.GatewayLogs)
	f.Fuzz(func(t *testing.T, text []byte) {
		take := func(row []byte) error {
			if !isObject(row) {
				t.Errorf("no row: %q", row)
			}
			return nil
		}
		_, _ = Lines(bytes.NewReader(text), take)
		_, _ = CSV(bytes.NewReader(text), schema, take)
	})
}
