package clients

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
)

func (x *target) openai(t *testing.T, more ...option.RequestOption) openai.Client {
	return openai.NewClient(append([]option.RequestOption{
		azure.WithEndpoint(x.Endpoint, apiVersion), azure.WithAPIKey(x.APIKey),
		option.WithHTTPClient(x.client(t)), option.WithMaxRetries(0),
	}, more...)...)
}

func ask(deployment, question string, tokens int64) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:     deployment,
		Messages:  []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
		MaxTokens: openai.Int(tokens),
	}
}

// refused gives the wait that a 429 asks for.
func refused(t *testing.T, err error) (time.Duration, bool) {
	t.Helper()
	var failure *openai.Error
	if !errors.As(err, &failure) || failure.StatusCode != 429 {
		return 0, false
	}
	ms, err := strconv.Atoi(failure.Response.Header.Get("retry-after-ms"))
	if err != nil || ms <= 0 {
		t.Fatalf("a 429 without a wait: %v", failure.Response.Header)
	}
	return time.Duration(ms) * time.Millisecond, true
}

func TestOpenAIChat(t *testing.T) { onDataPlanes(t, openAIChat) }

func openAIChat(t *testing.T, x *target) {
	client := x.openai(t)
	answer, err := client.Chat.Completions.New(t.Context(), ask(x.Chat, "Say something short.", 16))
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Choices) != 1 || answer.Choices[0].Message.Content == "" {
		t.Errorf("no answer: %s", answer.RawJSON())
	}
	u := answer.Usage
	if u.PromptTokens == 0 || u.CompletionTokens == 0 || u.CompletionTokens > 16 || u.TotalTokens != u.PromptTokens+u.CompletionTokens {
		t.Errorf("usage %s", u.RawJSON())
	}
}

func TestOpenAIStream(t *testing.T) { onDataPlanes(t, openAIStream) }

func openAIStream(t *testing.T, x *target) {
	client := x.openai(t)
	params := ask(x.Chat, "Say something short.", 16)
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	var sum openai.ChatCompletionAccumulator
	for stream.Next() {
		sum.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if len(sum.Choices) == 0 || sum.Choices[0].Message.Content == "" || sum.Usage.CompletionTokens == 0 {
		t.Errorf("the stream came to %+v", sum.ChatCompletion)
	}
}

func TestOpenAIEmbeddings(t *testing.T) { onDataPlanes(t, openAIEmbeddings) }

func openAIEmbeddings(t *testing.T, x *target) {
	client := x.openai(t)
	answer, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: x.Embedding,
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one thing", "another"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Data) != 2 || len(answer.Data[0].Embedding) < 100 || answer.Usage.PromptTokens == 0 {
		t.Errorf("%d embeddings, usage %+v", len(answer.Data), answer.Usage)
	}
}

func TestOpenAIErrors(t *testing.T) { onDataPlanes(t, openAIErrors) }

func openAIErrors(t *testing.T, x *target) {
	for _, c := range []struct {
		name   string
		client openai.Client
		params openai.ChatCompletionNewParams
		status int
	}{
		{"wrong key", x.openai(t, azure.WithAPIKey("not-a-key")), ask(x.Chat, "Hi", 8), 401},
		{"no such deployment", x.openai(t), ask("no-such-deployment", "Hi", 8), 404},
		{"no messages", x.openai(t), openai.ChatCompletionNewParams{Model: x.Chat}, 400},
	} {
		_, err := c.client.Chat.Completions.New(t.Context(), c.params)
		var failure *openai.Error
		if !errors.As(err, &failure) || failure.StatusCode != c.status || failure.Message == "" {
			t.Errorf("%s: %v, want status %d", c.name, err, c.status)
		}
	}
}

// TestOpenAILeavingMakesRoom fills a deployment with streams that may run for
// minutes, sees it refuse, leaves the streams, and must then get in before the
// refusal would have let it.
func TestOpenAILeavingMakesRoom(t *testing.T) { onDataPlanes(t, openAILeavingMakesRoom) }

func openAILeavingMakesRoom(t *testing.T, x *target) {
	client := x.openai(t)
	streams, leave := context.WithCancel(t.Context())
	defer leave()
	probe := func() (time.Duration, bool) {
		_, err := client.Chat.Completions.New(t.Context(), ask(x.Small, "Say something short.", 16))
		if err == nil {
			return 0, false
		}
		wait, full := refused(t, err)
		if !full {
			t.Fatal(err)
		}
		return wait, true
	}
	var wait time.Duration
	for i, full := 0, false; !full; i++ {
		if i == 20 {
			t.Fatal("the deployment never refused a call")
		}
		stream := client.Chat.Completions.NewStreaming(streams, ask(x.Small, "Write a long story.", 16000))
		defer stream.Close()
		if !stream.Next() {
			if _, full := refused(t, stream.Err()); !full {
				t.Fatalf("starting a stream: %v", stream.Err())
			}
		}
		wait, full = probe()
	}
	if wait < 2*time.Second {
		t.Fatalf("a deployment that is full for minutes asks for a wait of %v", wait)
	}
	leave()
	for end := time.Now().Add(wait / 2); ; time.Sleep(50 * time.Millisecond) {
		if _, full := probe(); !full {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still full half of %v after the streams were left", wait)
		}
	}
}

// TestOpenAIObeys429 sends bursts until some calls are refused and lets the
// library retry on its own: it must sleep as long as it was told and then get
// through.
func TestOpenAIObeys429(t *testing.T) { onDataPlanes(t, openAIObeys429) }

func openAIObeys429(t *testing.T, x *target) {
	hasty := x.openai(t)
	burst := func() (full bool) {
		outcomes := make(chan error)
		const calls = 8
		for range calls {
			go func() {
				_, err := hasty.Chat.Completions.New(t.Context(), ask(x.Small, "Say something.", 1500))
				outcomes <- err
			}()
		}
		for range calls {
			if err := <-outcomes; err != nil {
				if _, is429 := refused(t, err); !is429 {
					t.Error(err)
				}
				full = true
			}
		}
		return full
	}
	for i := 0; !burst(); i++ {
		if i == 20 {
			t.Fatal("the deployment never refused a call")
		}
	}
	patient := x.openai(t, option.WithMaxRetries(10))
	if _, err := patient.Chat.Completions.New(t.Context(), ask(x.Small, "Say something short.", 16)); err != nil {
		t.Errorf("the retries did not get through: %v", err)
	}
}

func TestOpenAIWithTokenOfEntra(t *testing.T) { onDataPlanes(t, openAIWithTokenOfEntra) }

func openAIWithTokenOfEntra(t *testing.T, x *target) {
	client := openai.NewClient(azure.WithEndpoint(x.BearerEndpoint, apiVersion), azure.WithTokenCredential(x.credential(t, x.ClientSecret)),
		option.WithHTTPClient(x.client(t)), option.WithMaxRetries(0))
	if _, err := client.Chat.Completions.New(t.Context(), ask(x.Chat, "Say something short.", 16)); err != nil {
		t.Error(err)
	}
}
