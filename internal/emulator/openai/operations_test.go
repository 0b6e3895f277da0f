package openai

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/sse"
	"github.com/azptu/azptu/internal/tokens"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// events reads a stream; the last, [DONE], is left out but must be there.
func events(t testing.TB, r reply) []map[string]any {
	t.Helper()
	reader := sse.NewReader(bytes.NewReader(r.body), 0)
	var all []map[string]any
	for {
		e, err := reader.Next()
		if err != nil {
			t.Fatalf("the stream has no end: %v", err)
		}
		if e.Done() {
			return all
		}
		var v map[string]any
		if err := json.Unmarshal(e.Data, &v); err != nil {
			t.Fatalf("%s: %v", e.Data, err)
		}
		all = append(all, v)
	}
}

func TestAStreamIsTheWholeAnswerInPieces(t *testing.T) {
	w := newWorld(t, nil)
	for _, deployment := range []string{"ptu", "turbo", "standard"} {
		whole := w.post(chatPath(deployment), joke).decode(t)
		streamed := events(t, w.post(chatPath(deployment), strings.Replace(joke, "{", `{"stream":true,"stream_options":{"include_usage":true},`, 1)))
		var content strings.Builder
		for _, e := range streamed {
			content.WriteString(text(e, "choices", 0, "delta", "content"))
		}
		if got, want := content.String(), text(whole, "choices", 0, "message", "content"); got != want {
			t.Errorf("%s: streamed %q, whole %q", deployment, got, want)
		}
		last := streamed[len(streamed)-1]
		if got, want := number(last, "usage", "completion_tokens"), number(whole, "usage", "completion_tokens"); got != want {
			t.Errorf("%s: streamed usage %d, whole %d", deployment, got, want)
		}
		first := streamed[0]
		if text(first, "id") != "" || at(first, "prompt_filter_results", 0, "content_filter_results", "hate", "severity") != "safe" {
			t.Errorf("%s: first event %v", deployment, first)
		}
		if got := text(streamed[1], "choices", 0, "delta", "role"); got != "assistant" {
			t.Errorf("%s: second event has role %q", deployment, got)
		}
	}
}

func TestUsageIsStreamedOnlyWhenAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	for _, e := range events(t, w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"stream":true,`, 1))) {
		if e["usage"] != nil {
			t.Errorf("usage in %v", e)
		}
	}
}

func TestLimitsStopsAndChoices(t *testing.T) {
	w := newWorld(t, nil)
	v := w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"max_tokens":5,"n":3,`, 1)).decode(t)
	seen := map[string]bool{}
	for i := range 3 {
		content := text(v, "choices", i, "message", "content")
		seen[content] = true
		if n := tokens.For("gpt-4o").Count([]byte(content)); n != 5 || text(v, "choices", i, "finish_reason") != "length" {
			t.Errorf("choice %d has %d tokens and finished by %v", i, n, at(v, "choices", i, "finish_reason"))
		}
	}
	if len(seen) < 2 || number(v, "usage", "completion_tokens") != 15 {
		t.Errorf("choices %v, usage %v", seen, v["usage"])
	}
	v = w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"stop":["."],`, 1)).decode(t)
	if content := text(v, "choices", 0, "message", "content"); strings.Contains(content, ".") || content == "" || number(v, "usage", "completion_tokens") != tokens.For("gpt-4o").Count([]byte(content)) {
		t.Errorf("stopped: %q, usage %v", content, v["usage"])
	}
	a := text(w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"seed":1,`, 1)).decode(t), "choices", 0, "message", "content")
	b := text(w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"seed":2,`, 1)).decode(t), "choices", 0, "message", "content")
	if a == b {
		t.Error("two seeds, one answer")
	}
	v = w.post(chatPath("ptu"), joke, lengthHeader, "40").decode(t)
	if got := number(v, "usage", "completion_tokens"); got != 40 || text(v, "choices", 0, "finish_reason") != "stop" {
		t.Errorf("asked for 40 tokens, got %d", got)
	}
	v = w.post(chatPath("gpt5"), strings.Replace(joke, "{", `{"max_completion_tokens":10,`, 1)).decode(t)
	if got := number(v, "usage", "completion_tokens_details", "reasoning_tokens"); got != 10 || text(v, "choices", 0, "finish_reason") != "length" {
		t.Errorf("a limit below the thinking: %v", v["usage"])
	}
}

func TestLogprobsCoverEveryToken(t *testing.T) {
	w := newWorld(t, nil)
	v := w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"logprobs":true,"top_logprobs":3,`, 1)).decode(t)
	list, _ := at(v, "choices", 0, "logprobs", "content").([]any)
	if len(list) != number(v, "usage", "completion_tokens") {
		t.Fatalf("%d of %d tokens", len(list), number(v, "usage", "completion_tokens"))
	}
	var content strings.Builder
	for _, one := range list {
		content.WriteString(text(one, "token"))
		top, _ := at(one, "top_logprobs").([]any)
		if p, _ := at(one, "logprob").(float64); p > 0 || len(top) != 3 {
			t.Fatalf("%v", one)
		}
	}
	if content.String() != text(v, "choices", 0, "message", "content") {
		t.Errorf("tokens spell %q", content.String())
	}
}

