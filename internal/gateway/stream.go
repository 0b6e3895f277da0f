package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/gateway/http11"
	"github.com/azptu/azptu/internal/sse"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// relayed is a stream on its way from a backend to the client. Events are
// passed on as soon as they are whole; nothing is sent before the first of
// them is here, so that a stream that breaks at once can be asked for
// elsewhere.
type relayed struct {
	x       *exchange
	b       *backend
	res     *http.Response
	rc      *http.ResponseController
	split   sse.Splitter
	known   familiar
	queue   *buffer   // events to be written with the next flush; nil: none, and no memory for them
	over    bool      // the mark that ends a good stream has passed
	failed  bool      // an event told of an error
	expires time.Time // deadline of writing
	spoke   time.Time // when quiet was last started anew

	mu    sync.Mutex // guards the client against the keep-alive of the other goroutine
	quiet *time.Timer
	done  bool
}

// keepAlive is how long a stream may be silent before the client is sent a
// comment, which clients pass over.
const keepAlive = 15 * time.Second

var (
	errErrorEvent = errors.New("the stream begins with an error")
	errCutShort   = errors.New("the stream ended before the answer did")
)

func (x *exchange) relayStream(ctx context.Context, b *backend, res *http.Response, began time.Time) outcome {
	s := &relayed{x: x, b: b, res: res, rc: http.NewResponseController(x.w)}
	x.text.limit = int(x.rt.config.Logs.MaxBody)
	defer s.stop()
	err := s.run(began)
	s.queue.free()
	if x.delivered {
		err = nil // a client that has what it came for may leave, which cuts the backend off
	}
	if !x.committed {
		x.rec.Upstream += x.g.now().Sub(began)
	}
	return s.end(ctx, err)
}

// run relays until the stream is over. What came together is sent together,
// and before anything more is waited for.
func (s *relayed) run(began time.Time) error {
	var refused error
	take := func(p []byte) error {
		if s.queue == nil {
			s.queue = newBuffer()
		}
		if p = s.pass(p); len(p) > 0 {
			refused = s.split.Write(p, s.event)
		}
		return refused
	}
	pause := func() error {
		now := s.x.g.now()
		s.x.patience.touch(s.x.rt.config.Timeouts.Idle, now)
		return s.flush(began, now)
	}
	var err error
	if direct, ok := s.res.Body.(http11.Streamer); ok {
		err = direct.Stream(take, pause)
	} else {
		err = streamed(s.res.Body, take, pause)
	}
	if refused != nil {
		return refused
	}
	if flushErr := s.flush(began, s.x.g.now()); flushErr != nil {
		return flushErr
	}
	if err != nil {
		return err
	}
	if s.over || s.x.target.shape == opaque && s.split.Pending() == 0 {
		return nil
	}
	return errCutShort
}

// pass queues familiar events at the beginning of p and returns what is left.
func (s *relayed) pass(p []byte) []byte {
	if s.split.Pending() > 0 {
		return p
	}
	for {
		text, n := s.known.match(p, s.queue)
		if n == 0 {
			return p
		}
		s.x.text.takeText(text)
		p = p[n:]
	}
}

