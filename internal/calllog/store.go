package calllog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog/mask"
)

// Options say how a Store keeps its rows. The zero value of each has a default.
type Options struct {
	FlushEvery   time.Duration // rows are on disk after this long, or when they take 2 MiB or a quarter of MaxPending; 0 means 500 ms
	SegmentBytes int64         // a segment is closed at this size; 0 means 64 MiB
	SegmentAge   time.Duration // or at this age; 0 means 10 minutes
	MaxPending   int           // bytes held while the disk is slow or full; 0 means 64 MiB

	MaintainEvery time.Duration // how often segments are compacted and old ones go; 0 means a minute
	Retain        time.Duration // rows older than this go; 0 keeps them
	RetainBytes   int64         // of each table; the oldest rows go beyond it; 0 means no bound

	// Mask goes over what was asked and answered, and over error texts, in every
	// row that is written, wherever it comes from. Nil writes them as they come: a
	// gateway, which keeps more of one product than of another, has masked its own.
	Mask *mask.Rules

	Ship []Shipment // where rows are sent besides

	Identity Identity
	Now      func() time.Time // must not be nil
	Log      *slog.Logger     // nil for none
}

// Store writes the tables of one folder. There is one writer to a folder, in
// whatever process; readers need no Store, see View. It is safe for concurrent
// use.
type Store struct {
	dir  string
	opt  Options
	lock *flock.Flock

	mu      sync.Mutex
	scribe  *scribe
	meter   meter
	tables  map[string]*pending
	rows    callRows // what of tables Record appends to
	held    int      // bytes in all pending buffers
	lost    int64    // calls that found no room
	stopped bool

	taking sync.Mutex // one batch of foreign rows at a time
	intake intake

	shippers   []*shipper
	dead       sync.Mutex    // one change of the rows that sinks refused at a time
	tending    sync.Mutex    // one upkeep at a time
	flushing   sync.Mutex    // one flush at a time
	full       chan struct{} // holds one when there is much to flush
	stop       chan struct{}
	background sync.WaitGroup

	endShipping context.CancelFunc
}

// pending is what of one table is not on disk yet.
type pending struct {
	rows  []byte
	spare []byte // memory of rows that went to disk, for the next ones
	out   *appender
}

// writeAt is how many bytes are worth a write before their time: enough for the
// disk, and small beside what else a busy gateway holds.
const writeAt = 2 << 20

// keepSpare bounds the memory that is kept for a table while nothing happens.
const keepSpare = 2 * writeAt

// formatVersion is written into the folder's FORMAT file. Lines of the second
// format may say that a value is the same as another's; a program that knows only
// the first must not tidy such a folder up, as it would lose them.
const formatVersion = "azptu-log 2\n"

// olderFormats can be read as they are, and go on in the present one.
var olderFormats = []string{"azptu-log 1\n"}

// ErrInUse means that another process writes to the folder.
var ErrInUse = errors.New("the log folder has a writer already")

// Open prepares a folder for writing and starts to flush. What a writer before
// left half-written is cut off.
func Open(dir string, o Options) (*Store, error) {
	o.FlushEvery = orDefault(o.FlushEvery, 500*time.Millisecond)
	o.SegmentBytes = orDefault(o.SegmentBytes, 64<<20)
	o.SegmentAge = orDefault(o.SegmentAge, 10*time.Minute)
	o.MaxPending = orDefault(o.MaxPending, 64<<20)
	o.MaintainEvery = orDefault(o.MaintainEvery, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{dir: dir, opt: o, tables: make(map[string]*pending), scribe: newScribe(o.Identity), intake: intake{said: map[string][]byte{}}, full: make(chan struct{}, 1), stop: make(chan struct{})}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.startShipping(); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}
	s.meter.minute = s.opt.Now().UTC().Truncate(time.Minute)
	s.background.Add(2)
	go s.flushLoop()
	go s.maintain()
	return s, nil
}

