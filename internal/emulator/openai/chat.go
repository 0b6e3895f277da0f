package openai

import (
	"sync"
	"time"

	"github.com/azptu/azptu/internal/tokens"
)

var chatRequests = sync.Pool{New: func() any { return new(chatRequest) }}

// forget makes q ready for another request; its buffers are kept.
func (q *chatRequest) forget() {
	l, heard, images, stop := q.l, q.heard[:0], q.images[:0], q.stop[:0]
	*q = chatRequest{heard: heard, images: images, stop: stop}
	q.l = l
	q.l.Reset(nil)
}

// chat serves chat completions.
func chat(x *exchange) *problem {
	body, p := x.read()
	if p != nil {
		return p
	}
	q := chatRequests.Get().(*chatRequest)
	defer func() {
		q.forget()
		chatRequests.Put(q)
	}()
	if p := q.parse(body); p != nil {
		return p
	}
	x.call.Stream = q.stream
	d, p := x.deployment(q.model)
	if p != nil {
		return p
	}
	if p := x.suits(q, d); p != nil {
		return p
	}
	g, p := x.admit(d, x.chatDemand(q, body))
	if p != nil {
		return p
	}
	defer x.cancel(g) // does nothing once the call is settled
	gen, p := x.say(g, q)
	if p != nil {
		return p
	}
	defer gen.free()
	if q.stream {
		x.streamChat(g, q, gen)
	} else {
		x.wholeChat(g, q, gen)
	}
	return nil
}

// say generates the answer, as far as the content filter lets it.
func (x *exchange) say(g *grant, q *chatRequest) (*generation, *problem) {
	hit := x.find(q.messages)
	if hit != nil && !hit.completion {
		x.settle(g, 0)
		return nil, hit.problem()
	}
	gen, p := x.textWriter(g, q, q.messages).chat(q)
	if p == nil && hit != nil {
		gen.offend(hit)
	}
	return gen, p
}

// took waits as long as a model takes for a whole answer. It reports false, and
// gives the claim back, when the client has left before.
func (x *exchange) took(g *grant, total int) bool {
	if !x.h.cfg.Latency || x.wait(x.pace(g).total(total)) {
		return true
	}
	x.cancel(g)
	x.leave()
	return false
}

// suits judges the request against the model of the deployment it names.
func (x *exchange) suits(q *chatRequest, d Deployment) *problem {
	_, f := x.h.meterOf(d)
	if !f.chats {
		return wrongOperation("chatCompletion", d.Model)
	}
	return q.fits(f)
}

// chatDemand says what the request asks of a deployment.
func (x *exchange) chatDemand(q *chatRequest, body []byte) demand {
	return demand{
		maxTokens: q.maxTokens, choices: q.choices,
		count: func(model string, f *facts) int {
			prompt, err := tokens.CountChat(x.h.counter(model, f, len(body)), model, body)
			if err != nil {
				return 0 // cannot be: the body has been read before
			}
			return prompt.Tokens
		},
		cached: func(m *meter, f *facts) int { return x.h.lookUp(m, f, q.messages, x.call.Prompt) },
	}
}

// textWriter makes the text of an answer follow from what is asked and the
// seed.
func (x *exchange) textWriter(g *grant, q *chatRequest, asked []byte) *writer {
	seed := x.h.cfg.Seed
	if q.seed != nil {
		seed ^= uint64(*q.seed) * 0x9e3779b97f4a7c15
	}
	x.writer = writer{encoding: tokens.For(g.dep.Model), facts: g.facts, seed: mix(seed, asked), length: x.wantedLength()}
	return &x.writer
}

// offend turns the answer into one that the filter caught.
func (g *generation) offend(hit *filterHit) {
	for i := range g.choices {
		c := &g.choices[i]
		*c = completion{filtered: hit, finish: "content_filter"}
	}
}

// wholeChat answers in one piece.
func (x *exchange) wholeChat(g *grant, q *chatRequest, gen *generation) {
	total := gen.total()
	if !x.took(g, total) {
		return
	}
	x.settle(g, total)
	a := x.newAnswer(g, "chatcmpl-")
	a.usage = usage{prompt: g.prompt, cached: g.cached, completion: total, reasoning: gen.reasoning}
	out := outputs.Get().(*[]byte)
	*out = a.whole((*out)[:0], q, gen)
	h := x.w.Header()
	x.modelHeaders(h, g)
	h["Content-Type"] = jsonType
	x.send(200, *out)
	putOutput(out)
}

// pace is how fast a model answers.
type pace struct {
	first time.Duration // to the first token
	each  time.Duration // from one token to the next
}

// The time to the first token is ours: a base, and the prompt at the speed
// that prompts are read. The time between tokens keeps the published target,
// which 99 % of calls have to beat, by a fifth or more; both stay the same up
// to full utilization, as provisioned throughput promises.
const (
	firstToken   = 180 * time.Millisecond
	promptSpeed  = 25000 // tokens a second
	paceHeadroom = 1.2
)

func (x *exchange) pace(g *grant) pace {
	r := random(mix(x.h.cfg.Seed, []byte(x.requestID)))
	swing := 1 + 0.3*r.share()
	read := time.Duration(float64(g.prompt-g.cached) / promptSpeed * float64(time.Second))
	return pace{
		first: time.Duration(float64(firstToken)*swing) + read,
		each:  time.Duration(float64(time.Second) / (g.facts.perSecond * paceHeadroom * swing)),
	}
}

func (p pace) total(tokens int) time.Duration { return p.first + time.Duration(tokens)*p.each }
