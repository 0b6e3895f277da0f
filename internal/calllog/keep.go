package calllog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// maintain compacts closed segments and lets old ones go, again and again.
func (s *Store) maintain() {
	defer s.background.Done()
	tick := time.NewTicker(s.opt.MaintainEvery)
	defer tick.Stop()
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
		case <-tick.C:
			if err := errors.Join(s.Compact(ctx), s.Expire(ctx)); err != nil && ctx.Err() == nil {
				s.opt.Log.Error("the log could not be tidied up", "error", err)
			}
		}
	}
}

// Expire removes the segments whose rows are all older than Options.Retain,
// and the oldest ones while a table is larger than Options.RetainBytes. The
// segment that is being written stays.
func (s *Store) Expire(ctx context.Context) error {
	var failed []error
	for _, schema := range Schemas() {
		segments, err := listSegments(filepath.Join(s.dir, schema.Table))
		if err != nil {
			failed = append(failed, err)
			continue
		}
		failed = append(failed, s.expireTable(ctx, segments, s.tables[schema.Table].out.newest()))
	}
	return errors.Join(failed...)
}

func (s *Store) expireTable(ctx context.Context, segments []segment, open int64) error {
	var total int64
	sizes := make([]int64, len(segments))
	for i, seg := range segments {
		if info, err := os.Stat(seg.path); err == nil {
			sizes[i] = info.Size()
			total += info.Size()
		}
	}
	for i, seg := range segments {
		// The rows of a segment are no younger than when the next one was begun.
		last := s.opt.Now()
		if i+1 < len(segments) {
			last = time.Unix(0, segments[i+1].number)
		}
		old := s.opt.Retain > 0 && s.opt.Now().Sub(last) > s.opt.Retain
		large := s.opt.RetainBytes > 0 && total > s.opt.RetainBytes
		if seg.number >= open || !old && !large {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := os.Remove(seg.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing an old segment: %w", err)
		}
		total -= sizes[i]
	}
	return nil
}
