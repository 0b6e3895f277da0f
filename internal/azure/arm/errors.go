package arm

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/azptu/azptu/internal/azure/login"
)

// Kind says what sort of thing went wrong, which decides the hint and the exit
// code.
type Kind int

// The kinds of errors.
const (
	Unknown     Kind = iota
	NotFound         // no such subscription, group, account, deployment
	SignIn           // no credential, or one that Entra or Resource Manager refused
	Permission       // signed in, but not allowed, or refused by a policy
	NoQuota          // the subscription's quota is used up
	NoCapacity       // the region has no units left
	Conflict         // something else is being done with the resource
	Throttled        // too many requests
	Validation       // the request itself is refused
	Unavailable      // Azure failed
	Network          // Azure was not reached
	Certificate      // the other side could not prove who it is
	Broken           // the answer could not be understood
)

// Error is an answer of Resource Manager that is not what was asked for, or
// the lack of one.
type Error struct {
	Kind       Kind
	Status     int    // HTTP status, 0 when there was no answer
	Code       string // Resource Manager's code, e.g. InsufficientQuota
	Message    string // Resource Manager's words
	Target     string // the field or resource the message is about
	RequestID  string // x-ms-request-id or the correlation id
	RetryAfter time.Duration
	Operation  bool // the request was accepted; the operation failed later
	err        error
}

func (e *Error) Error() string {
	switch {
	case e.Code != "" && e.Message != "":
		return e.Code + ": " + e.Message
	case e.Message != "":
		return e.Message
	case e.Code != "":
		return e.Code
	case e.Status != 0:
		return fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	}
	return "request failed"
}

func (e *Error) Unwrap() error { return e.err }

// KindOf is the kind of err, Unknown when it is not an *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unknown
}

// newError turns what the SDK returns into *Error. A cancelled or expired
// context stays itself.
func newError(err error) error {
	var done *Error
	var response *azcore.ResponseError
	var sign *login.Error
	switch {
	case err == nil, errors.As(err, &done), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &sign) && sign.Unreached != nil:
		if e := fromTransport(sign.Unreached); e != nil {
			return e
		}
		return &Error{Kind: Network, Message: oneLine(sign.Unreached.Error()), err: err}
	case errors.As(err, &sign):
		return &Error{Kind: SignIn, Code: sign.Code, Message: sign.Error(), err: err}
	case errors.As(err, &response):
		return fromResponse(response)
	}
	if e := fromTransport(err); e != nil {
		return e
	}
	kind := Unknown
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	if text := err.Error(); errors.As(err, &syntax) || errors.As(err, &shape) || strings.Contains(text, "unmarshalling type") || strings.Contains(text, "unexpected end of JSON") {
		kind = Broken
	}
	return &Error{Kind: kind, Message: oneLine(err.Error()), err: err}
}

func fromTransport(err error) *Error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) {
		return &Error{Kind: Certificate, Message: oneLine(inner(err)), err: err}
	}
	var network net.Error
	var address *url.Error
	if errors.As(err, &network) || errors.As(err, &address) {
		return &Error{Kind: Network, Message: oneLine(inner(err)), err: err}
	}
	return nil
}

// inner is the cause without the request line, whose address is long.
func inner(err error) string {
	var address *url.Error
	if errors.As(err, &address) {
		if u, parsed := url.Parse(address.URL); parsed == nil {
			return u.Host + ": " + address.Err.Error()
		}
		return address.Err.Error()
	}
	return err.Error()
}

// wireError is the body of an error as Resource Manager writes it. Some
// answers leave the outer object out.
type wireError struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Target  string      `json:"target"`
	Details []wireError `json:"details"`
	Inner   *wireError  `json:"innererror"`
}

