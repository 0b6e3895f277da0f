package gateway

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Journal is a Sink that writes records as lines of JSON, one file for each
// day (UTC), readable by its owner alone. Bodies are texts in the fields
// requestBody and responseBody. Files older than the retention are removed.
type Journal struct {
	mu        sync.Mutex
	dir       string
	retention time.Duration // 0 keeps for ever
	day       string
	file      *os.File
	out       *bufio.Writer
	line      []byte
}

const (
	journalPrefix = "calls-"
	journalSuffix = ".jsonl"
)

// NewJournal makes the directory and returns a journal in it.
func NewJournal(dir string, retention time.Duration) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the log directory: %w", err)
	}
	return &Journal{dir: dir, retention: retention, out: bufio.NewWriterSize(nil, 64<<10)}, nil
}

// Append writes the calls and brings them to the file.
func (j *Journal) Append(calls []*call.Call) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range calls {
		if day := c.At.UTC().Format(time.DateOnly); day > j.day {
			if err := j.turn(day, c.At); err != nil {
				return err
			}
		}
		j.line = append(AppendCall(j.line[:0], c), '\n')
		if _, err := j.out.Write(j.line); err != nil {
			return fmt.Errorf("writing records: %w", err)
		}
	}
	if cap(j.line) > keepBuffer {
		j.line = nil
	}
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}

// turn opens the file of a new day and removes those that are too old.
func (j *Journal) turn(day string, now time.Time) error {
	if err := j.close(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(j.dir, journalPrefix+day+journalSuffix), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	j.file, j.day = f, day
	j.out.Reset(f)
	if j.retention > 0 {
		j.forget(now.Add(-j.retention).UTC().Format(time.DateOnly))
	}
	return nil
}

// forget removes the files of days before oldest. One that cannot be removed
// is tried again tomorrow.
func (j *Journal) forget(oldest string) {
	names, err := filepath.Glob(filepath.Join(j.dir, journalPrefix+"*"+journalSuffix))
	if err != nil {
		return
	}
	for _, name := range names {
		day := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), journalPrefix), journalSuffix)
		if len(day) == len(time.DateOnly) && day < oldest {
			_ = os.Remove(name)
		}
	}
}

// Close ends the file that is open.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.close()
}

func (j *Journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.out.Flush()
	if closeErr := j.file.Close(); err == nil {
		err = closeErr
	}
	j.file = nil
	if err != nil {
		return fmt.Errorf("closing the log: %w", err)
	}
	return nil
}

// AppendCall appends c as JSON, with its bodies as texts. It writes what
// encoding/json would write of the other fields, without reflection.
func AppendCall(dst []byte, c *call.Call) []byte {
	o := object{b: append(dst, '{')}
	o.key("at")
	o.b = append(c.At.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
	if c.Gap != 0 {
		o.whole("gap", c.Gap)
		return append(o.b, '}')
	}
	o.text("id", c.ID)
	o.text("gateway", c.Gateway)
	o.text("operation", c.Operation)
	o.text("method", c.Method)
	o.text("url", c.URL)
	o.some("apiVersion", c.APIVersion)
	o.text("protocol", c.Protocol)
	o.text("caller", c.Caller)
	o.some("key", c.Key)
	o.some("product", c.Product)
	o.some("class", c.Class)
	o.some("pool", c.Pool)
	o.some("backend", c.Backend)
	o.some("backendUrl", c.BackendURL)
	o.some("deployment", c.Deployment)
	o.some("kind", c.Kind)
	o.some("region", c.Region)
	o.some("model", c.Model)
	o.some("modelVersion", c.ModelVersion)
	o.whole("status", int64(c.Status))
	o.count("backendStatus", int64(c.BackendStatus))
	o.some("backendRequestId", c.BackendID)
	o.truth("stream", c.Stream)
	o.count("attempts", int64(c.Attempts))
	o.count("refused", int64(c.Refused))
	o.some("spill", string(c.Spill))
	o.some("errorCode", c.ErrorCode)
	o.some("errorMessage", c.ErrorMessage)
	o.number("utilization", c.Utilization)
	o.count("promptTokens", int64(c.Prompt))
	o.count("cachedTokens", int64(c.Cached))
	o.count("completionTokens", int64(c.Completion))
	o.count("reasoningTokens", int64(c.Reasoning))
	o.some("counting", string(c.Counting))
	o.number("costUsd", c.Cost)
	o.some("costBasis", string(c.Basis))
	o.count("firstByteNs", int64(c.FirstByte))
	o.whole("totalNs", int64(c.Total))
	o.count("upstreamNs", int64(c.Upstream))
	o.count("queuedNs", int64(c.Queued))
	o.whole("requestSize", c.RequestSize)
	o.whole("responseSize", c.ResponseSize)
	o.truth("bodiesLost", c.BodiesLost)
	o.truth("truncated", c.Truncated)
	o.body("requestBody", c.RequestBody)
	o.body("responseBody", c.ResponseBody)
	return append(o.b, '}')
}

// object writes the members of a JSON object.
type object struct {
	b    []byte
	more bool
}

func (o *object) key(name string) {
	if o.more {
		o.b = append(o.b, ',')
	}
	o.more = true
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) text(name, v string) {
	o.key(name)
	o.b = jsonlex.AppendString(o.b, v)
}

func (o *object) some(name, v string) {
	if v != "" {
		o.text(name, v)
	}
}

func (o *object) body(name string, v []byte) {
	if len(v) > 0 {
		o.key(name)
		o.b = jsonlex.AppendString(o.b, v)
	}
}

func (o *object) whole(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) count(name string, v int64) {
	if v != 0 {
		o.whole(name, v)
	}
}

func (o *object) number(name string, v float64) {
	if v != 0 {
		o.key(name)
		o.b = strconv.AppendFloat(o.b, v, 'g', -1, 64)
	}
}

func (o *object) truth(name string, v bool) {
	if v {
		o.key(name)
		o.b = append(o.b, "true"...)
	}
}
