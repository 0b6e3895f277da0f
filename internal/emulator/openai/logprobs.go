package openai

import (
	"math"
	"strconv"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// logprobs appends the log probabilities of a choice, or null when they were
// not asked for.
func (a *answer) logprobs(dst []byte, q *chatRequest, c *completion) []byte {
	if !q.logprobs || len(c.calls) > 0 {
		return append(dst, "null"...)
	}
	return a.tokenLogprobs(dst, c, 0, len(c.ends), q.topLogprobs)
}

// tokenLogprobs appends the log probabilities of tokens from to to.
func (a *answer) tokenLogprobs(dst []byte, c *completion, from, to, top int) []byte {
	dst = append(dst, `{"content":[`...)
	for k := from; k < to; k++ {
		if k > from {
			dst = append(dst, ',')
		}
		dst = appendLogprob(dst, c.token(k), uint64(k), top)
	}
	return append(dst, `],"refusal":null}`...)
}

// appendLogprob writes one token as the likeliest of all and, below it, others
// that are ever less likely. The figures follow from the token alone.
func appendLogprob(dst, token []byte, at uint64, top int) []byte {
	r := random(mix(at, token))
	logprob := -0.3 * r.share()
	dst = appendCandidate(dst, token, logprob)
	dst = append(dst[:len(dst)-1], `,"top_logprobs":[`...)
	for k := range top {
		if k == 0 {
			dst = appendCandidate(dst, token, logprob)
			continue
		}
		logprob -= 0.5 + 3*r.share()
		other := nouns[r.below(len(nouns))]
		dst = appendCandidate(append(dst, ','), []byte(other), logprob)
	}
	return append(dst, `]}`...)
}

func appendCandidate(dst, token []byte, logprob float64) []byte {
	dst = append(dst, `{"bytes":[`...)
	for i, c := range token {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(c), 10)
	}
	dst = append(dst, `],"logprob":`...)
	dst = strconv.AppendFloat(dst, math.Round(logprob*1e6)/1e6, 'f', -1, 64)
	dst = jsonlex.AppendString(append(dst, `,"token":`...), token)
	return append(dst, '}')
}
