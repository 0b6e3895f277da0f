package chat

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/locale"
	"github.com/azptu/azptu/internal/openai"
)

// talk is a conversation and what is needed to go on with it.
type talk struct {
	env         *verb.Env
	client      *openai.Client
	spare       func(context.Context) (openai.Authorizer, error)
	deployment  string
	history     []openai.Message
	images      []string // go with the next message
	maxTokens   int
	temperature *float64
	reasoning   bool // the model takes max_completion_tokens
}

// say sends one message with all that was said before and shows the answer as
// it comes. What failed is not kept in the history.
func (t *talk) say(ctx context.Context, prompt string) (*openai.Reply, error) {
	message, err := t.message(prompt)
	if err != nil {
		return nil, err
	}
	history := append(t.history[:len(t.history):len(t.history)], message)
	reply, err := t.ask(ctx, history)
	if err != nil {
		return nil, explain(t.env, t.deployment, err)
	}
	t.history, t.images = append(history, openai.Message{Role: "assistant", Content: reply.Text}), nil
	return reply, nil
}

// ask sends the history. An identity that may not call deployments is replaced
// by the account's key, once, and a limit that the model calls by its other
// name is sent again under that.
func (t *talk) ask(ctx context.Context, history []openai.Message) (*openai.Reply, error) {
	for {
		request := openai.Request{Messages: history, Temperature: t.temperature, MaxTokens: t.maxTokens}
		if t.reasoning {
			request.MaxTokens, request.MaxCompletion = 0, t.maxTokens
		}
		reply, err := t.client.Stream(ctx, t.deployment, request, func(piece string) error {
			if t.streams() {
				return write(t.env.Term, locale.Printable(piece))
			}
			return nil
		})
		var refused *openai.Error
		switch {
		case err == nil || !errors.As(err, &refused):
			return reply, err
		case (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden) && t.spare != nil:
			authorize, keyErr := t.spare(ctx)
			t.spare = nil
			if keyErr != nil {
				return nil, err
			}
			t.env.Log().Debug("the account's key is used: the identity may not call deployments")
			t.client.Authorize = authorize
		case refused.Status == http.StatusBadRequest && !t.reasoning && t.maxTokens > 0 && strings.Contains(refused.Message, "max_completion_tokens"):
			t.reasoning = true
		default:
			return nil, err
		}
	}
}

// streams tells whether pieces are shown as they come: JSON is whole or not.
func (t *talk) streams() bool { return t.env.InWords(verb.Tree) }

// maxImage bounds an image file, in bytes (the service takes 20 MB).
const maxImage = 20 << 20

// message is a prompt with the images that go with it.
func (t *talk) message(prompt string) (openai.Message, error) {
	if len(t.images) == 0 {
		return openai.Message{Role: "user", Content: prompt}, nil
	}
	parts := []openai.Part{{Type: "text", Text: prompt}}
	for _, name := range t.images {
		address, err := t.image(name)
		if err != nil {
			return openai.Message{}, err
		}
		parts = append(parts, openai.Part{Type: "image_url", Image: &openai.ImageURL{URL: address}})
	}
	return openai.Message{Role: "user", Content: parts}, nil
}

