package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNoPerson says that a question could not be asked because nobody sits at
// the terminal. The caller names the flag that answers it.
var ErrNoPerson = errors.New("standard input is not a terminal")

// Confirm asks a yes-or-no question on Err and reads the answer from In. Only
// yes in one of azptu's languages (y, yes, s, sim, si, sí) is yes; an empty
// line and the end of the input are no. It returns ErrNoPerson unless In is a
// terminal, and ctx's error when interrupted.
func (t *Terminal) Confirm(ctx context.Context, question string) (bool, error) {
	if !t.InTTY {
		return false, ErrNoPerson
	}
	fmt.Fprint(t.Err, question, " ")
	line, err := t.readLine(ctx)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "s", "sim", "si", "sí":
		return true, nil
	}
	return false, nil
}

// readLine waits for a line or for ctx, whichever comes first. The read
// itself cannot be called off: after an interruption it ends with the process.
func (t *Terminal) readLine(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(t.In, 4096)).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(t.Err)
		return "", ctx.Err()
	case a := <-answers:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("reading the answer: %w", a.err)
		}
		return a.line, nil
	}
}