const weatherTools = `"tools":[{"type":"function","function":{"name":"get_time","description":"Tells the time","parameters":{"type":"object","properties":{}}}},
{"type":"function","function":{"name":"get_weather","description":"Tells the weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":7},"unit":{"enum":["celsius","fahrenheit"]}},"required":["city","unit"]}}}]`

func TestToolsAreCalledAndAnswered(t *testing.T) {
	w := newWorld(t, nil)
	ask := `{"messages":[{"role":"user","content":"What is the weather in the city of Lisbon?"}],` + weatherTools + `}`
	v := w.post(chatPath("ptu"), ask).decode(t)
	call := at(v, "choices", 0, "message", "tool_calls", 0)
	if text(call, "function", "name") != "get_weather" || text(v, "choices", 0, "finish_reason") != "tool_calls" || at(v, "choices", 0, "message", "content") != nil {
		t.Fatalf("%v", v)
	}
	arguments := text(call, "function", "arguments")
	validate(t, `{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":7},"unit":{"enum":["celsius","fahrenheit"]}},"required":["city","unit"]}`, arguments)

	streamed := events(t, w.post(chatPath("ptu"), strings.Replace(ask, "{", `{"stream":true,`, 1)))
	var pieces strings.Builder
	name := ""
	for _, e := range streamed {
		pieces.WriteString(text(e, "choices", 0, "delta", "tool_calls", 0, "function", "arguments"))
		name += text(e, "choices", 0, "delta", "tool_calls", 0, "function", "name")
	}
	if pieces.String() != arguments || name != "get_weather" {
		t.Errorf("streamed %s(%s), whole %s", name, pieces.String(), arguments)
	}
	answered := `{"messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"sunny"}],` + weatherTools + `}`
	if v := w.post(chatPath("ptu"), answered).decode(t); text(v, "choices", 0, "finish_reason") != "stop" || text(v, "choices", 0, "message", "content") == "" {
		t.Errorf("after the tool's answer: %v", v)
	}
	forced := strings.Replace(ask, "{", `{"tool_choice":{"type":"function","function":{"name":"get_time"}},`, 1)
	if v := w.post(chatPath("ptu"), forced).decode(t); text(v, "choices", 0, "message", "tool_calls", 0, "function", "name") != "get_time" {
		t.Errorf("forced: %v", v)
	}
	if v := w.post(chatPath("ptu"), strings.Replace(ask, "{", `{"tool_choice":"none",`, 1)).decode(t); text(v, "choices", 0, "finish_reason") != "stop" {
		t.Errorf("none: %v", v)
	}
}