// streamed does for any body what a Streamer does for its own.
func streamed(body io.Reader, take func([]byte) error, pause func() error) error {
	held := newBuffer()
	defer held.free()
	piece := held.b[:cap(held.b)]
	for {
		n, err := body.Read(piece)
		if n > 0 {
			if err := take(piece[:n]); err != nil {
				return err
			}
			if err := pause(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var nullUsage = []byte(`,"usage":null`)

// event looks at one event and queues it for the client.
func (s *relayed) event(e sse.Event) error {
	x := s.x
	if !e.HasData {
		s.queue.b = append(s.queue.b, ":\n\n"...)
		return nil
	}
	if e.Done() {
		s.over = true
		s.queue.b = sse.AppendEvent(s.queue.b, e)
		return nil
	}
	withhold := false
	switch x.target.shape {
	case chat, completion:
		withhold = s.chunk(e.Data)
		if !x.body.usageAsked {
			if i := bytes.Index(e.Data, nullUsage); i >= 0 {
				e.Data = append(e.Data[:i:i], e.Data[i+len(nullUsage):]...)
			}
		}
	case response:
		s.responseEvent(e)
	}
	if s.failed && !x.committed {
		return errErrorEvent
	}
	if !withhold {
		s.queue.b = sse.AppendEvent(s.queue.b, e)
	}
	return nil
}

// chunk takes in one event of a chat or completion. It reports true for the
// chunk with the usage that only the gateway asked for.
func (s *relayed) chunk(data []byte) (withhold bool) {
	x := s.x
	if x.usage.id != "" {
		if piece, ok := x.text.readPlain(data); ok {
			if x.target.shape == chat {
				s.known.learn(data, piece, x.body.usageAsked)
			}
			return false
		}
	}
	told := x.usage.reported
	choices := s.members(data)
	s.failed = s.failed || x.usage.failed
	return choices == 0 && x.usage.reported && !told && !x.body.usageAsked
}

// members reads what an event of a chat or completion consists of. It returns
// 0 when its list of choices is empty, 1 when it is not, -1 when there is none.
func (s *relayed) members(data []byte) (choices int) {
	x := s.x
	l := lexers.Get().(*jsonlex.Lexer)
	defer lexers.Put(l)
	l.Reset(data)
	choices = -1
	for name := range l.Fields() {
		kind := l.Kind()
		switch {
		case string(name) == "choices" && kind == jsonlex.Array:
			from := l.Offset()
			if choices = 1; len(data) > from+1 && data[from+1] == ']' {
				choices = 0
			}
			x.text.readChoices(l)
		case string(name) == "created" && len(x.text.created) < 2:
			x.text.created = bytes.Clone(l.Skip())
		default:
			x.usage.member(l, string(name))
		}
	}
	return choices
}

// responseEvent takes in one event of the Responses API. The last one holds
// the whole answer.
func (s *relayed) responseEvent(e sse.Event) {
	x := s.x
	kind := e.Name
	switch string(kind) {
	case "response.created":
		s.responseOf(e.Data)
		x.g.memory.keep(x.target, x.usage.id, s.b.Name)
	case "response.completed", "response.incomplete", "response.failed":
		s.over = true
		s.responseOf(e.Data)
	case "error":
		s.failed = true
	case "response.output_text.delta":
		var l jsonlex.Lexer
		l.Reset(e.Data)
		for name := range l.Fields() {
			if string(name) == "delta" && l.Kind() == jsonlex.String {
				v := l.Skip()
				c := x.text.choice(0)
				c.text = x.text.append(c.text, v[1:len(v)-1])
			} else {
				l.Skip()
			}
		}
	}
}

func (s *relayed) responseOf(data []byte) {
	var l jsonlex.Lexer
	l.Reset(data)
	for name := range l.Fields() {
		if string(name) != "response" || l.Kind() != jsonlex.Object {
			l.Skip()
			continue
		}
		raw := l.Skip()
		_ = readUsage(raw, &s.x.usage) // checked by Skip
		if s.over && len(raw) <= s.x.text.limit {
			s.x.text.whole = bytes.Clone(raw)
		}
	}
}

// flush sends what is queued. The first time it begins the answer.
func (s *relayed) flush(began, now time.Time) error {
	if s.queue == nil {
		return nil
	}
	queue := s.queue
	s.queue = nil
	defer queue.free()
	if len(queue.b) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.x
	if !x.committed {
		s.begin(began)
	}
	before := x.sent
	err := s.write(queue.b, now)
	x.delivered = x.delivered || s.over && x.sent-before == int64(len(queue.b)) && !x.gone.Load()
	return err
}

// begin sends the answer's header.
func (s *relayed) begin(began time.Time) {
	x := s.x
	h := x.w.Header()
	x.copyResponseHeaders(h, s.res.Header)
	x.ownHeaders(h)
	now := x.g.now()
	x.rec.Upstream += now.Sub(began)
	x.rec.FirstByte = now.Sub(x.started)
	x.rec.Status = s.res.StatusCode
	x.rec.Stream = true
	x.committed = true
	x.w.WriteHeader(s.res.StatusCode)
	s.quiet = time.AfterFunc(x.g.silence, s.comment)
}

// write sends bytes at once. The deadline for slow readers is only renewed
// when it comes near: setting it costs more than a write of a chunk should.
func (s *relayed) write(p []byte, now time.Time) error {
	x := s.x
	if x.left() {
		if x.rt.config.OnClientGone == config.Drain {
			return nil
		}
		return errWriteFailed
	}
	idle := x.rt.config.Timeouts.Idle
	if s.expires.Sub(now) < idle {
		s.expires = now.Add(idle + idle/2)
		_ = s.rc.SetWriteDeadline(s.expires)
	}
	n, err := x.w.Write(p)
	x.sent += int64(n)
	if err == nil {
		err = s.rc.Flush()
	}
	if err != nil {
		x.gone.Store(true)
		if x.rt.config.OnClientGone != config.Drain {
			return errWriteFailed
		}
	}
	if now.Sub(s.spoke) > x.g.silence/8 {
		s.spoke = now
		s.quiet.Reset(x.g.silence)
	}
	return nil
}

// comment breaks a long silence.
func (s *relayed) comment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done && !s.x.delivered && !s.x.left() {
		_ = s.write([]byte(": keep-alive\n\n"), s.x.g.now())
	}
}

func (s *relayed) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	if s.quiet != nil {
		s.quiet.Stop()
	}
}

// end judges how the stream went. A stream that broke after it began ends
// with an error event and a connection cut off, never with the mark of a good
// end.
func (s *relayed) end(ctx context.Context, err error) outcome {
	x := s.x
	if !x.committed {
		if err == nil {
			err = errCutShort // a stream without any event is no answer
		}
		return s.before(ctx, err)
	}
	o := outcome{verdict: served}
	if err != nil {
		if o = x.failed(ctx, s.b, err); o.verdict == broken {
			s.breakOff()
			o.verdict = served
			s.b.breaker.Failed(x.g.at())
			s.b.metrics.broken.Add(1)
		} else {
			x.abort = true
		}
	}
	if s.failed && x.rec.ErrorCode == "" {
		x.rec.ErrorCode, x.rec.ErrorMessage = x.usage.errorCode, x.usage.errorMessage
	}
	x.account(s.b)
	x.entry.assembled(&x.text, x.target.shape, &x.usage)
	return o
}

// before judges a stream that ended before the client got anything.
func (s *relayed) before(ctx context.Context, err error) outcome {
	x := s.x
	u := x.usage
	x.usage, x.text = usage{}, assembly{}
	if err != errErrorEvent {
		return x.failed(ctx, s.b, err)
	}
	x.rec.ErrorCode, x.rec.ErrorMessage = u.errorCode, u.errorMessage
	o := outcome{verdict: broken, fault: newFault(http.StatusBadGateway, "BackendFailed", "The deployment broke its answer off.")}
	if u.errorCode == "429" || u.errorCode == "rate_limit_exceeded" {
		o = outcome{verdict: full, wait: time.Second}
	}
	return o
}

func (s *relayed) breakOff() {
	x := s.x
	s.mu.Lock()
	defer s.mu.Unlock()
	x.rec.ErrorCode = "StreamBroken"
	event := []byte("data: ")
	if x.target.shape == response {
		event = []byte("event: error\ndata: ")
	}
	event = append(event, `{"error":{"code":"StreamBroken","message":"The deployment broke its answer off. What was sent so far is not the whole answer.","param":null,"type":"server_error"}}`+"\n\n"...)
	_ = s.write(event, x.g.now())
	x.abort = true
}
