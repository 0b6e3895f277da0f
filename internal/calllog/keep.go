package calllog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// ErrLost means that calls found no room; a gap row will tell how many.
var ErrLost = errors.New("the log cannot keep up")

// Append records several calls; it is the sink of a gateway. The error is
// ErrLost when some of them found no room.
func (s *Store) Append(calls []*call.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.lost
	for _, c := range calls {
		s.record(c)
	}
	if s.lost > before {
		return ErrLost
	}
	return nil
}

// eraseEvery is how often it is looked whether somebody is to be forgotten.
const eraseEvery = 2 * time.Second

// maintain compacts closed segments and lets old ones go, again and again.
func (s *Store) maintain() {
	defer s.background.Done()
	tick, asked := time.NewTicker(s.opt.MaintainEvery), time.NewTicker(eraseEvery)
	defer tick.Stop()
	defer asked.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case <-s.stop:
			return
		case <-asked.C:
			if _, err := s.Erase(ctx); err != nil && ctx.Err() == nil {
				s.opt.Log.Error("prompts could not be erased; it is tried again", "error", err)
			}
		case <-tick.C:
			if err := s.tend(ctx, s.expireTable, s.compactTable); err != nil && ctx.Err() == nil {
				s.opt.Log.Error("the log could not be tidied up", "error", err)
			}
		}
	}
}

// Expire removes the segments whose rows are all older than Options.Retain,
// and the oldest ones while a table is larger than Options.RetainBytes. The
// segment that is being written stays.
func (s *Store) Expire(ctx context.Context) error { return s.tend(ctx, s.expireTable) }

// step is one kind of upkeep of a table: it is given the table's closed
// segments and tells which are left.
type step func(ctx context.Context, schema *Schema, closed []segment) (left []segment, err error)

// tend does steps on every table, one after the other. Only one tends at a
// time. A step that fails does not keep the others from being done.
func (s *Store) tend(ctx context.Context, steps ...step) error {
	s.tending.Lock()
	defer s.tending.Unlock()
	var failed []error
	for _, schema := range Schemas() {
		closed, err := s.tables[schema.Table].out.closed()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, do := range steps {
			if closed, err = do(ctx, schema, closed); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

func (s *Store) expireTable(ctx context.Context, schema *Schema, closed []segment) (left []segment, err error) {
	var total int64
	sizes := make([]int64, len(closed))
	for i, seg := range closed {
		if info, err := os.Stat(seg.path); err == nil {
			sizes[i] = info.Size()
			total += info.Size()
		}
	}
	open, size := s.tables[schema.Table].out.newest()
	total += size
	for i, seg := range closed {
		// The rows of a segment are no younger than when the next one was begun.
		last := s.opt.Now()
		if i+1 < len(closed) {
			last = time.Unix(0, closed[i+1].number)
		} else if open > seg.number {
			last = time.Unix(0, open)
		}
		old := s.opt.Retain > 0 && s.opt.Now().Sub(last) > s.opt.Retain
		large := s.opt.RetainBytes > 0 && total > s.opt.RetainBytes
		if !old && !large {
			return closed[i:], nil
		}
		if err := ctx.Err(); err != nil {
			return closed[i:], err
		}
		// The lines go first: where they are left behind, they would count again.
		if err := errors.Join(removeLines(seg), removeFile(seg.path)); err != nil {
			return closed[i:], fmt.Errorf("removing an old segment: %w", err)
		}
		total -= sizes[i]
	}
	return nil, nil
}
