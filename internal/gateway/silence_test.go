package gateway

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A long silence inside a stream is broken by comments, which are no events:
// not before the answer begins, not inside an event, and not after its end.
func TestSilencesAreBrokenByComments(t *testing.T) {
	begin, goOn, end := make(chan bool), make(chan bool), make(chan bool)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(200)
		rc := http.NewResponseController(w)
		_ = rc.Flush()
		<-begin
		all := streamChunks(true)
		_, _ = io.WriteString(w, "data: "+all[1]+"\n\n"+"data: "+all[2][:20])
		_ = rc.Flush()
		<-goOn
		_, _ = io.WriteString(w, all[2][20:]+"\n\n")
		for _, chunk := range all[3:] {
			_, _ = io.WriteString(w, "data: "+chunk+"\n\n")
		}
		_ = rc.Flush()
		<-end
	})
	b := newBench(t, "", u)
	b.silence = 20 * time.Millisecond
	var once sync.Once
	release := func() { once.Do(func() { close(end) }) }
	defer release()
	go func() { time.Sleep(60 * time.Millisecond); close(begin) }()
	res, err := http.DefaultTransport.RoundTrip(b.request(t, "POST", chatPath, chatStream()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got strings.Builder
	piece := make([]byte, 4096)
	resumed := false
	for !strings.Contains(got.String(), "[DONE]") {
		n, err := res.Body.Read(piece)
		got.Write(piece[:n])
		if err != nil {
			t.Fatalf("%v after %s", err, got.String())
		}
		if !resumed && strings.Count(got.String(), ": keep-alive\n\n") >= 3 {
			resumed = true
			close(goOn)
		}
	}
	time.Sleep(60 * time.Millisecond)
	release()
	rest, err := io.ReadAll(res.Body)
	if err != nil || len(rest) > 0 {
		t.Errorf("after the end came %q, %v", rest, err)
	}
	text := got.String()
	if strings.HasPrefix(text, ":") {
		t.Errorf("the answer begins with a comment: %s", text)
	}
	events := strings.ReplaceAll(text, ": keep-alive\n\n", "")
	for _, event := range strings.Split(strings.TrimSuffix(events, "\n\n"), "\n\n") {
		if !strings.HasPrefix(event, "data: ") || strings.Contains(event, "keep-alive") {
			t.Errorf("an event is not whole: %q", event)
		}
	}
	if strings.Count(events, "data: ") != 5 { // the chunk with the usage was only for the gateway
		t.Errorf("events %s", events)
	}
	if rec := b.log.next(t, 0); rec.Status != 200 || rec.Completion != 7 {
		t.Errorf("%+v", rec)
	}
}
