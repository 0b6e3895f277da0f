package calllog

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// A body that stands in two columns is written once and read twice: by queries
// over lines and over compacted segments, whichever of the columns they ask for,
// and by whoever gets rows or lines.
func TestBodiesAreWrittenOnceAndReadTwice(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	plain, none := sample(), sample()
	none.RequestBody, none.ResponseBody = nil, nil
	s.Record(plain)
	s.Record(none)
	if _, err := s.AppendRows(GatewayLogs, [][]byte{
		[]byte(`{"BackendRequestBody":{"same":"ResponseBody"},"BackendResponseBody":"{\"same\":\"ResponseBody\"}","ResponseBody":"own"}`), // no mark of ours
	}); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	path, _ := filepath.Glob(filepath.Join(dir, GatewayLogs, "*"+linesSuffix))
	lines, err := os.ReadFile(path[0])
	if err != nil || bytes.Count(lines, []byte("gpt-4o-2024-08-06")) != 1 {
		t.Fatalf("an answer is written %d times, %v", bytes.Count(lines, []byte("gpt-4o-2024-08-06")), err)
	}
	want := map[string][]string{
		"RequestBody": {string(plain.RequestBody), "", ""}, "BackendRequestBody": {string(plain.RequestBody), "", `{"same":"ResponseBody"}`},
		"ResponseBody": {string(plain.ResponseBody), "", "own"}, "BackendResponseBody": {string(plain.ResponseBody), "", `{"same":"ResponseBody"}`},
	}
	check := func(how, dir string) {
		t.Helper()
		for column, texts := range want {
			var got []string
			for _, c := range read(t, NewView(dir), GatewayLogs, column) {
				got = append(got, value.Text(c))
			}
			if strings.Join(got, "|") != strings.Join(texts, "|") {
				t.Errorf("%s: %s is %q, want %q", how, column, got, texts)
			}
		}
		res, err := (&kql.Engine{}).Query(context.Background(), GatewayLogs+" | where BackendResponseBody has 'usage' | project n = tolong(parse_json(BackendResponseBody).usage.prompt_tokens), BackendRequestBody == RequestBody",
			kql.Options{Database: NewView(dir)})
		if err != nil || res.Tables[0].Len != 1 || res.Tables[0].Rows()[0][0].I != 15 || res.Tables[0].Rows()[0][1].I != 1 {
			t.Errorf("%s: %+v, %v", how, res, err)
		}
	}
	check("lines", dir)

	// Lines that are imported as rows, and rows that a sink got.
	elsewhere := t.TempDir()
	other := open(t, elsewhere, nil)
	if _, err := other.AppendRows(GatewayLogs, bytes.Split(bytes.TrimSpace(lines), []byte("\n"))); err != nil {
		t.Fatal(err)
	}
	flush(t, other)
	check("imported lines", elsewhere)
	rows, taken := wholeRows(lines, 1)
	if len(rows) != 1 || taken != bytes.IndexByte(lines, '\n')+1 {
		t.Fatalf("%d rows of %d bytes", len(rows), taken)
	}
	var row map[string]any
	if err := json.Unmarshal(rows[0], &row); err != nil || row["BackendRequestBody"] != string(plain.RequestBody) || row["BackendResponseBody"] != row["ResponseBody"] {
		t.Errorf("a sink gets %s, %v", rows[0], err)
	}

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	check("compacted", dir)
}

// A folder of the first format is read as it is and goes on in the present one;
// lines of a format that is not known are passed over and counted.
func TestOlderAndNewerLines(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, GatewayLogs)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	old := sealLine([]byte(`{"TimeGenerated":"2026-01-02T03:04:05.0000000Z","RequestBody":"a","BackendRequestBody":"a"`), 0, false)
	newer := bytes.Replace(old, []byte(`"_crc"`), []byte(`"_crc3"`), 1)
	for name, raw := range map[string][]byte{"FORMAT": []byte(olderFormats[0]), filepath.Join(GatewayLogs, segmentName(1, linesSuffix)): append(old, newer...)} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, nil)
	s.Record(sample())
	flush(t, s)
	v := NewView(dir)
	if got := read(t, v, GatewayLogs, "BackendRequestBody"); len(got) != 2 || got[0].S != "a" || got[1].S != string(sample().RequestBody) {
		t.Errorf("read %v", got)
	}
	if v.Skipped() != 1 {
		t.Errorf("%d lines were passed over", v.Skipped())
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "FORMAT")); err != nil || string(raw) != formatVersion {
		t.Errorf("the folder is of format %q, %v", raw, err)
	}
}

// What a line says is the same is so in every form of it.
func FuzzWholeRows(f *testing.F) {
	for _, c := range busy(4) {
		f.Add(string(c.RequestBody), string(c.ResponseBody))
	}
	f.Add("", `,"BackendRequestBody":{"same":"RequestBody"}`)
	f.Fuzz(func(t *testing.T, asked, answered string) {
		c := sample()
		c.RequestBody, c.ResponseBody = []byte(asked), []byte(answered)
		object, err := openLine(written(newScribe(Identity{}), c)[GatewayLogs])
		if err != nil {
			t.Fatal(err)
		}
		var row struct{ RequestBody, ResponseBody, BackendRequestBody, BackendResponseBody string }
		if err := json.Unmarshal(whole(&jsonlex.Lexer{}, object), &row); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		if row.BackendRequestBody != row.RequestBody || row.BackendResponseBody != row.ResponseBody || row.RequestBody != strings.ToValidUTF8(asked, "\uFFFD") && strings.ToValidUTF8(asked, "") == asked {
			t.Errorf("%q and %q became %+v", asked, answered, row)
		}
	})
}
