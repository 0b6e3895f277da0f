package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// fault is an answer of the gateway's own, in the API's error shape.
type fault struct {
	status  int
	code    string
	message string
	wait    time.Duration // with waits, sent as retry-after
	waits   bool
}

func (f *fault) Error() string { return f.message }

func newFault(status int, code, message string) *fault {
	return &fault{status: status, code: code, message: message}
}

// Texts that clients know from Azure OpenAI.
const (
	textBadKey       = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."
	textNoDeployment = "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."
)

// busy is the answer when nothing has room: the rate limit of the service,
// with the time after which trying again makes sense.
func busy(message string, wait time.Duration) *fault {
	return &fault{status: http.StatusTooManyRequests, code: "429", message: message, wait: max(wait, time.Millisecond), waits: true}
}

// body is the fault as JSON.
func (f *fault) body(dst []byte) []byte {
	dst = append(dst, `{"error":{"code":`...)
	dst = jsonlex.AppendString(dst, f.code)
	dst = append(dst, `,"message":`...)
	dst = jsonlex.AppendString(dst, f.message)
	return append(dst, "}}"...)
}

// headers sets what goes with the fault.
func (f *fault) headers(h http.Header) {
	h.Set("Content-Type", "application/json")
	if f.waits {
		h.Set("Retry-After-Ms", strconv.FormatInt(admit.RetryAfterMilliseconds(f.wait), 10))
		h.Set("Retry-After", strconv.FormatInt(admit.RetryAfterSeconds(f.wait), 10))
	}
}

// write sends the fault. The connection is kept unless the request's body may
// still be under way.
func (f *fault) write(w http.ResponseWriter) int {
	f.headers(w.Header())
	body := f.body(nil)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.status)
	n, _ := w.Write(body)
	return n
}
