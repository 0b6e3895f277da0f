package calllog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Sink takes rows to another place. Rows are JSON objects whose members are the
// table's columns; they must not be kept. An error with a method Refused() bool
// that gives true says that the rows are at fault, so that sending them again
// would not help; one with RetryAfter() time.Duration says when to try again.
type Sink interface {
	Send(ctx context.Context, table string, rows [][]byte) error
}

func refused(err error) bool {
	var verdict interface{ Refused() bool }
	return errors.As(err, &verdict) && verdict.Refused()
}

// Shipment sends the rows of tables to a sink, in the order they were written.
// What is to be sent is read from the segments, so the log itself is the queue:
// while the sink does not answer, rows wait on disk, and a writer that was ended
// goes on where it stopped. A row may be sent twice when it is killed.
type Shipment struct {
	Name   string   // of its files; letters, digits and dashes
	Tables []string // empty means all that speak of calls
	Bytes  int      // of one batch at most; 0 means 900 KB
	Sink   Sink
}

const (
	shipBytes  = 900_000
	shipEvery  = time.Second
	shipLonger = time.Minute // the longest pause after a failure

	// shipFolder holds how far each shipment is, and the rows that were refused.
	shipFolder   = "sinks"
	deadSuffix   = ".dead.jsonl"
	cursorSuffix = ".json"
)