func validate(t testing.TB, schemaText, instance string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(instance))
	if err != nil {
		t.Fatalf("%s: %v", instance, err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("schema %s\nanswer %s\n%v", schemaText, instance, err)
	}
}

var schemas = []string{
	`{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":120}},"required":["name","age"],"additionalProperties":false}`,
	`{"type":"object","properties":{"steps":{"type":"array","items":{"type":"object","properties":{"explanation":{"type":"string"},"output":{"type":"string"}},"required":["explanation","output"],"additionalProperties":false}},"final_answer":{"type":"string"}},"required":["steps","final_answer"],"additionalProperties":false}`,
	`{"type":"object","properties":{"item":{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"n":{"type":"number","exclusiveMinimum":0,"multipleOf":0.25}},"required":["kind","n"],"additionalProperties":false},{"type":"null"}]}},"required":["item"],"additionalProperties":false}`,
	`{"$defs":{"node":{"type":"object","properties":{"value":{"type":"string"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}},"type":"object","properties":{"list":{"$ref":"#/$defs/node"}},"required":["list"],"additionalProperties":false}`,
	`{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}},"required":["name","children"],"additionalProperties":false}`,
	`{"type":"object","properties":{"when":{"type":"string","format":"date-time"},"who":{"type":"string","format":"email"},"id":{"type":"string","format":"uuid"},"code":{"type":"string","pattern":"^[A-Z]{3}-[0-9]{2,4}(x|y)?$"}},"required":["when","who","id","code"],"additionalProperties":false}`,
	`{"type":"object","properties":{"tags":{"type":"array","items":{"enum":["a","b","c"]},"minItems":2,"maxItems":3,"uniqueItems":true},"ok":{"type":["boolean","null"]},"short":{"type":"string","maxLength":4},"long":{"type":"string","minLength":80}},"required":["tags","ok","short","long"],"additionalProperties":false}`,
	`{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"boolean"}},"required":["b"]}]}`,
	`{"type":"object","properties":{"\u00e9t\u00e9":{"const":"\u4f60\u597d \"quoted\""}},"required":["\u00e9t\u00e9"],"additionalProperties":false}`,
	`{"type":"object","properties":{"n":{"type":"integer","exclusiveMinimum":3,"exclusiveMaximum":5},"m":{"type":"number","minimum":-2.5,"maximum":-2.25}},"required":["n","m"],"additionalProperties":false}`,
}

