package sse

import (
	"bytes"
	"io"
)

// Writer writes events to a stream, each in one Write call. It is not safe
// for concurrent use.
type Writer struct {
	dst io.Writer
	buf []byte
}

// NewWriter returns a Writer to dst.
func NewWriter(dst io.Writer) *Writer { return &Writer{dst: dst} }

// Event writes e. Line breaks within its data become further data lines;
// those within its name or id, which the format cannot carry, are dropped.
func (w *Writer) Event(e Event) error {
	w.buf = AppendEvent(w.buf[:0], e)
	_, err := w.dst.Write(w.buf)
	return err
}

// Data writes an event that has data alone.
func (w *Writer) Data(data []byte) error {
	w.buf = AppendData(w.buf[:0], data)
	_, err := w.dst.Write(w.buf)
	return err
}

// Comment writes a comment, which clients pass over: a keep-alive.
func (w *Writer) Comment(text string) error {
	w.buf = append(w.buf[:0], ':')
	w.buf = appendOneLine(append(w.buf, ' '), []byte(text))
	w.buf = append(w.buf, "\n\n"...)
	_, err := w.dst.Write(w.buf)
	return err
}

// Done writes the mark that ends a model's stream.
func (w *Writer) Done() error { return w.Data(doneMark) }

// AppendData appends an event that has data alone to dst.
func AppendData(dst, data []byte) []byte {
	return append(appendDataLines(dst, data), '\n')
}

// AppendEvent appends e to dst.
func AppendEvent(dst []byte, e Event) []byte {
	if len(e.ID) > 0 {
		dst = append(appendOneLine(append(dst, "id: "...), e.ID), '\n')
	}
	if len(e.Name) > 0 {
		dst = append(appendOneLine(append(dst, "event: "...), e.Name), '\n')
	}
	if e.HasData || len(e.Data) > 0 {
		dst = appendDataLines(dst, e.Data)
	}
	return append(dst, '\n')
}

// AppendDone appends the mark that ends a model's stream to dst.
func AppendDone(dst []byte) []byte { return append(dst, "data: [DONE]\n\n"...) }

func appendDataLines(dst, data []byte) []byte {
	for {
		i := lineEnd(data)
		if i < 0 {
			return append(append(append(dst, "data: "...), data...), '\n')
		}
		dst = append(append(append(dst, "data: "...), data[:i]...), '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}

func appendOneLine(dst, text []byte) []byte {
	if !bytes.ContainsAny(text, "\r\n\x00") {
		return append(dst, text...)
	}
	for _, c := range text {
		if c != '\r' && c != '\n' && c != 0 {
			dst = append(dst, c)
		}
	}
	return dst
}
