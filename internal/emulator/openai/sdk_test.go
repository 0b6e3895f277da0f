package openai

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/admit"
	client "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// sdk is OpenAI's own client, pointed at the emulator as at Azure.
func (w *world) sdk(options ...option.RequestOption) client.Client {
	return client.NewClient(append([]option.RequestOption{
		azure.WithEndpoint(w.srv.URL, "2024-10-21"), azure.WithAPIKey(testKey), azure.WithUnsafeAllowHTTP(),
	}, options...)...)
}

func userSays(words string) []client.ChatCompletionMessageParamUnion {
	return []client.ChatCompletionMessageParamUnion{client.UserMessage(words)}
}

func TestTheSDKChats(t *testing.T) {
	w := newWorld(t, nil)
	c := w.sdk()
	ctx := context.Background()
	ask := client.ChatCompletionNewParams{Model: "ptu", Messages: userSays("Tell me about the weather"), MaxTokens: param.NewOpt(int64(30))}
	whole, err := c.Chat.Completions.New(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Choices) != 1 || whole.Choices[0].Message.Content == "" || whole.Usage.TotalTokens != whole.Usage.PromptTokens+whole.Usage.CompletionTokens {
		t.Errorf("%s", whole.RawJSON())
	}
	ask.StreamOptions.IncludeUsage = param.NewOpt(true)
	stream := c.Chat.Completions.NewStreaming(ctx, ask)
	var all client.ChatCompletionAccumulator
	for stream.Next() {
		all.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if all.Choices[0].Message.Content != whole.Choices[0].Message.Content || all.Usage.CompletionTokens != whole.Usage.CompletionTokens {
		t.Errorf("streamed %q, whole %q", all.Choices[0].Message.Content, whole.Choices[0].Message.Content)
	}
}

func TestTheSDKCallsToolsAndReadsStructure(t *testing.T) {
	w := newWorld(t, nil)
	c := w.sdk()
	ctx := context.Background()
	called, err := c.Chat.Completions.New(ctx, client.ChatCompletionNewParams{
		Model: "ptu", Messages: userSays("What is the weather in Lisbon?"),
		Tools: []client.ChatCompletionToolUnionParam{client.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: "get_weather", Parameters: shared.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}},
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	var arguments struct{ City string }
	if calls := called.Choices[0].Message.ToolCalls; len(calls) != 1 || calls[0].Function.Name != "get_weather" || json.Unmarshal([]byte(calls[0].Function.Arguments), &arguments) != nil || arguments.City == "" {
		t.Errorf("%s", called.RawJSON())
	}
	structured, err := c.Chat.Completions.New(ctx, client.ChatCompletionNewParams{
		Model: "ptu", Messages: userSays("Who?"),
		ResponseFormat: client.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: "person", Strict: param.NewOpt(true),
			Schema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}, "age": map[string]any{"type": "integer"}}, "required": []string{"name", "age"}, "additionalProperties": false},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var person struct {
		Name string
		Age  int
	}
	if err := json.Unmarshal([]byte(structured.Choices[0].Message.Content), &person); err != nil || person.Name == "" {
		t.Errorf("%v %s", err, structured.RawJSON())
	}
}

func TestTheSDKEmbedsAndLists(t *testing.T) {
	w := newWorld(t, nil)
	c := w.sdk()
	ctx := context.Background()
	e, err := c.Embeddings.New(ctx, client.EmbeddingNewParams{Model: "embed", Input: client.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}})
	if err != nil || len(e.Data) != 2 || len(e.Data[1].Embedding) != 1536 || e.Usage.PromptTokens != 2 {
		t.Errorf("%v %+v", err, e.Usage)
	}
	models, err := c.Models.List(ctx)
	if err != nil || len(models.Data) < 20 {
		t.Errorf("%v, %d models", err, len(models.Data))
	}
}

func TestTheSDKSpeaksV1(t *testing.T) {
	w := newWorld(t, nil)
	ctx := context.Background()
	c := client.NewClient(option.WithBaseURL(w.srv.URL+"/openai/v1/"), option.WithAPIKey(testKey))
	r, err := c.Responses.New(ctx, responses.ResponseNewParams{Model: "ptu", Input: responses.ResponseNewParamsInputUnion{OfString: param.NewOpt("Tell me a story")}})
	if err != nil {
		t.Fatal(err)
	}
	if r.OutputText() == "" || r.Status != "completed" {
		t.Errorf("%s", r.RawJSON())
	}
	again, err := c.Responses.Get(ctx, r.ID, responses.ResponseGetParams{})
	if err != nil || again.OutputText() != r.OutputText() {
		t.Errorf("%v", err)
	}
	stream := c.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: "ptu", Input: responses.ResponseNewParamsInputUnion{OfString: param.NewOpt("Tell me a story")}})
	said, done := "", false
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			said += e.Delta
		case responses.ResponseCompletedEvent:
			done = e.Response.OutputText() == said
		}
	}
	if err := stream.Err(); err != nil || !done || said != r.OutputText() {
		t.Errorf("%v, done %v, said %q", err, done, said)
	}
	if err := c.Responses.Delete(ctx, r.ID); err != nil {
		t.Error(err)
	}
	chat, err := c.Chat.Completions.New(ctx, client.ChatCompletionNewParams{Model: "ptu", Messages: userSays("hi")})
	if err != nil || chat.Choices[0].Message.Content == "" {
		t.Errorf("%v", err)
	}
}

func TestTheSDKObeysRetryAfter(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Now = time.Now
		c.Parameters = admit.Parameters{Window: 50 * time.Millisecond, DefaultCompletion: 100, AsOf: "test"}
	})
	ctx := context.Background()
	// Charged at once with what it writes, one call fills the bucket for a while.
	once := w.sdk(option.WithMaxRetries(0), option.WithHeader(lengthHeader, "1200"))
	ask := client.ChatCompletionNewParams{Model: "small", Messages: userSays("fill"), MaxTokens: param.NewOpt(int64(1200))}
	var refused *client.Error
	for i := 0; ; i++ {
		if _, err := once.Chat.Completions.New(ctx, ask); errors.As(err, &refused) {
			break
		}
		if i > 100 {
			t.Fatal("never full")
		}
	}
	if refused.StatusCode != 429 || refused.Code != "429" || refused.Response.Header.Get("retry-after-ms") == "" {
		t.Errorf("%v", refused)
	}
	w.calls.take()
	patient := w.sdk(option.WithMaxRetries(3))
	ask.MaxTokens = param.NewOpt(int64(10))
	if _, err := patient.Chat.Completions.New(ctx, ask); err != nil {
		t.Errorf("after its retries: %v", err)
	}
	if calls := w.calls.take(); len(calls) > 3 {
		t.Errorf("took %d calls", len(calls))
	}
}

func TestTheSDKReadsErrors(t *testing.T) {
	w := newWorld(t, nil)
	c := w.sdk(option.WithMaxRetries(0))
	var refused *client.Error
	_, err := c.Chat.Completions.New(context.Background(), client.ChatCompletionNewParams{Model: "nonsense", Messages: userSays("x")})
	if !errors.As(err, &refused) || refused.StatusCode != 404 || refused.Code != "DeploymentNotFound" {
		t.Errorf("%v", err)
	}
}
