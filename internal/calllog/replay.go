package calllog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replay sends the rows that a sink refused once more, after its table or its
// mapping was mended. Rows that are refused again stay set aside; when the sink
// does not answer, all that were not sent stay. A writer may be at work in the
// folder meanwhile.
func Replay(ctx context.Context, dir, name string, sink Sink) (sent, again int, err error) {
	if !shipmentName().MatchString(name) {
		return 0, 0, fmt.Errorf("no sink can be named %q", name)
	}
	dead := filepath.Join(dir, shipFolder, name+deadSuffix)
	work := dead + ".replay"
	// What an interrupted replay left goes first.
	for _, take := range []bool{false, true} {
		if take {
			if err := os.Rename(dead, work); errors.Is(err, fs.ErrNotExist) {
				break
			} else if err != nil {
				return sent, again, fmt.Errorf("taking the refused rows: %w", err)
			}
		}
		n, still, err := replayFile(ctx, work, dead, sink)
		sent, again = sent+n, again+still
		if err != nil {
			return sent, again, err
		}
	}
	return sent, again, nil
}

func replayFile(ctx context.Context, work, dead string, sink Sink) (sent, again int, err error) {
	raw, err := os.ReadFile(work)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the refused rows: %w", err)
	}
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n') + 1
		if end == 0 {
			end = len(raw)
		}
		var row deadRow
		if json.Unmarshal(raw[:end], &row) == nil {
			err := sink.Send(ctx, row.Table, [][]byte{row.Row})
			switch {
			case refused(err):
				again++
				row.Error = err.Error()
				if err := appendDead(dead, row); err != nil {
					return sent, again, errors.Join(err, writeWhole(work, raw)) // what was not sent stays
				}
			case err != nil:
				return sent, again, errors.Join(fmt.Errorf("sending refused rows again: %w", err), writeWhole(work, raw))
			default:
				sent++
			}
		}
		raw = raw[end:]
	}
	return sent, again, removeFile(work)
}

// writeWhole writes a file durably: it is there whole, or as it was.
func writeWhole(path string, raw []byte) error {
	return writeDurably(path, func(out *bufio.Writer) error {
		_, err := out.Write(raw)
		return err
	})
}