func TestStructuredOutputIsValid(t *testing.T) {
	for _, schemaText := range schemas {
		for seed := range 30 {
			r := random(seed)
			out, p := fromSchema([]byte(schemaText), &r, "test")
			if p != nil {
				t.Fatalf("%s: %s", schemaText, p.body)
			}
			validate(t, schemaText, string(out))
		}
	}
	w := newWorld(t, nil)
	for i, schemaText := range schemas {
		format := `"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":` + []string{"true", "false"}[boolToInt(i == 7)] + `,"schema":` + schemaText + `}},`
		v := w.post(chatPath("ptu"), strings.Replace(joke, "{", "{"+format, 1)).decode(t)
		content := text(v, "choices", 0, "message", "content")
		validate(t, schemaText, content)
		if got := number(v, "usage", "completion_tokens"); got != tokens.For("gpt-4o").Count([]byte(content)) {
			t.Errorf("usage %d for %s", got, content)
		}
		var pieces strings.Builder
		for _, e := range events(t, w.post(chatPath("ptu"), strings.Replace(joke, "{", `{"stream":true,`+format, 1))) {
			pieces.WriteString(text(e, "choices", 0, "delta", "content"))
		}
		if pieces.String() != content {
			t.Errorf("streamed %s, whole %s", pieces.String(), content)
		}
	}
	object := w.post(chatPath("ptu"), `{"messages":[{"role":"user","content":"as JSON please"}],"response_format":{"type":"json_object"}}`).decode(t)
	if !json.Valid([]byte(text(object, "choices", 0, "message", "content"))) {
		t.Errorf("%v", object)
	}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func FuzzFromSchema(f *testing.F) {
	for _, s := range schemas {
		f.Add([]byte(s), uint64(1))
	}
	f.Add([]byte(`{"$ref":"#"}`), uint64(1))
	f.Add([]byte(`{"allOf":[{"$ref":"#"}]}`), uint64(1))
	f.Add([]byte(`{"type":"array","minItems":5000}`), uint64(1))
	f.Fuzz(func(t *testing.T, schemaText []byte, seed uint64) {
		if len(schemaText) > 2000 {
			return
		}
		r := random(seed)
		if out, p := fromSchema(schemaText, &r, "x"); p == nil && !json.Valid(out) {
			t.Errorf("%s: %s", schemaText, out)
		}
	})
}

func TestImagesAreCountedAndDescribed(t *testing.T) {
	w := newWorld(t, nil)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		t.Fatal(err)
	}
	ask := `{"messages":[{"role":"user","content":[{"type":"text","text":"Describe"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"}}]}]}`
	v := w.post(chatPath("ptu"), ask).decode(t)
	content := text(v, "choices", 0, "message", "content")
	if !strings.HasPrefix(content, "Image 1 is 640 by 480 pixels.") {
		t.Errorf("%q", content)
	}
	if got, want := number(v, "usage", "prompt_tokens"), 3+1+1+85+170*2+3; got < want-3 || got > want+3 {
		t.Errorf("prompt tokens %d, about %d expected", got, want)
	}
	if got := number(v, "usage", "completion_tokens"); got != tokens.For("gpt-4o").Count([]byte(content)) {
		t.Errorf("usage %d for %q", got, content)
	}
	if r := w.post(chatPath("turbo"), ask); r.status != 400 {
		t.Errorf("a model without eyes answered %d", r.status)
	}
}

func TestLongPromptsAreCached(t *testing.T) {
	w := newWorld(t, nil)
	long := strings.Repeat("Provisioned throughput serves every prompt. ", 300)
	ask := func(question string) map[string]any {
		return w.post(chatPath("ptu"), `{"messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":"`+question+`"}]}`).decode(t)
	}
	if got := number(ask("one"), "usage", "prompt_tokens_details", "cached_tokens"); got != 0 {
		t.Errorf("the first prompt has %d cached tokens", got)
	}
	v := ask("two")
	cached := number(v, "usage", "prompt_tokens_details", "cached_tokens")
	if prompt := number(v, "usage", "prompt_tokens"); cached < 1024 || cached%128 != 0 || cached > prompt || prompt-cached > 160 {
		t.Errorf("%d of %d tokens cached", cached, prompt)
	}
	small := w.post(chatPath("small"), `{"messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":"two"}]}`).decode(t)
	if got := number(small, "usage", "prompt_tokens_details", "cached_tokens"); got != 0 {
		t.Errorf("another deployment has %d of them cached", got)
	}
}

