package calllog

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/calllog/pages"
	"github.com/azptu/azptu/internal/kql"
)

// smallSegment is a compacted segment of two row groups of gateway logs.
func smallSegment(t testing.TB) []byte {
	t.Helper()
	columns := traffic(rand.New(rand.NewPCG(1, 2)), 0, 300)
	for _, c := range columns {
		whole := c.parts[0]
		c.parts = append(c.parts[:0:0], whole.Slice(0, 200), whole.Slice(200, 300))
	}
	var out bytes.Buffer
	if err := writeParquet(&out, GatewayLogs, columns); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// inFolder puts segments into a new log folder.
func inFolder(t testing.TB, segments ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, GatewayLogs)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, raw := range segments {
		if err := os.WriteFile(filepath.Join(folder, segmentName(int64(i+1), parquetSuffix)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestDamagedPagesAreLeftOff flips bytes all over a segment: the other segment is answered
// whatever happens, and damage inside pages that are read is noticed.
func TestDamagedPagesAreLeftOff(t *testing.T) {
	good := smallSegment(t)
	noticed := 0
	for at := 8; at < len(good)-8; at += 97 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		view := NewView(inFolder(t, bad, good))
		for _, text := range []string{tokenUsage, GatewayLogs + " | where BackendResponseBody has 'choices' | summarize count(), max(TotalTime) by CorrelationId"} {
			res, err := (&kql.Engine{}).Query(context.Background(), text, kql.Options{Database: view, Now: time.Now()})
			if err != nil {
				t.Fatalf("a byte flipped at %d: %v", at, err)
			}
			if res.Tables[0].Len < 100 {
				t.Fatalf("a byte flipped at %d: %d rows of the good segment", at, res.Tables[0].Len)
			}
		}
		if view.Broken() > 0 {
			noticed++
		}
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
}

// FuzzSegment reads a segment with some bytes changed and its end cut off.
func FuzzSegment(f *testing.F) {
	good := smallSegment(f)
	f.Add(uint32(100), []byte{0xff}, uint32(0))
	f.Add(uint32(len(good)-9), []byte{1, 2, 3}, uint32(0))
	f.Add(uint32(0), []byte{}, uint32(len(good)/2))
	dir := inFolder(f, good)
	path := filepath.Join(dir, GatewayLogs, segmentName(1, parquetSuffix))
	f.Fuzz(func(t *testing.T, at uint32, change []byte, cut uint32) {
		bad := bytes.Clone(good)
		copy(bad[min(int(at), len(bad)):], change)
		bad = bad[:len(bad)-min(int(cut), len(bad))]
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{tokenUsage, GatewayLogs + " | where TimeGenerated > datetime(2020-01-01) | summarize count() by BackendId, CorrelationId"} {
			if _, err := (&kql.Engine{}).Query(context.Background(), text, kql.Options{Database: NewView(dir), Now: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzPageHeader reads page headers and the codes behind them.
func FuzzPageHeader(f *testing.F) {
	f.Add([]byte{0x15, 0x06, 0x15, 0x10, 0x15, 0x10, 0x5c, 0x15, 0x08, 0x15, 0x00, 0x15, 0x08, 0x15, 0x10, 0x15, 0x00, 0x15, 0x00, 0x12, 0x00, 0x00, 3, 0x03, 0x88, 0xc6, 0xfa})
	f.Add(smallSegment(f)[4:200])
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, n, err := pages.Read(raw)
		if err == nil && (n < 0 || n > len(raw)) {
			t.Fatalf("a header of %d bytes in %d", n, len(raw))
		}
		page := make([]byte, len(raw), len(raw)+beyond)
		copy(page, raw)
		r, err := newCodeReader(page)
		if err != nil {
			return
		}
		out := make([]uint32, 1000)
		for range 20 {
			k, err := r.read(out)
			for _, c := range out[:k] {
				if c > r.most {
					t.Fatalf("the code %d is larger than %d", c, r.most)
				}
			}
			if err != nil || k < len(out) {
				return
			}
		}
	})
}

// TestCodesUnpack packs codes of each width and takes them out again in uneven pieces.
func TestCodesUnpack(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for width := range uint(25) {
		want := make([]uint32, 8*50)
		var packed []byte
		var bits uint64
		var n uint
		for i := range want {
			want[i] = random.Uint32() & (1<<width - 1)
			bits |= uint64(want[i]) << n
			for n += width; n >= 8; n -= 8 {
				packed, bits = append(packed, byte(bits)), bits>>8
			}
		}
		page := binary.AppendUvarint([]byte{byte(width)}, 50<<1|1)
		page = append(page, packed...)
		page = binary.AppendUvarint(page, 30<<1) // a run of one code
		page = append(page, make([]byte, (width+7)/8)...)
		want = append(want, make([]uint32, 30)...)
		r, err := newCodeReader(append(page, make([]byte, beyond)...)[:len(page)])
		if err != nil {
			t.Fatal(err)
		}
		var got []uint32
		for buf := make([]uint32, 1+random.IntN(60)); ; {
			k, err := r.read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, buf[:k]...); k < len(buf) {
				break
			}
		}
		if len(got) != len(want) {
			t.Fatalf("width %d: %d codes, want %d", width, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("width %d: code %d is %d, want %d", width, i, got[i], want[i])
			}
		}
	}
}
