package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// mostBody is the largest request body that Resource Manager takes.
const mostBody = 4 << 20

// request is one request on its way to its operation.
type request struct {
	*http.Request
	params  map[string]string // of the route, unescaped
	version string            // api-version
	caller  Caller
	id      string // the path as it was written: the id of what is asked for
	body    []byte
}

// by is the caller as systemData names it.
func (q *request) by() state.Caller {
	name := q.caller.ClientID
	if name == "" {
		name = q.caller.ObjectID
	}
	return state.Caller{Name: name, Kind: "Application"}
}

func (q *request) match() state.Match {
	return state.Match{If: q.Header.Get("If-Match"), IfNone: q.Header.Get("If-None-Match")}
}

// account is the id of the account in the path.
func (q *request) account() string {
	return state.Account{Subscription: q.params["subscription"], Group: q.params["group"], Name: q.params["account"]}.ID()
}

// since tells whether the request's api-version is at least v.
func (q *request) since(v string) bool { return q.version >= v }

// scope is the resource whose roles decide.
func (q *request) scope(rt *route) string {
	if scope, ok := q.params["scope"]; ok {
		return "/" + scope
	}
	if _, ok := q.params["account"]; ok && q.params["group"] != "" && !rt.deleted {
		return q.account()
	}
	if group, ok := q.params["group"]; ok {
		return "/subscriptions/" + q.params["subscription"] + "/resourceGroups/" + group
	}
	if subscription, ok := q.params["subscription"]; ok {
		return "/subscriptions/" + subscription
	}
	return "/"
}

func (q *request) readBody(w http.ResponseWriter) error {
	if q.Body == nil || q.Method == http.MethodGet || q.Method == http.MethodDelete || q.Method == http.MethodHead {
		return nil
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, q.Body, mostBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return state.Refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request content size exceeds the maximum size of '%d' bytes.", mostBody)
	case err != nil:
		return state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content could not be read.")
	}
	q.body = b
	return nil
}

// decode reads the body into v, in the words of Resource Manager's own parser
// when it cannot.
func (q *request) decode(v any) error {
	if len(strings.TrimSpace(string(q.body))) == 0 {
		return state.Refuse(http.StatusBadRequest, "MissingRequestBody", "The request body is required.")
	}
	err := json.Unmarshal(q.body, v)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	detail := "Unexpected content."
	switch {
	case errors.As(err, &syntax):
		line, column := position(q.body, syntax.Offset)
		detail = fmt.Sprintf("Unexpected character encountered while parsing value. Path '', line %d, position %d.", line, column)
	case errors.As(err, &typ):
		line, column := position(q.body, typ.Offset)
		detail = fmt.Sprintf("Error converting %s to type '%s'. Path '%s', line %d, position %d.", typ.Value, typ.Type, typ.Field, line, column)
	}
	return state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", detail)
}

func position(body []byte, offset int64) (line, column int) {
	offset = min(offset, int64(len(body)))
	before := string(body[:offset])
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n') - 1
}

// split cuts a path into unescaped segments. Empty ones do not count: clients
// write two slashes where a resource has no parent.
func split(r *http.Request) ([]string, error) {
	var parts []string
	for p := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		if p == "" {
			continue
		}
		s, err := url.PathUnescape(p)
		if err != nil {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidRequestUri", "The request URI is invalid.")
		}
		parts = append(parts, s)
	}
	return parts, nil
}

// answer is what an operation says.
type answer struct {
	status  int
	header  map[string]string
	body    any // nil: no content
	written bool
}

func ok(body any) (*answer, error) { return &answer{status: http.StatusOK, body: body}, nil }

func empty(status int) (*answer, error) { return &answer{status: status}, nil }

func (a *answer) with(name, value string) *answer {
	if a.header == nil {
		a.header = map[string]string{}
	}
	a.header[name] = value
	return a
}

func (a *answer) write(w http.ResponseWriter) {
	if a.written {
		return
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	b, err := json.Marshal(a.body)
	if err != nil {
		b, a.status = []byte(`{"error":{"code":"InternalServerError","message":"The answer could not be written."}}`), http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(a.status)
	_, _ = w.Write(b)
}

// unauthorized is a 401 with its challenge.
type unauthorized struct{ challenge, code, message string }

func (u *unauthorized) Error() string { return u.code + ": " + u.message }

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

// refusal turns an error into the body that Resource Manager writes.
func refusal(err error) *answer {
	var no *state.Refusal
	var who *unauthorized
	switch {
	case errors.As(err, &who):
		return (&answer{status: http.StatusUnauthorized, body: errorBody{errorDetail{Code: who.code, Message: who.message}}}).with("WWW-Authenticate", who.challenge)
	case errors.As(err, &no):
		a := &answer{status: no.Status, body: errorBody{errorDetail{no.Code, no.Message, no.Target}}}
		if no.Status >= 400 && no.Status < 500 {
			a.with("x-ms-failure-cause", "gateway")
		}
		return a
	}
	return &answer{status: http.StatusInternalServerError, body: errorBody{errorDetail{Code: "InternalServerError", Message: "Encountered internal server error."}}}
}

// list is the envelope of lists.
type list struct {
	Value    any    `json:"value"`
	NextLink string `json:"nextLink,omitempty"`
}

// paged cuts a list into pages; $skipToken says where a page begins.
func paged[T any](h *Handler, q *request, items []T) (*answer, error) {
	from := 0
	if token := q.URL.Query().Get("$skipToken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(items) {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidSkipToken", "The skip token '%.80s' is invalid.", token)
		}
		from = n
	}
	to := min(from+h.config.PageSize, len(items))
	page := list{Value: items[from:to]}
	if len(items[from:to]) == 0 {
		page.Value = []T{}
	}
	if to < len(items) {
		values := q.URL.Query()
		values.Set("$skipToken", strconv.Itoa(to))
		page.NextLink = h.config.Root + q.URL.EscapedPath() + "?" + values.Encode()
	}
	return ok(page)
}
