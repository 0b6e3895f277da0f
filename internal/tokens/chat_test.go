package tokens

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"testing"
)

const jargon = `{"messages":[
{"role":"system","content":"You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
{"role":"system","name":"example_user","content":"New synergies will help drive top-line growth."},
{"role":"system","name":"example_assistant","content":"Things working well together will increase revenue."},
{"role":"system","name":"example_user","content":"Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
{"role":"system","name":"example_assistant","content":"Let's talk later when we're less busy about how to do better."},
{"role":"user","content":"This late pivot means we don't have time to boil the ocean for the client deliverable."}]}`

const weather = `{"messages":[{"role":"system","content":"You are a helpful assistant that can answer to questions about the weather."},
{"role":"user","content":"What's the weather like in San Francisco?"}],
"tools":[{"type":"function","function":{"name":"get_current_weather","description":"Get the current weather in a given location",
"parameters":{"type":"object","properties":{"location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"},
"unit":{"type":"string","description":"The unit of temperature to return","enum":["celsius","fahrenheit"]}},"required":["location"]}}}]}`

// The expected figures are prompt_tokens that the service itself returned, as
// OpenAI's cookbook and a recording of Azure print them.
func TestPromptsCountAsTheServiceCountsThem(t *testing.T) {
	for _, tc := range []struct {
		model, body string
		want        int
	}{
		{"gpt-35-turbo", `{"model":"m","messages":[{"role":"user","content":"Tell me a joke about opentelemetry"}]}`, 15},
		{"gpt-3.5-turbo", jargon, 129},
		{"gpt-3.5-turbo-0301", jargon, 127},
		{"gpt-4", jargon, 129},
		{"gpt-4o", jargon, 124},
		{"gpt-4o-mini", jargon, 124},
		{"gpt-35-turbo", weather, 105},
		{"gpt-4", weather, 105},
		{"gpt-4o", weather, 101},
		{"gpt-4o-mini", weather, 101},
	} {
		p, err := CountChat(For(tc.model), tc.model, []byte(tc.body))
		if err != nil || p.Tokens != tc.want {
			t.Errorf("%s: got %d (%v), want %d", tc.model, p.Tokens, err, tc.want)
		}
	}
}

func TestPartsCallsAndImagesCount(t *testing.T) {
	count := func(body string) Prompt {
		t.Helper()
		p, err := CountChat(For("gpt-4o"), "gpt-4o", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	whole := count(`{"messages":[{"role":"user","content":"Describe this"}]}`)
	if got := count(`{"messages":[{"role":"user","content":[{"type":"text","text":"Describe this"}]}]}`); got != whole {
		t.Errorf("as a part %+v, as a string %+v", got, whole)
	}
	withImage := count(`{"messages":[{"role":"user","content":[{"type":"text","text":"Describe this"},{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"low"}}]}]}`)
	if withImage.Images != 1 || withImage.Image != 85 || withImage.Tokens != whole.Tokens+85 {
		t.Errorf("with an image %+v, without %+v", withImage, whole)
	}
	call := count(`{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"call_1","content":"2"}]}`)
	if want := 3 + 3 + 1 + (3 + 1 + 5) + (3 + 1 + 1); call.Tokens != want {
		t.Errorf("a tool call: got %d, want %d", call.Tokens, want)
	}
}

func TestAMalformedBodyIsRefused(t *testing.T) {
	for _, body := range []string{``, `[]`, `{"messages":"x"}`, `{"messages":[1]}`, `{"messages":[{"role":1}]}`, `{"messages":[]`, `{"messages":[]} x`} {
		if p, err := CountChat(Estimator{}, "gpt-4o", []byte(body)); err == nil {
			t.Errorf("%q: counted as %+v", body, p)
		}
	}
}

func TestImagesCostWhatIsPublished(t *testing.T) {
	for _, tc := range []struct {
		model  string
		w, h   int
		detail string
		want   int
	}{
		{"gpt-4o", 1024, 1024, "high", 765},
		{"gpt-4o", 2048, 4096, "high", 1105},
		{"gpt-4o", 4096, 8192, "low", 85},
		{"gpt-4o-mini", 512, 512, "auto", 2833 + 5667},
		{"gpt-5.2", 1024, 1024, "auto", 70 + 4*140},
		{"gpt-4.1-mini", 1024, 1024, "auto", 1659}, // 1024 patches × 1.62
		{"o4-mini", 1800, 2400, "auto", 2498},      // 1452 patches × 1.72
	} {
		if got := ImageRulesFor(tc.model).Count(tc.w, tc.h, tc.detail); got != tc.want {
			t.Errorf("%s %d×%d %s: got %d, want %d", tc.model, tc.w, tc.h, tc.detail, got, tc.want)
		}
	}
}

func TestTheSizeOfAnImageIsReadFromItsHeader(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 37, 23))); err != nil {
		t.Fatal(err)
	}
	url := "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	if w, h := ImageSize([]byte(url)); w != 37 || h != 23 {
		t.Errorf("PNG: %d×%d", w, h)
	}
	lossless := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f"), 36, 0x80, 5, 0, 0, 0, 0, 0, 0)
	url = "data:image/webp;base64," + base64.StdEncoding.EncodeToString(lossless)
	if w, h := ImageSize([]byte(url)); w != 37 || h != 23 {
		t.Errorf("WebP: %d×%d", w, h)
	}
	for _, bad := range []string{"", "https://example.com/a.png", "data:image/png;base64,AAAA", "data:,x"} {
		if w, h := ImageSize([]byte(bad)); w != 0 || h != 0 {
			t.Errorf("%q: %d×%d", bad, w, h)
		}
	}
}

func FuzzCountChat(f *testing.F) {
	for _, body := range []string{jargon, weather, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,AAAA"}]}]}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := CountChat(Estimator{}, "gpt-4o", body)
		if err == nil && p.Images == 0 && (p.Tokens < 0 || p.Tokens > 20*len(body)+40) {
			t.Errorf("%+v for %d bytes", p, len(body))
		}
	})
}

func BenchmarkCountChat(b *testing.B) {
	bodies := distinct(256)
	for i, text := range bodies {
		bodies[i] = fmt.Appendf(nil, `{"messages":[{"role":"user","content":%q}],"max_tokens":50}`, text)
	}
	e := For("gpt-4o")
	e.Load()
	for name, c := range map[string]Counter{"true": e, "estimate": Estimator{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := CountChat(c, "gpt-4o", bodies[i%len(bodies)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