// image is the address of an image: an https one as it is, a file's content as
// a data: URL.
func (t *talk) image(name string) (string, error) {
	if strings.HasPrefix(name, "https://") {
		return name, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return "", exit.New(exit.Usage, t.env.T("chat.image-unreadable", "Path", name)).Wrap(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxImage+1))
	if err != nil {
		return "", exit.New(exit.Usage, t.env.T("chat.image-unreadable", "Path", name)).Wrap(err)
	}
	kind := http.DetectContentType(raw)
	if len(raw) > maxImage || !strings.HasPrefix(kind, "image/") {
		return "", exit.New(exit.Usage, t.env.T("chat.image-faulty", "Path", name))
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(raw), nil
}

// Answer is one exchange as -o json shows it. Its field names are a contract.
type Answer struct {
	Text             string   `json:"text"`
	Model            string   `json:"model"`
	Deployment       string   `json:"deployment"`
	FinishReason     string   `json:"finishReason"`
	PromptTokens     int      `json:"promptTokens"`
	CachedTokens     int      `json:"cachedTokens"`
	CompletionTokens int      `json:"completionTokens"`
	ReasoningTokens  int      `json:"reasoningTokens"`
	FirstTokenMs     float64  `json:"firstTokenMs"`
	TotalMs          float64  `json:"totalMs"`
	SpilledOver      bool     `json:"spilledOver"`
	Utilization      *float64 `json:"utilization"` // 1 is 100 %; null where the deployment does not say
	RequestID        string   `json:"requestId"`
}

// result ends a single exchange.
func (t *talk) result(r *openai.Reply) error {
	if t.streams() {
		t.epilogue(r)
		return nil
	}
	a := Answer{
		Text: r.Text, Model: r.Model, Deployment: r.Deployment, FinishReason: r.FinishReason,
		PromptTokens: r.Usage.Prompt, CachedTokens: r.Usage.Cached, CompletionTokens: r.Usage.Completion, ReasoningTokens: r.Usage.Reasoning,
		FirstTokenMs: ms(r.FirstToken), TotalMs: ms(r.Total), SpilledOver: r.SpilledOver, RequestID: r.RequestID,
	}
	if a.Deployment == "" {
		a.Deployment = t.deployment
	}
	if r.Utilization >= 0 {
		a.Utilization = &r.Utilization
	}
	return t.env.Show(render.One(a, func(a Answer) string { return a.Text }, render.Col("", func(a Answer) any { return a.Text })))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// epilogue ends the answer's line and says on the talk stream what it took.
func (t *talk) epilogue(r *openai.Reply) {
	_ = write(t.env.Term, "\n")
	p := t.env.Printer()
	text := t.env.T("chat.took", "Prompt", r.Usage.Prompt, "Completion", r.Usage.Completion,
		"First", r.FirstToken.Round(time.Millisecond).String(), "Total", r.Total.Round(time.Millisecond).String())
	if r.Usage.Cached > 0 {
		text += " · " + t.env.T("chat.took.cached", "Count", r.Usage.Cached)
	}
	if r.Usage.Reasoning > 0 {
		text += " · " + t.env.T("chat.took.reasoning", "Count", r.Usage.Reasoning)
	}
	if r.Utilization >= 0 {
		text += " · " + t.env.T("chat.took.used", "Share", p.Percent(r.Utilization, 0))
	}
	if r.SpilledOver {
		text += " · " + t.env.T("chat.took.spilled", "Deployment", r.Deployment)
	}
	if r.FinishReason != "" && r.FinishReason != "stop" {
		text += " · " + t.env.T("chat.took.ended", "Reason", r.FinishReason)
	}
	t.env.Note(t.env.Term.ErrStyle(term.Faint, "("+text+")"))
}

// converse goes on until the user leaves. Lines that begin with a slash are
// commands; a line that ends with a backslash goes on in the next.
func (t *talk) converse(ctx context.Context, prompt string) error {
	t.env.Note(t.env.T("chat.welcome", "Deployment", t.deployment))
	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(t.env.Term.In)
		in.Buffer(nil, maxPrompt)
		for in.Scan() {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		if prompt != "" {
			if err := t.turn(ctx, prompt); err != nil {
				return err
			}
		}
		var leave bool
		if prompt, leave = t.next(ctx, lines); leave {
			return ctx.Err()
		}
	}
}

// turn is one exchange; a refusal is told and the talk goes on.
func (t *talk) turn(ctx context.Context, prompt string) error {
	reply, err := t.say(ctx, prompt)
	switch {
	case err == nil:
		t.epilogue(reply)
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		exit.Print(t.env.Term.Err, t.env.Printer(), func(text string) string { return t.env.Term.ErrStyle(term.Red, text) }, err, false)
	}
	return nil
}

// next waits for what the user says, and carries commands out.
func (t *talk) next(ctx context.Context, lines <-chan string) (prompt string, leave bool) {
	for {
		_, _ = io.WriteString(t.env.Term.Err, t.env.Term.ErrStyle(term.Bold, "> "))
		text := ""
		for {
			var line string
			open := false
			select {
			case <-ctx.Done():
				return "", true
			case line, open = <-lines:
			}
			if !open {
				return "", true
			}
			begun, more := strings.CutSuffix(line, `\`)
			text += begun
			if !more {
				break
			}
			text += "\n"
		}
		text = strings.TrimSpace(text)
		switch {
		case text == "":
		case !strings.HasPrefix(text, "/"):
			return text, false
		case t.command(text):
			return "", true
		}
	}
}

// command carries out a line that begins with a slash.
func (t *talk) command(line string) (leave bool) {
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "/exit", "/quit":
		return true
	case "/reset":
		t.history, t.images = t.system(), nil
		t.env.Note(t.env.T("chat.forgotten"))
	case "/system":
		t.history = nil
		if rest != "" {
			t.history = []openai.Message{{Role: "system", Content: rest}}
		}
		t.env.Note(t.env.T("chat.forgotten"))
	case "/image":
		if _, err := t.image(rest); err != nil {
			t.env.Warn(err.Error())
			break
		}
		t.images = append(t.images, rest)
		t.env.Note(t.env.T("chat.image-next", "Path", rest))
	default:
		t.env.Note(t.env.T("chat.help"))
	}
	return false
}

// system is the part of the history that a reset keeps.
func (t *talk) system() []openai.Message {
	if len(t.history) > 0 && t.history[0].Role == "system" {
		return t.history[:1:1]
	}
	return nil
}
