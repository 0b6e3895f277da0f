package gateway

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// fullCall has a value in every field.
func fullCall(t testing.TB) *call.Call {
	t.Helper()
	c := &call.Call{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("v\"" + v.Type().Field(i).Name)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i) + 1)
		case reflect.Float64:
			f.SetFloat(float64(i) + 0.25)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.SetBytes([]byte("body\n\"quoted\""))
		case reflect.Struct:
			f.Set(reflect.ValueOf(noon))
		default:
			t.Fatalf("field %s has a kind this test does not know", v.Type().Field(i).Name)
		}
	}
	c.Gap = 0
	return c
}

func TestRecordsAreWrittenWhole(t *testing.T) {
	want := fullCall(t)
	line := AppendCall(nil, want)
	var got struct {
		call.Call
		RequestBody, ResponseBody string
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	got.Call.RequestBody, got.Call.ResponseBody = []byte(got.RequestBody), []byte(got.ResponseBody)
	if !reflect.DeepEqual(&got.Call, want) {
		t.Errorf("got  %+v\nwant %+v", got.Call, *want)
	}
	if gap := AppendCall(nil, &call.Call{At: noon, Gap: 7}); string(gap) != `{"at":"2026-11-22T12:00:00Z","gap":7}` {
		t.Errorf("gap row: %s", gap)
	}
}

func TestJournalTurnsAndForgets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	j, err := NewJournal(dir, 48*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for day := range 4 {
		c := fullCall(t)
		c.At = noon.AddDate(0, 0, day)
		if err := j.Append([]*call.Call{c, c}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 3 || filepath.Base(names[0]) != "calls-2026-11-23.jsonl" {
		t.Errorf("files: %v", names)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil || bytes.Count(raw, []byte("\n")) != 2 {
		t.Errorf("%s %v", raw, err)
	}
	if info, err := os.Stat(names[0]); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func BenchmarkAppendCall(b *testing.B) {
	c := fullCall(b)
	c.RequestBody, c.ResponseBody = bytes.Repeat([]byte("words "), 170), []byte(answerText)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendCall(dst[:0], c)
	}
}