func parseBody(body []byte) wireError {
	var outer struct {
		wireError
		Error *wireError `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return wireError{}
	}
	w := outer.wireError
	if outer.Error != nil {
		w = *outer.Error
	}
	// Templates and generic wrappers hide the cause in the details.
	switch w.Code {
	case "InvalidTemplateDeployment", "DeploymentFailed", "ResourceDeploymentFailure", "MultipleErrorsOccurred":
		if len(w.Details) > 0 {
			return w.Details[0]
		}
	}
	return w
}

func fromResponse(r *azcore.ResponseError) *Error {
	e := &Error{Status: r.StatusCode, Code: r.ErrorCode, err: r}
	if r.RawResponse == nil {
		e.Kind = classify(e.Status, e.Code, "")
		e.Message = r.ErrorCode
		return e
	}
	header := r.RawResponse.Header
	for _, name := range []string{"x-ms-request-id", "x-ms-correlation-request-id", "apim-request-id", "x-request-id"} {
		if e.RequestID = header.Get(name); e.RequestID != "" {
			break
		}
	}
	e.RetryAfter = retryAfter(header)
	body := wireError{}
	if raw, err := readBody(r.RawResponse); err == nil {
		body = parseBody(raw)
	}
	if body.Code != "" {
		e.Code = body.Code
	}
	e.Message, e.Target = oneLine(body.Message), body.Target
	if e.Status >= 200 && e.Status < 300 {
		e.Operation = true // the answer is an operation that ended badly
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	}
	e.Kind = classify(e.Status, e.Code, e.Message)
	return e
}

// capacityWords are how answers say that a region has no units left. The exact
// code is published nowhere; the last is the text other resource providers use.
var capacityWords = []string{"out of capacity", "insufficient capacity", "not enough capacity", "no available capacity", "insufficient resource", "does not have enough resources", "available service capacity", "no capacity"}

var kindOfCode = map[string]Kind{
	"insufficientquota": NoQuota, "quotaexceeded": NoQuota, "operationnotallowed": NoQuota, "quotaexceedederror": NoQuota,
	"insufficientcapacity": NoCapacity, "insufficientresources": NoCapacity, "insufficientresourcecapacity": NoCapacity,
	"skunotavailable": NoCapacity, "outofcapacity": NoCapacity, "capacitynotavailable": NoCapacity, "insufficientservicecapacity": NoCapacity,
	"authenticationfailed": SignIn, "invalidauthenticationtoken": SignIn, "expiredauthenticationtoken": SignIn,
	"invalidauthenticationtokentenant": SignIn, "authenticationfailedmissingtoken": SignIn,
	"authorizationfailed": Permission, "linkedauthorizationfailed": Permission, "requestdisallowedbypolicy": Permission, "forbidden": Permission,
	"resourcenotfound": NotFound, "resourcegroupnotfound": NotFound, "subscriptionnotfound": NotFound, "deploymentnotfound": NotFound,
	"parentresourcenotfound": NotFound, "notfound": NotFound,
	"conflict": Conflict, "requestconflict": Conflict, "anotheroperationinprogress": Conflict, "resourceconflict": Conflict, "flagmustbesetforrestore": Conflict,
	"toomanyrequests": Throttled, "subscriptionrequeststhrottled": Throttled,
}

// classify finds the kind by code first, then by words, then by status.
func classify(status int, code, message string) Kind {
	if kind, ok := kindOfCode[strings.ToLower(code)]; ok && (kind != NoQuota || !strings.EqualFold(code, "OperationNotAllowed") || strings.Contains(strings.ToLower(message), "quota")) {
		return kind
	}
	folded := strings.ToLower(message)
	for _, words := range capacityWords {
		if strings.Contains(folded, words) {
			return NoCapacity
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		return SignIn
	case status == http.StatusForbidden:
		return Permission
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return Conflict
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusRequestTimeout, status >= 500:
		return Unavailable
	case status >= 400:
		return Validation
	}
	return Unknown
}

// retryAfter reads how long an answer asks to wait, 0 when it does not say.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.ParseInt(h.Get(name), 10, 32); err == nil && ms > 0 {
			return time.Duration(ms) * time.Millisecond
		}
	}
	if s, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	return 0
}

// broken is an answer of the right status that is not what was agreed.
func broken(resp *http.Response, err error) *Error {
	return &Error{Kind: Broken, Status: resp.StatusCode, RequestID: resp.Header.Get("x-ms-request-id"),
		Message: "the answer could not be read: " + oneLine(err.Error()), err: err}
}

// oneLine keeps hostile or lengthy text from taking the terminal over.
func oneLine(s string) string {
	const most = 1000
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r >= 0x80 && r <= 0x9f }), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