func TestEmbeddings(t *testing.T) {
	w := newWorld(t, nil)
	path := "/openai/deployments/embed/embeddings" + dated
	v := w.post(path, `{"input":["the cat sat on the mat","the cat sat on a mat","quarterly invoices were refunded"],"encoding_format":"float"}`).decode(t)
	var vectors [][]float64
	for i := range 3 {
		list, _ := at(v, "data", i, "embedding").([]any)
		vector := make([]float64, len(list))
		length := 0.0
		for k, f := range list {
			vector[k], _ = f.(float64)
			length += vector[k] * vector[k]
		}
		if len(vector) != 1536 || math.Abs(length-1) > 1e-4 {
			t.Fatalf("%d dimensions, length² %v", len(vector), length)
		}
		vectors = append(vectors, vector)
	}
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	if near, far := dot(vectors[0], vectors[1]), dot(vectors[0], vectors[2]); near < 0.7 || far > 0.5 {
		t.Errorf("alike %v, unlike %v", near, far)
	}
	if got, want := number(v, "usage", "prompt_tokens"), tokens.For("text-embedding-3-small").Count([]byte("the cat sat on the mat")); got < 2*want {
		t.Errorf("usage %d", got)
	}
	v = w.post(path, `{"input":"the cat sat on the mat","encoding_format":"base64","dimensions":256}`).decode(t)
	raw, err := base64.StdEncoding.DecodeString(text(v, "data", 0, "embedding"))
	if err != nil || len(raw) != 4*256 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	length := 0.0
	for i := 0; i < len(raw); i += 4 {
		f := math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))
		length += float64(f * f)
	}
	if math.Abs(length-1) > 1e-4 {
		t.Errorf("length² %v", length)
	}
	ids := tokens.For("text-embedding-3-small").Append(nil, []byte("the cat"))
	asTokens, _ := json.Marshal(map[string]any{"input": ids})
	if a, b := text(w.post(path, `{"input":"the cat","encoding_format":"base64"}`).decode(t), "data", 0, "embedding"), w.post(path, string(asTokens)).decode(t); a == "" || at(b, "data", 0, "embedding") == nil {
		t.Errorf("%v", b)
	}
	if r := w.post("/openai/deployments/ptu/embeddings"+dated, `{"input":"x"}`); r.status != 400 || text(r.decode(t), "error", "code") != "OperationNotSupported" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestOlderCompletions(t *testing.T) {
	w := newWorld(t, nil)
	path := "/openai/deployments/turbo-0301/completions" + dated
	v := w.post(path, `{"prompt":["Once","Twice"],"max_tokens":5,"n":2,"echo":true}`).decode(t)
	choices, _ := v["choices"].([]any)
	if len(choices) != 4 || !strings.HasPrefix(text(v, "choices", 2, "text"), "Twice") || number(v, "usage", "completion_tokens") != 20 {
		t.Errorf("%v", v)
	}
	w.clock.advance(2 * time.Minute) // the smallest deployment takes one call in ten seconds
	streamed := events(t, w.post(path, `{"prompt":"Once","stream":true,"max_tokens":5}`))
	if len(streamed) != 1+5+1 || text(streamed[1], "object") != "text_completion" {
		t.Errorf("%d events", len(streamed))
	}
	if r := w.post("/openai/deployments/ptu/completions"+dated, `{"prompt":"x"}`); r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestResponses(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/openai/v1/responses", "/openai/responses?api-version=2025-03-01-preview"} {
		base, query, _ := strings.Cut(path, "?")
		one := func(id string) string { return base + "/" + id + "?" + query }
		v := w.post(path, `{"model":"ptu","input":"Tell me a story","instructions":"Be brief"}`).decode(t)
		id, content := text(v, "id"), text(v, "output", 0, "content", 0, "text")
		if text(v, "status") != "completed" || content == "" || number(v, "usage", "output_tokens") != tokens.For("gpt-4o").Count([]byte(content)) {
			t.Fatalf("%v", v)
		}
		if got := w.do("GET", one(id), "").decode(t); text(got, "output", 0, "content", 0, "text") != content {
			t.Errorf("read back %v", got)
		}
		next := w.post(path, `{"model":"ptu","input":"And then?","previous_response_id":"`+id+`"}`).decode(t)
		if number(next, "usage", "input_tokens") <= number(v, "usage", "output_tokens") {
			t.Errorf("the conversation is not counted: %v", next["usage"])
		}
		if r := w.post(base+"/"+id+"/cancel?"+query, ""); r.status != 400 {
			t.Errorf("cancelling what somebody waited for: %d %s", r.status, r.body)
		}
		behind := w.post(path, `{"model":"ptu","input":"Slowly","background":true}`).decode(t)
		if got := w.post(base+"/"+text(behind, "id")+"/cancel?"+query, "").decode(t); text(got, "id") != text(behind, "id") || behind["background"] != true {
			t.Errorf("in the background: %v, cancelled %v", behind, got)
		}
		if r := w.post(path, `{"model":"ptu","input":"x","background":true,"store":false}`); r.status != 400 {
			t.Errorf("in the background and not kept: %d", r.status)
		}
		if items := w.do("GET", base+"/"+id+"/input_items?"+query, "").decode(t); text(items, "data", 0, "content", 0, "text") != "Tell me a story" {
			t.Errorf("input items: %v", items)
		}
		if gone := w.do("DELETE", one(id), "").decode(t); gone["deleted"] != true {
			t.Errorf("%v", gone)
		}
		if r := w.do("GET", one(id), ""); r.status != 404 {
			t.Errorf("after deletion: %d", r.status)
		}
		if r := w.post(path, `{"model":"ptu","input":"x","previous_response_id":"`+id+`"}`); r.status != 400 {
			t.Errorf("going on from nothing: %d", r.status)
		}
	}
}