// startShipping begins to send rows to the sinks.
func (s *Store) startShipping() error {
	for _, of := range s.opt.Ship {
		sh, err := s.newShipper(of)
		if err != nil {
			return err
		}
		s.shippers = append(s.shippers, sh)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.endShipping = cancel
	s.background.Add(len(s.shippers))
	for _, sh := range s.shippers {
		go sh.run(ctx)
	}
	return nil
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// prepare takes the folder and mends its newest segments.
func (s *Store) prepare() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("making the log folder: %w", err)
	}
	s.lock = flock.New(filepath.Join(s.dir, "LOCK"))
	switch taken, err := s.lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("locking the log folder: %w", err)
	case !taken:
		return fmt.Errorf("%w: %s", ErrInUse, s.dir)
	}
	if err := s.checkFormat(); err != nil {
		return errors.Join(err, s.lock.Unlock())
	}
	for _, schema := range Schemas() {
		folder := filepath.Join(s.dir, schema.Table)
		if err := s.mendTable(folder); err != nil {
			return errors.Join(err, s.lock.Unlock())
		}
		newest, err := newestNumber(folder)
		if err != nil {
			return errors.Join(err, s.lock.Unlock())
		}
		s.tables[schema.Table] = &pending{out: &appender{folder: folder, maxBytes: s.opt.SegmentBytes, maxAge: s.opt.SegmentAge, now: s.opt.Now, number: newest}}
	}
	rows := func(table string) *[]byte { return &s.tables[table].rows }
	s.rows = callRows{rows(Calls), rows(GatewayLogs), rows(LLMLog), rows(Diagnostics)}
	return nil
}

// checkFormat brings the folder to the format that is written, and refuses one
// that a newer azptu wrote.
func (s *Store) checkFormat() error {
	path := filepath.Join(s.dir, "FORMAT")
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && slices.Contains(olderFormats, string(raw)):
		if err := writeWhole(path, []byte(formatVersion)); err != nil {
			return fmt.Errorf("starting the log folder: %w", err)
		}
	case err != nil:
		return fmt.Errorf("reading the format of the log folder: %w", err)
	case string(raw) != formatVersion:
		return fmt.Errorf("the log folder %s is of format %q; this azptu writes %q", s.dir, strings.TrimSpace(string(raw)), strings.TrimSpace(formatVersion))
	}
	return nil
}

func (s *Store) mendTable(folder string) error {
	// What a writer was making when it was killed is made again.
	half, err := filepath.Glob(filepath.Join(folder, "*.tmp"))
	for _, path := range half {
		err = errors.Join(err, removeFile(path))
	}
	if err != nil {
		return fmt.Errorf("tidying a table: %w", err)
	}
	segments, err := listSegments(folder)
	if err != nil || len(segments) == 0 {
		return err
	}
	if last := segments[len(segments)-1]; !last.compacted {
		cut, err := mend(last.path)
		if err != nil {
			return err
		}
		if cut > 0 {
			s.opt.Log.Warn("half a row at the end of a segment was cut off", "segment", last.path, "bytes", cut)
		}
	}
	return nil
}

// Record takes one call into the log. It copies what it needs and returns at
// once: while the disk cannot keep up, rows wait in memory up to MaxPending;
// what finds no room then is counted, and a gap row tells of it later.
func (s *Store) Record(c *call.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(c)
}

func (s *Store) record(c *call.Call) {
	s.meter.add(c, s.scribe.accountOf)
	if s.stopped || s.held >= s.opt.MaxPending {
		s.lost++
		return
	}
	s.add(c)
}

func (s *Store) add(c *call.Call) {
	before := s.rows.size()
	s.scribe.rows(s.masked(c), &s.rows)
	s.held += s.rows.size() - before
	s.wakeWhenFull()
}

