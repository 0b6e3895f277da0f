package calllog

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// benchRows is how many rows the benchmarks query: AZPTU_BENCH_ROWS, or few
// enough for a quick look.
func benchRows(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("AZPTU_BENCH_ROWS"))
	if err != nil {
		return 500_000
	}
	return n
}

// generated is a log folder of so many rows of gateway traffic, made once and
// kept in AZPTU_BENCH_DIR, if that is set, for the next run.
func generated(b *testing.B, rows int) string {
	b.Helper()
	dir := os.Getenv("AZPTU_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	dir = filepath.Join(dir, fmt.Sprintf("rows-%d", rows))
	folder := filepath.Join(dir, GatewayLogs)
	if _, err := os.Stat(folder); err == nil {
		return dir
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	const perSegment = 8 * groupRows
	for done, number := 0, int64(1); done < rows; number++ {
		n := min(perSegment, rows-done)
		path := filepath.Join(folder, segmentName(number, parquetSuffix))
		columns := traffic(random, done, n)
		if err := writeDurably(path, func(out *bufio.Writer) error { return writeParquet(out, GatewayLogs, columns) }); err != nil {
			b.Fatal(err)
		}
		done += n
	}
	return dir
}

// traffic makes rows of gateway logs as the gateway writes them: a few models,
// some thousand callers, nine in ten calls served.
func traffic(random *rand.Rand, first, rows int) []*fileColumn {
	schema, _ := SchemaOf(GatewayLogs)
	names := []string{timeColumn, "OperationId", "ResponseCode", "CallerIpAddress", "BackendResponseBody", "CorrelationId", "TotalTime", "BackendId", "Type"}
	var columns []*fileColumn
	for _, name := range names {
		place, _ := schema.Column(name)
		columns = append(columns, &fileColumn{name: name, kind: schema.Columns[place].Type})
	}
	start := value.FromTime(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	operations := []string{"ChatCompletions_Create", "Completions_Create", "Embeddings_Create"}
	models := []string{"gpt-4o-2024-08-06", "gpt-4.1-2025-04-14", "gpt-5-2025-08-07", "gpt-4o-mini-2024-07-18"}
	for done := 0; done < rows; done += groupRows {
		n := min(groupRows, rows-done)
		builders := make([]*value.Builder, len(columns))
		for i, c := range columns {
			builders[i] = value.NewBuilder(c.kind, n)
		}
		for i := range n {
			row := first + done + i
			prompt, completion := 20+random.IntN(4000), 1+random.IntN(800)
			status, body := int64(200), fmt.Sprintf(`{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"answer %d","role":"assistant"}}],"created":%d,"id":"chatcmpl-%016x","model":"%s","object":"chat.completion","usage":{"completion_tokens":%d,"prompt_tokens":%d,"total_tokens":%d}}`,
				row, 1_760_000_000+row, random.Uint64(), models[random.IntN(len(models))], completion, prompt, prompt+completion)
			if random.IntN(10) == 0 {
				status, body = 429, `{"error":{"code":"429","message":"Rate limit is exceeded. Try again in 2 seconds."}}`
			}
			operation := operations[max(random.IntN(20)-17, 0)]
			for c, x := range []value.Value{
				value.OfDateTime(start + int64(row)*2_000_000), value.OfString(operation), value.OfInt(status),
				value.OfString(fmt.Sprintf("10.0.%d.%d", random.IntN(16), random.IntN(256))), value.OfString(body),
				value.OfString(fmt.Sprintf("%016x", random.Uint64())), value.OfLong(int64(random.IntN(5000))), value.OfString("eastus-ptu"), value.OfString(GatewayLogs),
			} {
				builders[c].Append(x)
			}
		}
		for i, vb := range builders {
			columns[i].parts = append(columns[i].parts, vb.Finish())
		}
	}
	return append(columns, extractHidden(columns)...)
}
