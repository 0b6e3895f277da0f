package calllog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// appender writes the rows of one table into its newest segment and begins
// another when that one is large or old enough.
type appender struct {
	mu sync.Mutex

	folder   string
	maxBytes int64
	maxAge   time.Duration
	now      func() time.Time

	file   *os.File
	number int64 // of the newest segment, ever growing
	begun  time.Time
	size   int64 // bytes of whole rows in file
}

// append writes rows and makes them durable. It returns how many bytes are:
// all, or none when the disk refused, for a part of the rows is cut off again.
func (a *appender) append(rows []byte) (written int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(); err != nil {
		return 0, err
	}
	if _, err = a.file.Write(rows); err == nil {
		err = a.file.Sync()
	}
	if err == nil {
		a.size += int64(len(rows))
		return len(rows), nil
	}
	if cutErr := a.file.Truncate(a.size); cutErr != nil {
		// The half row is at the end of this segment for good; it is noticed by
		// its checksum, and the rows go into another segment.
		return 0, errors.Join(err, cutErr, a.end())
	}
	if _, seekErr := a.file.Seek(a.size, 0); seekErr != nil {
		return 0, errors.Join(err, seekErr, a.end())
	}
	return 0, err
}

// ready makes sure that there is a segment with room.
func (a *appender) ready() error {
	now := a.now()
	if a.file != nil && (a.size >= a.maxBytes || now.Sub(a.begun) >= a.maxAge && a.size > 0) {
		if err := a.end(); err != nil {
			return err
		}
	}
	if a.file != nil {
		return nil
	}
	if err := os.MkdirAll(a.folder, 0o700); err != nil {
		return fmt.Errorf("making the folder of a table: %w", err)
	}
	// A clock that stepped back must not give a number twice.
	number := max(now.UnixNano(), a.number+1)
	for {
		f, err := os.OpenFile(filepath.Join(a.folder, segmentName(number, linesSuffix)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			number++
			continue
		}
		if err != nil {
			return fmt.Errorf("beginning a segment: %w", err)
		}
		a.file, a.number, a.begun, a.size = f, number, now, 0
		return nil
	}
}

func (a *appender) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.end()
}

// end closes the newest segment.
func (a *appender) end() error {
	if a.file == nil {
		return nil
	}
	f := a.file
	a.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing a segment: %w", err)
	}
	return nil
}

// closed lists the table's segments that are not written to any more. No other
// can be begun meanwhile.
func (a *appender) closed() ([]segment, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	segments, err := listSegments(a.folder)
	return slices.DeleteFunc(segments, func(s segment) bool { return a.file != nil && s.number == a.number }), err
}

// newest tells of the segment that is being written; number 0 means that none is.
func (a *appender) newest() (number, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return 0, 0
	}
	return a.number, a.size
}
