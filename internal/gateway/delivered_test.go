package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// leavesAt sends a call on a connection of its own, reads until the answer
// holds the mark, and closes the connection that moment.
func leavesAt(t *testing.T, b *bench, path, body, mark string) {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, testKey, len(body), body)
	var got bytes.Buffer
	in := bufio.NewReader(conn)
	for !bytes.HasSuffix(got.Bytes(), []byte(mark)) {
		c, err := in.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
		got.WriteByte(c)
	}
}

// A client may leave the moment it has read the end of its answer: the call was
// served, whatever the backend still does.
func TestAClientThatLeavesAfterTheEndWasServed(t *testing.T) {
	const rounds = 60
	long := strings.Replace(answerText, "Hello there", strings.Repeat("word ", 4000), 1)
	whole := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, long)
	}
	// lingering does not end its stream after the mark.
	lingering := func(w http.ResponseWriter, r *http.Request) {
		answers(w, r)
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}
	file := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", "30000")
		_, _ = w.Write(append(bytes.Repeat([]byte("a"), 29_997), "end"...))
	}
	for _, c := range []struct {
		name, path, body, mark string
		upstream               http.HandlerFunc
		rounds                 int
		counting               call.Counting
	}{
		{"stream", chatPath, chatStream(), "data: [DONE]\n\n", answers, rounds, call.Reported},
		{"stream that lingers", chatPath, chatStream(), "data: [DONE]\n\n", lingering, rounds, call.Reported},
		{"whole", chatPath, chatBody, `"total_tokens":18}}`, whole, rounds, call.Reported},
		{"file", "/openai/v1/audio/speech", `{"model":"gpt-4o","input":"x"}`, "aaend", file, rounds, call.NotCounted},
	} {
		for _, extra := range []string{"", "onClientGone: drain\n"} {
			t.Run(c.name+" "+strings.TrimSpace(extra), func(t *testing.T) {
				n := c.rounds
				if extra != "" && c.name == "stream that lingers" {
					return // the backend is read on until it ends, which this one does not
				}
				b := newBench(t, extra, newUpstream(t, c.upstream))
				for range n {
					leavesAt(t, b, c.path, c.body, c.mark)
				}
				for i := range n {
					rec := b.log.next(t, i)
					if rec.Status != 200 || rec.ErrorCode != "" || rec.Counting != c.counting || c.counting == call.Reported && (rec.Prompt != 11 || rec.Completion != 7) {
						t.Fatalf("call %d: %+v", i, rec)
					}
				}
			})
		}
	}
}

// A client that leaves while it waits for a whole answer did not get it, even
// where the backend is read on.
func TestAClientThatLeavesBeforeTheAnswerWasNotServed(t *testing.T) {
	for _, extra := range []string{"", "onClientGone: drain\n"} {
		asked, left := make(chan bool, 1), make(chan bool)
		b := newBench(t, extra, newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			asked <- true
			<-left
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answerText)
		}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() {
			defer close(done)
			if res, err := http.DefaultTransport.RoundTrip(b.request(t, "POST", chatPath, chatBody).WithContext(ctx)); err == nil {
				res.Body.Close()
			}
		}()
		<-asked
		cancel()
		<-done
		for i := 0; extra == "" && b.metrics.inFlight.Load() != 0 && i < 500; i++ {
			time.Sleep(10 * time.Millisecond)
		}
		if extra != "" {
			time.Sleep(50 * time.Millisecond) // the server notices
		}
		close(left)
		if rec := b.log.next(t, 0); rec.Status != statusClientGone {
			t.Errorf("%q: %+v", extra, rec)
		}
	}
}
