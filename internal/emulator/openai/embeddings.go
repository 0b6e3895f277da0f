package openai

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// embeddingRequest is what matters of an embeddings request.
type embeddingRequest struct {
	model      string
	inputs     inputs
	given      bool
	base64     bool
	dimensions int // 0: the model's own
	at         string
}

// embeddings serves the embeddings operation.
func embeddings(x *exchange) *problem {
	body, p := x.read()
	if p != nil {
		return p
	}
	var q embeddingRequest
	if p := q.parse(body); p != nil {
		return p
	}
	d, p := x.deployment(q.model)
	if p != nil {
		return p
	}
	_, f := x.h.meterOf(d)
	if p := q.fits(f, d); p != nil {
		return p
	}
	e := tokens.For(d.Model)
	if p := q.inputs.encode(e, f.context); p != nil {
		return p
	}
	total := q.inputs.total()
	g, p := x.admit(d, demand{count: func(string, *facts) int { return total }, unbounded: true})
	if p != nil {
		return p
	}
	x.settle(g, 0)
	out := outputs.Get().(*[]byte)
	defer putOutput(out)
	*out = q.answer((*out)[:0], g, total)
	h := x.w.Header()
	x.modelHeaders(h, g)
	h["Content-Type"] = jsonType
	x.send(200, *out)
	return nil
}

func (q *embeddingRequest) parse(body []byte) *problem {
	l := jsonlex.New(body)
	if l.Kind() != jsonlex.Object {
		return unparsable()
	}
	l.Object()
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		q.at = string(name)
		if p := q.member(l); p != nil {
			return p
		}
	}
	if err := l.End(); err != nil {
		return typeProblem(err, q.at, body)
	}
	if !q.given {
		return invalid("missing_required_parameter", "input", "Missing required parameter: 'input'.")
	}
	return q.inputs.check("input")
}

// member reads the member that q.at names.
func (q *embeddingRequest) member(l *jsonlex.Lexer) *problem {
	if q.at != "input" && l.Null() {
		return nil
	}
	switch q.at {
	case "model":
		q.model = string(l.String())
	case "input":
		q.given = true
		q.inputs.read(l)
	case "encoding_format":
		format := string(l.String())
		if format != "float" && format != "base64" && l.Err() == nil {
			return invalid("invalid_value", "encoding_format", "Invalid value: '%s'. Supported values are: 'float' and 'base64'.", format)
		}
		q.base64 = format == "base64"
	case "dimensions":
		if q.dimensions = l.Int(); q.dimensions < 1 && l.Err() == nil {
			return invalid("integer_below_min_value", "dimensions", "Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got %d instead.", q.dimensions)
		}
	default:
		l.Skip()
	}
	return nil
}

func (q *embeddingRequest) fits(f *facts, d Deployment) *problem {
	switch {
	case !f.embeds:
		return wrongOperation("embeddings", d.Model)
	case q.dimensions > 0 && d.Model == "text-embedding-ada-002":
		return invalid("", "", "This model does not support specifying dimensions.")
	case q.dimensions > f.dimensions:
		return invalid("", "dimensions", "Invalid value for 'dimensions' = %d. Must be less than or equal to %d.", q.dimensions, f.dimensions)
	}
	return nil
}

func (q *embeddingRequest) answer(dst []byte, g *grant, total int) []byte {
	n := g.facts.dimensions
	if q.dimensions > 0 {
		n = q.dimensions
	}
	dst = append(dst, `{"object":"list","data":[`...)
	vector := make([]float32, n)
	for i, ids := range q.inputs.ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"object":"embedding","index":`...), int64(i), 10)
		embed(vector, ids)
		dst = append(dst, `,"embedding":`...)
		if q.base64 {
			dst = appendBase64(dst, vector)
		} else {
			dst = appendFloats(dst, vector)
		}
		dst = append(dst, '}')
	}
	dst = jsonlex.AppendString(append(dst, `],"model":`...), g.facts.name)
	dst = strconv.AppendInt(append(dst, `,"usage":{"prompt_tokens":`...), int64(total), 10)
	dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(total), 10)
	return append(dst, "}}"...)
}

// embed makes a vector of length 1 that texts with many tokens in common have
// nearly the same: each token pushes a few of its dimensions up or down.
func embed(vector []float32, ids []uint32) {
	clear(vector)
	for _, id := range ids {
		r := random(uint64(id)*0x9e3779b97f4a7c15 + 1)
		for range 8 {
			n := r.next()
			i := n >> 1 % uint64(len(vector))
			vector[i] += float32(n&1)*2 - 1
		}
	}
	var sum float64
	for _, f := range vector {
		sum += float64(f) * float64(f)
	}
	if sum == 0 {
		vector[0], sum = 1, 1
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range vector {
		vector[i] *= scale
	}
}

func appendFloats(dst []byte, vector []float32) []byte {
	dst = append(dst, '[')
	for i, f := range vector {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	}
	return append(dst, ']')
}

// appendBase64 writes little-endian 32-bit floats, as clients ask for them by
// default.
func appendBase64(dst []byte, vector []float32) []byte {
	raw := make([]byte, 0, 4*len(vector))
	for _, f := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"')
}
