package openai

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// problem is an answer that refuses.
type problem struct {
	status int
	code   string // as observers see it
	body   []byte
	wait   time.Duration // for retry-after, with 429 and 503
	allow  string        // for 405
	spills bool          // lets another deployment take over
	from   *grant        // the deployment whose limit it is, for its headers
}

// coded is the body that the front end writes: a code and a message.
func coded(status int, code, message string) *problem {
	body := append(append([]byte(`{"error":{"code":`), jsonlex.AppendString(nil, code)...), `,"message":`...)
	body = append(jsonlex.AppendString(body, message), "}}"...)
	return &problem{status: status, code: code, body: body}
}

// typed is the body that the model's service writes; an empty param or code is
// null.
func typed(status int, kind, code, param, message string) *problem {
	body := jsonlex.AppendString([]byte(`{"error":{"message":`), message)
	body = append(body, `,"type":`...)
	body = appendOrNull(body, kind)
	body = append(body, `,"param":`...)
	body = appendOrNull(body, param)
	body = append(body, `,"code":`...)
	body = append(appendOrNull(body, code), "}}"...)
	return &problem{status: status, code: code, body: body}
}

func appendOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return jsonlex.AppendString(dst, s)
}

// invalid is a typed 400.
func invalid(code, param, format string, args ...any) *problem {
	return typed(http.StatusBadRequest, "invalid_request_error", code, param, fmt.Sprintf(format, args...))
}

func notFound() *problem { return coded(http.StatusNotFound, "404", "Resource not found") }

// methodNotAllowed is ours: the service's body was not found.
func methodNotAllowed(allow string) *problem {
	p := coded(http.StatusMethodNotAllowed, "405", "Method not allowed")
	p.allow = allow
	return p
}

func deploymentNotFound() *problem {
	return coded(http.StatusNotFound, "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.")
}

// wrongOperation is what a deployment answers whose model cannot do what is
// asked of it.
func wrongOperation(op, model string) *problem {
	return typed(http.StatusBadRequest, "", "OperationNotSupported", "", fmt.Sprintf("The %s operation does not work with the specified model, %s. Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.", op, model))
}

// paused answers for a deployment that was paused: the status is published
// (ARM specification 2026-05-15-preview), the text is ours.
func paused() *problem {
	return coded(http.StatusLocked, "DeploymentPaused", "The deployment is paused. Resume the deployment and try again.")
}

// retired is ours, status and text: what the service answers once a model is
// past its retirement date was not found.
func retired(d Deployment) *problem {
	return coded(http.StatusGone, "ModelRetired", fmt.Sprintf("The model %s, version %s, was retired on %s and the deployment no longer answers. Please migrate the deployment to a newer model.", d.Model, d.Version, d.Retired.Format("2006-01-02")))
}

// tooLarge is ours: the service's limit and body were not found.
func tooLarge(limit int64) *problem {
	return coded(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("The request body is larger than %d bytes.", limit))
}

// overTokens refuses by a Standard deployment's tokens per minute, in the
// classic words; wait is a day when the request is larger than the limit.
func overTokens(op, version string, wait time.Duration) *problem {
	return overLimit("token", op, version, wait)
}

// overCalls refuses by a Standard deployment's requests per minute.
func overCalls(op, version string, wait time.Duration) *problem {
	return overLimit("call", op, version, wait)
}

func overLimit(what, op, version string, wait time.Duration) *problem {
	seconds := strconv.FormatInt(max(admit.RetryAfterSeconds(wait), 1), 10)
	p := coded(http.StatusTooManyRequests, "429", "Requests to the "+op+" Operation under Azure OpenAI API version "+version+" have exceeded "+what+" rate limit of your current OpenAI S0 pricing tier. Please retry after "+seconds+" seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.")
	p.wait = wait
	return p
}

// overUtilized refuses by a full utilization bucket. The body of such a 429 is
// not published; the code is the string that classic limits have.
func (h *Handler) overUtilized(d Deployment, wait time.Duration) *problem {
	fill := strings.NewReplacer("{deployment}", d.Name, "{model}", d.Model, "{region}", d.LocationDisplay,
		"{seconds}", strconv.FormatInt(max(admit.RetryAfterSeconds(wait), 1), 10))
	p := coded(http.StatusTooManyRequests, "429", fill.Replace(h.cfg.Overloaded))
	p.wait, p.spills = wait, true
	return p
}

// modelBusy is how 0301 versions say that they are at their limit: 424, as the
// Azure ML front end answers for a model's error. The text is ours.
func modelBusy(wait time.Duration) *problem {
	p := coded(http.StatusFailedDependency, "424", "The server is busy because the request limit has been reached. Please retry after "+strconv.FormatInt(max(admit.RetryAfterSeconds(wait), 1), 10)+" seconds.")
	p.wait, p.spills = wait, true
	return p
}

// serverError is the newer of the recorded bodies of a 500.
func serverError(requestID string) *problem {
	p := typed(http.StatusInternalServerError, "server_error", "server_error", "", "An error occurred while processing your request. You can retry your request, or contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 if the error persists. Please include the request ID "+requestID+" in your message.")
	p.spills = true
	return p
}

// faulty is the problem that a fault asks for.
func (h *Handler) faulty(f Fault, d Deployment, requestID string) *problem {
	p := serverError(requestID)
	switch {
	case f.Status == http.StatusTooManyRequests && f.Message == "":
		p = h.overUtilized(d, f.RetryAfter)
	case f.Status == http.StatusRequestTimeout && f.Message == "":
		p = timedOut()
	case f.Status == http.StatusServiceUnavailable && f.Message == "":
		// The words are published for missing capacity, the code is ours.
		p = coded(f.Status, "ServiceUnavailable", "The service is temporarily unable to process your request. Please try again later.")
	case f.Message != "" || f.Status != http.StatusInternalServerError:
		code := f.Code
		if code == "" {
			code = strconv.Itoa(f.Status)
		}
		p = coded(f.Status, code, f.Message)
	}
	p.wait = f.RetryAfter
	switch f.Status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable:
		p.spills = true
	}
	return p
}

func timedOut() *problem {
	return coded(http.StatusRequestTimeout, "Timeout", "The operation was timeout.")
}

// contextTooLong refuses a prompt, or a prompt and the completion it allows,
// that the model's context cannot hold. Three wordings are recorded: GPT-3.5
// and GPT-4 models count the completion in when it is asked for, newer ones
// speak of an input limit.
func contextTooLong(newer bool, limit, prompt, completion int) *problem {
	switch {
	case newer:
		return invalid("context_length_exceeded", "messages", "Input tokens exceed the configured limit of %d tokens. Your messages resulted in %d tokens. Please reduce the length of the messages.", limit, prompt)
	case completion > 0:
		return invalid("context_length_exceeded", "messages", "This model's maximum context length is %d tokens. However, you requested %d tokens (%d in the messages, %d in the completion). Please reduce the length of the messages or completion.", limit, prompt+completion, prompt, completion)
	}
	return invalid("context_length_exceeded", "messages", "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", limit, prompt)
}
