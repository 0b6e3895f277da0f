package calllog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A table's folder holds its segments. A segment is first a file of lines
// (NUMBER.jsonl) that only grows, and later a compacted one (NUMBER.parquet).
// While both exist the compacted one counts, so that a crash between writing
// the one and removing the other neither loses a row nor gives it twice.
const (
	linesSuffix   = ".jsonl"
	parquetSuffix = ".parquet"
)

// segment is one file of a table.
type segment struct {
	number    int64 // when it was begun, nanoseconds since 1970; unique in its table
	path      string
	compacted bool
}

// segmentName is the file name of a segment; names sort by number.
func segmentName(number int64, suffix string) string { return fmt.Sprintf("%020d%s", number, suffix) }

// listSegments lists a table's segments in the order they were begun. A table
// without a folder has none; foreign files are passed over.
func listSegments(folder string) ([]segment, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing segments: %w", err)
	}
	found := make(map[int64]segment, len(entries))
	for _, entry := range entries {
		suffix := filepath.Ext(entry.Name())
		if suffix != linesSuffix && suffix != parquetSuffix || entry.IsDir() {
			continue
		}
		number, err := strconv.ParseInt(strings.TrimSuffix(entry.Name(), suffix), 10, 64)
		if err != nil {
			continue
		}
		s := segment{number: number, path: filepath.Join(folder, entry.Name()), compacted: suffix == parquetSuffix}
		if old, twice := found[number]; twice && old.compacted {
			continue
		}
		found[number] = s
	}
	list := make([]segment, 0, len(found))
	for _, s := range found {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b segment) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return list, nil
}

// newestNumber is the number of a table's newest segment, or 0.
func newestNumber(folder string) (int64, error) {
	segments, err := listSegments(folder)
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	return segments[len(segments)-1].number, nil
}

// mend cuts a segment of lines after its last whole line, as a writer that was
// killed may have left half a line behind. It returns how many bytes it cut.
func mend(path string) (cut int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("mending segment: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("mending segment %s: %w", path, err)
	}
	good, err := lastLineEnd(f, size)
	if err != nil || good == size {
		return 0, err
	}
	if err := f.Truncate(good); err != nil {
		return 0, fmt.Errorf("mending segment %s: %w", path, err)
	}
	return size - good, f.Sync()
}

// lastLineEnd finds the end of the last line that is whole, looking from the
// end backwards.
func lastLineEnd(f io.ReaderAt, size int64) (int64, error) {
	const step = 64 << 10
	buf := make([]byte, step)
	for end := size; end > 0; {
		start := max(end-step, 0)
		piece := buf[:end-start]
		if _, err := f.ReadAt(piece, start); err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("reading the end of a segment: %w", err)
		}
		if i := bytes.LastIndexByte(piece, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}