// wakeWhenFull lets rows go to disk before their time when there are many.
func (s *Store) wakeWhenFull() {
	if s.held >= min(writeAt, s.opt.MaxPending/4) {
		select {
		case s.full <- struct{}{}:
		default:
		}
	}
}

// Lost tells how many calls were not recorded and are not told of by a gap
// row yet.
func (s *Store) Lost() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func (s *Store) flushLoop() {
	defer s.background.Done()
	tick := time.NewTicker(s.opt.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		case <-s.full:
		}
		if err := s.Flush(context.Background()); err != nil {
			s.opt.Log.Error("the log could not be written; rows wait in memory", "error", err)
			pause(s.stop, tick.C) // a full disk is not asked again at once
		}
	}
}

// pause waits for the next tick, or the end.
func pause(stop <-chan struct{}, tick <-chan time.Time) {
	select {
	case <-stop:
	case <-tick:
	}
}

// Flush puts every row recorded before it on disk. What could not be written
// stays in memory for the next flush.
func (s *Store) Flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	// The tables are written side by side: the disk brings several files to rest
	// in about the time that one takes.
	taken := s.take()
	failed, place := make([]error, len(taken)), 0
	var writing sync.WaitGroup
	for table, rows := range taken {
		out := &failed[place]
		place++
		writing.Go(func() { *out = s.write(ctx, table, rows) })
	}
	writing.Wait()
	return errors.Join(failed...)
}

// write brings rows of one table to disk, or back where they were.
func (s *Store) write(ctx context.Context, table string, rows []byte) error {
	if err := ctx.Err(); err != nil {
		s.giveBack(table, rows)
		return err
	}
	written, err := s.tables[table].out.append(rows)
	s.settle(table, rows, written)
	if err != nil {
		return fmt.Errorf("writing table %s: %w", table, err)
	}
	return nil
}

// take empties the pending buffers, with a gap row for what was lost.
func (s *Store) take() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost > 0 && s.held < s.opt.MaxPending {
		s.add(&call.Call{At: s.opt.Now(), Gap: s.lost})
		s.lost = 0
	}
	s.measured(func(b, common []byte) []byte { return s.meter.turn(b, s.opt.Now(), common, s.opt.Identity.ResourceID) })
	taken := make(map[string][]byte, len(s.tables))
	for table, p := range s.tables {
		if len(p.rows) > 0 {
			taken[table], p.rows, p.spare = p.rows, p.spare[:0], nil
		}
	}
	return taken
}

// measured adds rows of metrics. Where there is no room they are lost.
func (s *Store) measured(rows func(b, common []byte) []byte) {
	p := s.tables[Metrics]
	before := len(p.rows)
	if s.held >= s.opt.MaxPending {
		rows(nil, nil)
		return
	}
	p.rows = rows(p.rows, s.scribe.common[Metrics])
	s.held += len(p.rows) - before
}

// settle accounts for what of rows is on disk and gives the rest back.
func (s *Store) settle(table string, rows []byte, written int) {
	s.mu.Lock()
	s.held -= written
	if p := s.tables[table]; written == len(rows) && cap(rows) <= keepSpare {
		p.spare = rows
	}
	s.mu.Unlock()
	if written < len(rows) {
		s.giveBack(table, rows[written:])
	}
}

func (s *Store) giveBack(table string, rows []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.tables[table]
	p.rows = append(rows[:len(rows):len(rows)], p.rows...)
}

// Close flushes and lets the folder go. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return nil
	}
	s.stopped = true
	s.mu.Unlock()
	close(s.stop)
	s.endShipping()
	s.background.Wait()
	s.mu.Lock()
	s.measured(func(b, common []byte) []byte { return s.meter.end(b, common, s.opt.Identity.ResourceID) })
	s.mu.Unlock()
	failed := []error{s.Flush(context.Background())}
	for _, p := range s.tables {
		failed = append(failed, p.out.close())
	}
	return errors.Join(append(failed, s.lock.Unlock())...)
}