var shipmentName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`) })

// cursor is how far a table has been sent: so many bytes of a segment, and all
// segments before it.
type cursor struct {
	Segment int64 `json:"segment"`
	Offset  int64 `json:"offset"`
}

// shipper is a running shipment.
type shipper struct {
	Shipment
	store *Store

	sending sync.Mutex // one batch at a time
	mu      sync.Mutex // for the fields below; never held while the sink is waited for
	cursors map[string]cursor
	ahead   map[string]cursor // where a batch ends that is being sent
}

func (s *Store) newShipper(of Shipment) (*shipper, error) {
	if !shipmentName().MatchString(of.Name) {
		return nil, fmt.Errorf("a sink cannot be named %q", of.Name)
	}
	of.Bytes = orDefault(of.Bytes, shipBytes)
	if len(of.Tables) == 0 {
		of.Tables = []string{GatewayLogs, LLMLog, Diagnostics, Calls}
	}
	sh := &shipper{Shipment: of, store: s, cursors: map[string]cursor{}, ahead: map[string]cursor{}}
	known, err := readCursors(sh.file(cursorSuffix))
	if err != nil {
		return nil, err
	}
	for _, table := range of.Tables {
		if _, ok := SchemaOf(table); !ok {
			return nil, fmt.Errorf("sink %s: %w: %s", of.Name, ErrTable, table)
		}
		c, ok := known[table]
		if !ok { // a new sink gets what is written from now on
			if c, err = s.endOf(table); err != nil {
				return nil, err
			}
		}
		sh.cursors[table] = c
	}
	return sh, sh.save()
}

// endOf is the end of what a table has.
func (s *Store) endOf(table string) (cursor, error) {
	number, err := newestNumber(filepath.Join(s.dir, table))
	return cursor{Segment: number + 1}, err
}

func (sh *shipper) file(suffix string) string {
	return filepath.Join(sh.store.dir, shipFolder, sh.Name+suffix)
}

func readCursors(path string) (map[string]cursor, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var known map[string]cursor
	if err == nil {
		err = json.Unmarshal(raw, &known)
	}
	if err != nil {
		return nil, fmt.Errorf("reading how far a sink is: %w", err)
	}
	return known, nil
}

func (sh *shipper) save() error {
	raw, err := json.Marshal(sh.cursors)
	if err == nil {
		err = os.MkdirAll(filepath.Join(sh.store.dir, shipFolder), 0o700)
	}
	if err == nil {
		err = writeWhole(sh.file(cursorSuffix), raw)
	}
	if err != nil {
		return fmt.Errorf("writing how far sink %s is: %w", sh.Name, err)
	}
	return nil
}

// run sends until the store is closed.
func (sh *shipper) run(ctx context.Context) {
	defer sh.store.background.Done()
	pause, failing := shipEvery, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		err := sh.round(ctx)
		var hint interface{ RetryAfter() time.Duration }
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if failing {
				sh.store.opt.Log.Info("a sink takes rows again", "sink", sh.Name)
			}
			pause, failing = shipEvery, false
		case errors.As(err, &hint) && hint.RetryAfter() > 0:
			pause = min(hint.RetryAfter(), 10*shipLonger)
		default:
			if !failing {
				sh.store.opt.Log.Warn("a sink does not take rows; they wait on disk", "sink", sh.Name, "error", err)
			}
			pause, failing = min(2*pause, shipLonger), true
		}
	}
}

// round sends what there is, table after table.
func (sh *shipper) round(ctx context.Context) error {
	var failed []error
	for _, table := range sh.Tables {
		for {
			more, err := sh.step(ctx, table)
			if err != nil {
				failed = append(failed, fmt.Errorf("table %s: %w", table, err))
			}
			if !more || err != nil {
				break
			}
		}
	}
	return errors.Join(failed...)
}

// step sends one batch of a table. more tells whether there may be another.
func (sh *shipper) step(ctx context.Context, table string) (more bool, err error) {
	sh.sending.Lock()
	defer sh.sending.Unlock()
	rows, more, err := sh.next(table)
	if err != nil || !more {
		return false, err
	}
	if len(rows) > 0 {
		if err := sh.send(ctx, table, rows); err != nil {
			return false, err
		}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.cursors[table] = sh.ahead[table]
	return true, sh.save()
}

// next reads the rows that are to be sent next. more tells whether the cursor
// moves.
func (sh *shipper) next(table string) (rows [][]byte, more bool, err error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	at := sh.cursors[table]
	rows, end, err := sh.store.readFrom(table, at, sh.Bytes)
	sh.ahead[table] = end
	return rows, end != at, err
}

// send sends rows. Rows that are refused are sent in ever smaller batches, so
// that only those at fault are set aside.
func (sh *shipper) send(ctx context.Context, table string, rows [][]byte) error {
	err := sh.Sink.Send(ctx, table, rows)
	switch {
	case !refused(err):
		return err
	case len(rows) == 1:
		return sh.setAside(table, rows[0], err)
	}
	half := len(rows) / 2
	if err := sh.send(ctx, table, rows[:half]); err != nil {
		return err
	}
	return sh.send(ctx, table, rows[half:])
}

// deadRow is a line of the file of refused rows.
type deadRow struct {
	At    time.Time       `json:"at"`
	Table string          `json:"table"`
	Error string          `json:"error"`
	Row   json.RawMessage `json:"row"`
}

func (sh *shipper) setAside(table string, row []byte, why error) error {
	sh.store.opt.Log.Warn("a sink refused a row; it is set aside", "sink", sh.Name, "table", table, "error", why)
	sh.store.dead.Lock()
	defer sh.store.dead.Unlock()
	return appendDead(sh.file(deadSuffix), deadRow{At: sh.store.opt.Now().UTC(), Table: table, Error: why.Error(), Row: row})
}

func appendDead(path string, row deadRow) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("setting a refused row aside: %w", err)
	}
	if _, err = f.Write(append(line, '\n')); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// readFrom reads whole rows of a table from a place on, so many bytes at most
// but at least one row, and tells where the next ones begin.
func (s *Store) readFrom(table string, at cursor, most int) (rows [][]byte, next cursor, err error) {
	segments, err := listSegments(filepath.Join(s.dir, table))
	if err != nil {
		return nil, at, err
	}
	open, _ := s.tables[table].out.newest()
	for _, seg := range segments {
		if seg.number < at.Segment || seg.compacted {
			continue // what was compacted before the sink was there is not sent
		}
		if seg.number > at.Segment {
			at = cursor{Segment: seg.number}
		}
		rows, at.Offset, err = readLines(seg.path, at.Offset, most)
		if err != nil || len(rows) > 0 {
			return rows, at, err
		}
		if seg.number == open {
			break
		}
		at = cursor{Segment: seg.number + 1}
	}
	return nil, at, nil
}

// readLines reads the rows of whole lines from offset on.
func readLines(path string, offset int64, most int) (rows [][]byte, next int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, offset, fmt.Errorf("reading rows to send: %w", err)
	}
	defer f.Close()
	for size := most; ; size *= 4 {
		buffer := make([]byte, size)
		n, err := f.ReadAt(buffer, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, offset, fmt.Errorf("reading rows to send: %w", err)
		}
		buffer = buffer[:n]
		end := bytes.LastIndexByte(buffer, '\n') + 1
		if end == 0 && n == size {
			continue // a row that is longer than a batch goes alone
		}
		rows, taken := wholeRows(buffer[:end], most)
		return rows, offset + int64(taken), nil
	}
}

// wholeRows are the rows of lines as others are to see them, so many bytes at
// most but at least one row, and how many bytes of lines they are. Damaged ones
// are left out.
func wholeRows(lines []byte, most int) (rows [][]byte, taken int) {
	var lexer jsonlex.Lexer
	size := 0
	for line := range bytes.Lines(lines) {
		if object, err := openLine(line); err == nil {
			row := whole(&lexer, object)
			if size += len(row); size > most && len(rows) > 0 {
				break
			}
			rows = append(rows, row)
		}
		taken += len(line)
	}
	return rows, taken
}

// unsent is the number of the first segment of a table that some sink still
// needs as lines; noSegment when none does.
func (s *Store) unsent(table string) int64 {
	first := int64(noSegment)
	for _, sh := range s.shippers {
		sh.mu.Lock()
		if c, ok := sh.cursors[table]; ok {
			first = min(first, c.Segment)
		}
		sh.mu.Unlock()
	}
	return first
}

// noSegment is a number that no segment has.
const noSegment = 1<<63 - 1

// Ship sends what is on disk to every sink, now.
func (s *Store) Ship(ctx context.Context) error {
	var failed []error
	for _, sh := range s.shippers {
		if err := sh.round(ctx); err != nil {
			failed = append(failed, fmt.Errorf("sink %s: %w", sh.Name, err))
		}
	}
	return errors.Join(failed...)
}