func TestResponsesAreStreamedInNamedEvents(t *testing.T) {
	w := newWorld(t, nil)
	r := w.post("/openai/v1/responses", `{"model":"ptu","input":[{"role":"user","content":"weather of the city?"}],"stream":true,"tools":[{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]}`)
	reader := sse.NewReader(bytes.NewReader(r.body), 0)
	var kinds []string
	arguments := ""
	for i := 0; ; i++ {
		e, err := reader.Next()
		if err != nil {
			break
		}
		var v map[string]any
		if err := json.Unmarshal(e.Data, &v); err != nil {
			t.Fatalf("%s: %v", e.Data, err)
		}
		if text(v, "type") != string(e.Name) || number(v, "sequence_number") != i {
			t.Errorf("event %d is named %s and is %v", i, e.Name, v)
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != string(e.Name) {
			kinds = append(kinds, string(e.Name))
		}
		arguments += text(v, "delta")
	}
	want := "response.created response.in_progress response.output_item.added response.function_call_arguments.delta response.function_call_arguments.done response.output_item.done response.completed"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	validate(t, `{"type":"object","required":["city"]}`, arguments)
}

func TestModels(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/openai/models" + dated, "/openai/v1/models"} {
		v := w.do("GET", path, "").decode(t)
		list, _ := v["data"].([]any)
		found := false
		for _, m := range list {
			found = found || text(m, "id") == "gpt-4o-2024-08-06" && at(m, "capabilities", "chat_completion") == true
		}
		if !found {
			t.Errorf("%s lists %d models, not gpt-4o-2024-08-06", path, len(list))
		}
	}
	if got := w.do("GET", "/openai/v1/models/ptu", "").decode(t); text(got, "id") != "gpt-4o-2024-08-06" {
		t.Errorf("%v", got)
	}
	if r := w.do("GET", "/openai/v1/models/nonsense", ""); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}

func TestTheClientOfV1NamesTheDeploymentInTheBody(t *testing.T) {
	w := newWorld(t, nil)
	ask := strings.Replace(joke, "openllmetry-testing", "ptu", 1)
	if r := w.post("/openai/v1/chat/completions", ask, "api-key", "", "Authorization", "Bearer "+testKey); r.status != 200 {
		t.Errorf("with the key as a bearer token: %d %s", r.status, r.body)
	}
	if r := w.post("/openai/v1/chat/completions", ask, "api-key", "", "Authorization", "Bearer a.valid.token"); r.status != 200 {
		t.Errorf("with a token: %d %s", r.status, r.body)
	}
	if r := w.post("/openai/v1/chat/completions", `{"messages":[{"role":"user","content":"x"}]}`); r.status != 400 || text(r.decode(t), "error", "param") != "model" {
		t.Errorf("without a model: %d %s", r.status, r.body)
	}
}
