package openai

import "bytes"

// AtOnce tells that a request with this body is answered in one piece and, when
// the data plane has no latency model and no faults are on, without a wait. It
// errs on the side of no: a body that may ask for a stream, in whatever spelling,
// is none.
func AtOnce(body []byte) bool {
	if bytes.Contains(body, streamName) {
		return false
	}
	return bytes.IndexByte(body, '\\') < 0 || !bytes.Contains(body, escaped6) && !bytes.Contains(body, escaped7)
}

// The member's name, and how escapes of its letters begin (all are U+0061 to
// U+007A).
var streamName, escaped6, escaped7 = []byte(`"stream"`), []byte(`\u006`), []byte(`\u007`)
