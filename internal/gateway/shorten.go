package gateway

import "github.com/azptu/azptu/internal/tokens/jsonlex"

// shorten cuts the longest texts of a JSON body until it fits. A body that is
// no JSON is cut at its end.
func shorten(body []byte, limit int) []byte {
	if jsonlex.Valid(body) != nil {
		return body[:limit]
	}
	for most := limit / 2; most >= 16; most /= 4 {
		if out := cutTexts(body, most); len(out) <= limit {
			return out
		}
	}
	return skeleton(body)
}

// cutTexts cuts every text that is longer than most bytes.
func cutTexts(body []byte, most int) []byte {
	out := make([]byte, 0, min(len(body), 4*most))
	for at := 0; at < len(body); {
		if body[at] != '"' {
			out = append(out, body[at])
			at++
			continue
		}
		end := jsonlex.ClosingQuote(body, at+1)
		text := body[at+1 : end]
		if len(text) > most {
			text = append(append([]byte{}, whole(text[:most])...), "…"...)
		}
		out = append(append(append(out, '"'), text...), '"')
		at = min(end+1, len(body))
	}
	return out
}

// skeleton is what is left of a body that is long without long texts: its
// model and usage.
func skeleton(body []byte) []byte {
	out := []byte("{")
	l := jsonlex.New(body)
	for name := range l.Fields() {
		key := string(name)
		value := l.Skip()
		if (key == "model" || key == "usage" || key == "id" || key == "object") && len(value) < 4096 {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(jsonlex.AppendString(out, key), ':'), value...)
		}
	}
	return append(out, '}')
}
