package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// newFormScanner begins to follow a form of the API without deployments in its
// paths: one of its fields names the model.
func newFormScanner(contentType string) (*formScanner, *fault) {
	kind, params, err := mime.ParseMediaType(contentType)
	boundary := params["boundary"]
	if err != nil || kind != "multipart/form-data" || boundary == "" || len(boundary) > 70 {
		return nil, newFault(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "Expected a form (multipart/form-data) or JSON that names the model.")
	}
	return &formScanner{mark: []byte("\n--" + boundary)}, nil
}

// scanned looks through what passes: a second model would be one that the
// client may not use.
type scanned struct {
	src     io.Reader
	scanner *formScanner
}

func (s *scanned) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	if scanErr := s.scanner.write(p[:n]); scanErr != nil {
		return 0, scanErr
	}
	return n, err
}

// formScanner follows a form through its parts, in whatever pieces it comes,
// and holds no more of it than the header of one part. What other readers of
// forms might understand otherwise, it refuses.
type formScanner struct {
	mark    []byte // line feed, two dashes and the boundary: what ends a part
	pending []byte
	base    int  // place of pending in the form
	begun   bool // the first byte has come
	inside  bool // a part's value is being read, not its header
	lead    bool // pending begins with the line end before the value
	isModel bool
	model   string
	modelAt span
	over    bool // the last part has ended
}

const (
	maxPartHeader = 8 << 10
	maxModel      = 256
)

var (
	errModelTwice = errors.New("'model' is given twice")
	errModelSize  = fmt.Errorf("'model' is empty or longer than %d bytes", maxModel)
	errPart       = errors.New("the form cannot be read")
)

// write takes in the next piece.
func (s *formScanner) write(p []byte) (err error) {
	if !s.begun {
		// What ends a part also begins the first, where no line end is before it.
		s.pending, s.base, s.begun, s.inside, s.lead = []byte("\r\n"), -2, true, true, true
	}
	if !s.over {
		s.pending = append(s.pending, p...)
	}
	for more := true; more && !s.over && err == nil; {
		if s.inside {
			more, err = s.value()
		} else {
			more, err = s.header()
		}
	}
	if s.over {
		s.pending = nil
	}
	return err
}

func (s *formScanner) drop(n int) {
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	s.base += n
}

// value reads to the end of a part. more tells that something may follow in
// what has come.
func (s *formScanner) value() (more bool, err error) {
	i := bytes.Index(s.pending, s.mark)
	if i < 0 {
		return false, s.passValue()
	}
	if i == 0 || s.pending[i-1] != '\r' {
		return false, errPart
	}
	after := i + len(s.mark)
	if len(s.pending) < after+2 {
		return false, nil
	}
	last := string(s.pending[after:after+2]) == "--"
	if !last && string(s.pending[after:after+2]) != "\r\n" {
		return false, errPart // blanks behind the mark, or a longer line that begins like one
	}
	if s.isModel {
		if err := s.takeModel(i - 1); err != nil {
			return false, err
		}
	}
	s.isModel, s.inside, s.over = false, false, last
	s.drop(after)
	return true, nil
}

// passValue lets go of what is certainly no mark.
func (s *formScanner) passValue() error {
	keep := len(s.mark) // the carriage return before it included
	switch {
	case s.isModel && len(s.pending) > maxModel+keep+2:
		return errModelSize
	case !s.isModel && len(s.pending) > keep:
		s.drop(len(s.pending) - keep)
		s.lead = false
	}
	return nil
}

func (s *formScanner) takeModel(end int) error {
	from := 0
	if s.lead {
		from = 2
	}
	switch {
	case s.model != "":
		return errModelTwice
	case end <= from || end-from > maxModel:
		return errModelSize
	}
	s.model = string(s.pending[from:end])
	s.modelAt = span{s.base + from, s.base + end}
	return nil
}

// header reads the header of a part. pending begins with the line end before it.
func (s *formScanner) header() (more bool, err error) {
	end := bytes.Index(s.pending, []byte("\r\n\r\n"))
	if end > maxPartHeader || end < 0 && len(s.pending) > maxPartHeader {
		return false, errPart
	}
	if end < 0 {
		return false, nil
	}
	names := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(string(s.pending[:end]), "\r\n"), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName().MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return false, errPart
		}
		if !strings.EqualFold(name, "Content-Disposition") {
			continue
		}
		_, params, err := mime.ParseMediaType(value)
		if names++; err != nil || names > 1 {
			return false, errPart
		}
		s.isModel = params["name"] == "model"
	}
	s.drop(end + 2) // the second line end stays: where the value is empty, it may belong to the mark
	s.inside, s.lead = true, true
	return true, nil
}

var headerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9-]+$`) })
