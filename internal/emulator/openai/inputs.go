package openai

import (
	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// inputs are the texts of an embeddings or completions request: one string, or
// a list of strings, or tokens instead of either.
type inputs struct {
	texts  [][]byte
	ids    [][]uint32 // given, or what encode made of texts
	faulty string     // what is wrong with a value that is JSON all the same
}

// maxInputs is the longest list of texts that is taken (published).
const maxInputs = 2048

func (in *inputs) read(l *jsonlex.Lexer) {
	if l.Kind() == jsonlex.String {
		in.texts = append(in.texts, append([]byte(nil), l.String()...))
		return
	}
	var flat []uint32
	for l.Array(); l.Element(); {
		switch l.Kind() {
		case jsonlex.String:
			in.texts = append(in.texts, append([]byte(nil), l.String()...))
		case jsonlex.Number:
			flat = append(flat, in.token(l))
		default:
			in.ids = append(in.ids, in.list(l))
		}
		if len(in.texts) > maxInputs || len(in.ids) > maxInputs {
			in.faulty = "array too long. Expected an array with maximum length 2048"
		}
	}
	if flat != nil {
		in.ids = append(in.ids, flat)
	}
}

func (in *inputs) list(l *jsonlex.Lexer) []uint32 {
	ids := []uint32{}
	for l.Array(); l.Element(); {
		ids = append(ids, in.token(l))
	}
	return ids
}

func (in *inputs) token(l *jsonlex.Lexer) uint32 {
	n := l.Int()
	if n < 0 || n > 1<<20 {
		in.faulty = "token out of range"
		return 0
	}
	return uint32(n)
}

// check judges what was read.
func (in *inputs) check(name string) *problem {
	switch {
	case in.faulty != "":
		return invalid("invalid_value", name, "Invalid '%s': %s.", name, in.faulty)
	case len(in.texts) > 0 && len(in.ids) > 0:
		return invalid("invalid_type", name, "Invalid type for '%s': expected texts or tokens, but got both.", name)
	case len(in.texts) == 0 && len(in.ids) == 0:
		return invalid("empty_array", name, "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", name)
	}
	for _, text := range in.texts {
		if len(text) == 0 {
			return invalid("", "", "'$.%s' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.", name)
		}
	}
	return nil
}

// maxInputTokens is how many tokens all inputs of a request may have together
// (published for embeddings).
const maxInputTokens = 300000

// encode makes tokens of texts, each of which must fit the context; tokens that
// were given must exist. Text that is far too long is refused uncounted.
func (in *inputs) encode(e *tokens.Encoding, context int) *problem {
	bytes := 0
	for _, text := range in.texts {
		if bytes += len(text); len(text) > 2*exactBytes*context {
			return inputTooLong(context, tokens.Estimate(len(text)))
		}
	}
	if bytes > exactBytes*maxInputTokens {
		return invalid("max_tokens_per_request", "", "Requested %d tokens, max %d tokens per request", tokens.Estimate(bytes), maxInputTokens)
	}
	for _, list := range in.ids {
		for _, id := range list {
			if e.Token(id) == nil {
				return invalid("invalid_value", "", "Invalid token: %d.", id)
			}
		}
	}
	for _, text := range in.texts {
		in.ids = append(in.ids, e.Append(nil, text))
	}
	for _, ids := range in.ids {
		if len(ids) > context {
			return inputTooLong(context, len(ids))
		}
	}
	if n := in.total(); n > maxInputTokens {
		return invalid("max_tokens_per_request", "", "Requested %d tokens, max %d tokens per request", n, maxInputTokens)
	}
	return nil
}

func inputTooLong(context, n int) *problem {
	return invalid("", "", "This model's maximum context length is %d tokens, however you requested %d tokens (%d in your prompt; 0 for the completion). Please reduce your prompt; or completion length.", context, n, n)
}

func (in *inputs) total() int {
	n := 0
	for _, ids := range in.ids {
		n += len(ids)
	}
	return n
}
