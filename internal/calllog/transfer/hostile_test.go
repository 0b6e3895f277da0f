package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/azptu/azptu/internal/calllog"
)

// mixed is a row in the encodings that other programs write.
type mixed struct {
	Url     string  `parquet:"Url,dict"`
	Method  string  `parquet:"Method"`
	Total   *int64  `parquet:"TotalTime,optional"`
	Size    int64   `parquet:"RequestSize,delta"`
	Client  int64   `parquet:"ClientTime,dict"`
	Region  *string `parquet:"Region,optional,dict"`
	Success bool
	Deep    []inner
	Long    string `parquet:"Long,delta"`
}

type inner struct {
	Name string
	List []int32
}

// mixedFile is a file of such rows in two row groups.
func mixedFile(t testing.TB, options ...parquet.WriterOption) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 8))
	var file bytes.Buffer
	w := parquet.NewGenericWriter[mixed](&file, options...)
	for group := range 2 {
		var rows []mixed
		for i := range 300 {
			row := mixed{Url: "/" + string(rune('a'+i%5)), Method: "POST", Client: int64(i % 3), Success: i%2 == 0, Size: int64(i * i), Long: strings.Repeat("x", random.IntN(30))}
			if n := random.Int64(); i%4 != 0 {
				row.Total = &n
			}
			if i%7 == 0 {
				row.Region = &row.Url
			}
			if i%3 == 0 {
				row.Deep = []inner{{"n", []int32{1, 2}}, {}}
			}
			rows = append(rows, row)
		}
		_, err := w.Write(rows)
		if err = errors.Join(err, w.Flush()); err != nil {
			t.Fatalf("group %d: %v", group, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// take counts rows and sees that they are rows.
func counter(t testing.TB, n *int) Take {
	return func(row []byte) error {
		if *n++; !isObject(row) {
			t.Errorf("no row: %q", row)
		}
		return nil
	}
}

// Files of every compression and page version that is read come whole.
func TestParquetOfEveryKind(t *testing.T) {
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd} {
		for _, version := range []int{1, 2} {
			raw, n := mixedFile(t, parquet.Compression(codec), parquet.DataPageVersion(version)), 0
			if _, err := Parquet(bytes.NewReader(raw), int64(len(raw)), counter(t, &n)); err != nil || n != 600 {
				t.Errorf("%v, pages of version %d: %d rows, %v", codec, version, n, err)
			}
		}
	}
	for name, codec := range map[string]compress.Codec{"BROTLI": &parquet.Brotli, "LZ4_RAW": &parquet.Lz4Raw} {
		raw := mixedFile(t, parquet.Compression(codec))
		if _, err := Parquet(bytes.NewReader(raw), int64(len(raw)), func([]byte) error { t.Error("a row came"); return nil }); err == nil || !strings.Contains(err.Error(), "compression "+name) {
			t.Errorf("a compression that is not read: %v", err)
		}
	}
}

// spent is how many bytes of memory something took, freed or not.
func spent(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What a file claims costs no memory: bytes all over a small file are changed to
// large numbers, and nothing takes more than a few pages.
func TestHostileClaimsCostNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Zstd} {
		good := mixedFile(t, parquet.Compression(codec), parquet.DataPageVersion(1))
		changes := [][]byte{{0xff}, {0x7f}, {0xfe, 0xff, 0xff, 0xff, 0x0f}, {0xf9, 0xff, 0xff, 0xff, 0xff, 0x07}}
		for i, at := range random.Perm(len(good))[:min(len(good), 500)] {
			bad, n := bytes.Clone(good), 0
			copy(bad[at:], changes[i%len(changes)])
			if took := spent(func() {
				_, _ = Parquet(bytes.NewReader(bad), int64(len(bad)), func([]byte) error { n++; return nil })
			}); took > 128<<20 || n > 100_000 {
				t.Fatalf("%x at %d of %d took %d MB for %d rows", changes[i%len(changes)], at, len(good), took>>20, n)
			}
		}
	}
}

// Bombs are refused before they go off.
func TestBombs(t *testing.T) {
	type zeros struct{ Url string }
	rows := slices.Repeat([]zeros{{strings.Repeat("0", 1<<10)}}, 66<<10) // one page of 66 MB
	for _, codec := range []compress.Codec{&parquet.Snappy, &parquet.Zstd} {
		var file bytes.Buffer
		if err := parquet.Write(&file, rows, parquet.Compression(codec), parquet.PageBufferSize(80<<20)); err != nil {
			t.Fatal(err)
		}
		raw := file.Bytes()
		var err error
		if took := spent(func() {
			_, err = Parquet(bytes.NewReader(raw), int64(len(raw)), func([]byte) error { t.Error("a row came"); return nil })
		}); err == nil || !strings.Contains(err.Error(), "larger than is read here") || took > 64<<20 {
			t.Errorf("%v: %d bytes in the file, %d MB, %v", codec, len(raw), took>>20, err)
		}
	}
	tail := func(length uint32) []byte {
		return append(binary.LittleEndian.AppendUint32(append([]byte("PAR1"), bytes.Repeat([]byte{0x19}, 1<<20)...), length), "PAR1"...)
	}
	for _, raw := range [][]byte{tail(1 << 20), tail(1<<32 - 1), []byte("PAR1"), {}, []byte("no parquet at all, but long enough")} {
		if _, err := Parquet(bytes.NewReader(raw), int64(len(raw)), nil); err == nil {
			t.Errorf("%d bytes were taken", len(raw))
		}
	}
}

// endless gives the same bytes again and again.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) { return copy(p, e.text), nil }

// A row that never ends is an error, not the end of memory.
func TestEndlessRows(t *testing.T) {
	schema, _ := calllog.SchemaOf(calllog.GatewayLogs)
	n := 0
	for name, read := range map[string]func() (Outcome, error){
		"line": func() (Outcome, error) { return Lines(endless{strings.Repeat("x", 64<<10)}, counter(t, &n)) },
		"quote": func() (Outcome, error) {
			return CSV(io.MultiReader(strings.NewReader("Url,Method\n/a,GET\n\""), endless{strings.Repeat("x", 64<<10) + "\n"}), schema, counter(t, &n))
		},
		"head": func() (Outcome, error) { return CSV(endless{strings.Repeat("x", 64<<10)}, schema, counter(t, &n)) },
	} {
		if o, err := read(); err == nil || o.Rows > 1 || name != "head" && !strings.Contains(err.Error(), "longer than 64 MB") {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// FuzzParquet changes bytes of files: what comes is rows or an error.
func FuzzParquet(f *testing.F) {
	var files [][]byte
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			files = append(files, mixedFile(f, parquet.Compression(codec), parquet.DataPageVersion(version)))
		}
	}
	for i := range files {
		f.Add(uint8(i), uint32(len(files[i])-100), []byte{0xff, 0xff}, uint32(0))
		f.Add(uint8(i), uint32(10), []byte{0x7f}, uint32(i))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, change []byte, cut uint32) {
		bad := bytes.Clone(files[int(which)%len(files)])
		copy(bad[min(int(at), len(bad)):], change)
		bad = bad[:len(bad)-min(int(cut), len(bad))]
		n := 0
		if took := spent(func() { _, _ = Parquet(bytes.NewReader(bad), int64(len(bad)), counter(t, &n)) }); took > 512<<20 {
			t.Errorf("%d MB were taken", took>>20)
		}
	})
}
