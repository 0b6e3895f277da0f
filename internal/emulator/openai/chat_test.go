package openai

import (
	"testing"

	"github.com/azptu/azptu/internal/tokens"
)

const joke = `{"messages":[{"role":"user","content":"Tell me a joke about opentelemetry"}],"model":"openllmetry-testing"}`

func TestUsageCountsTheTextThatWasSent(t *testing.T) {
	w := newWorld(t, nil)
	for _, deployment := range []string{"ptu", "turbo", "standard", "gpt5"} {
		r := w.post(chatPath(deployment), joke)
		if r.status != 200 {
			t.Fatalf("%s: %d %s", deployment, r.status, r.body)
		}
		v := r.decode(t)
		d, _ := w.dir.Deployment("", deployment)
		content := text(v, "choices", 0, "message", "content")
		want := tokens.For(d.Model).Count([]byte(content)) + number(v, "usage", "completion_tokens_details", "reasoning_tokens")
		if got := number(v, "usage", "completion_tokens"); got != want || got == 0 {
			t.Errorf("%s: usage says %d, the text has %d: %s", deployment, got, want, content)
		}
		if again := w.post(chatPath(deployment), joke).decode(t); text(again, "choices", 0, "message", "content") != content {
			t.Errorf("%s: the same request had another answer", deployment)
		}
	}
	if got := number(w.post(chatPath("turbo"), joke).decode(t), "usage", "prompt_tokens"); got != 15 {
		t.Errorf("prompt tokens: %d, recorded are 15", got)
	}
}

func TestProseIsMadeOfSingleTokens(t *testing.T) {
	for _, model := range []string{"gpt-4o", "gpt-4"} {
		e := tokens.For(model)
		for seed := range 200 {
			var p prose
			r := random(seed)
			p.write(&r, 200)
			if got := e.Count(p.text); got != len(p.ends) {
				t.Fatalf("%s: counted %d tokens, wrote %d: %s", model, got, len(p.ends), p.text)
			}
			p.cut(100)
			if got := e.Count(p.text); got != 100 {
				t.Fatalf("%s: cut to 100, counted %d: %s", model, got, p.text)
			}
		}
	}
}
