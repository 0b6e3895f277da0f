package arm

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/azptu/azptu/internal/emulator/state"
)

// operationVersion is the api-version that operation URLs carry.
const operationVersion = "2017-04-18"

// operationBody is the state of a long-running operation.
type operationBody struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Status    string       `json:"status"`
	StartTime string       `json:"startTime"`
	EndTime   string       `json:"endTime,omitempty"`
	Error     *errorDetail `json:"error,omitempty"`
}

// operationURL is where an operation can be followed. With result it is the
// URL of the Location header, which gives the resource when all is done. Azure
// signs these URLs; t, c, s and h stand where its signature does.
func (h *Handler) operationURL(op state.Operation, result bool) string {
	sum := sha256.Sum256([]byte(op.ID))
	sign := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	url := fmt.Sprintf("%s%s?api-version=%s&t=%d&c=%s&s=%s&h=%s", h.config.Root, operationID(op), operationVersion,
		op.Start.UnixMilli()*10000+621355968000000000, sign(sum[:8]), sign(sum[8:24]), sign(sum[24:]))
	if result {
		url += "&result=true"
	}
	return url
}

func operationID(op state.Operation) string {
	return "/subscriptions/" + op.Subscription + "/providers/Microsoft.CognitiveServices/locations/" + op.Location + "/operationResults/" + op.ID
}

// getOperation answers the polling of either header.
func (h *Handler) getOperation(q *request) (*answer, error) {
	op, err := h.config.State.Operation(q.params["operation"])
	if err != nil {
		return nil, err
	}
	if q.URL.Query().Get("result") != "" {
		return h.result(q, op)
	}
	body := operationBody{ID: operationID(op), Name: op.ID, Status: op.Status, StartTime: dateOf(op.Start)}
	a := &answer{status: http.StatusOK}
	if op.Done() {
		body.EndTime = dateOf(op.End)
	} else {
		a.with("Retry-After", h.retryAfter(op))
	}
	if op.Failure != nil && op.Done() {
		body.Error = &errorDetail{Code: op.Failure.Code, Message: op.Failure.Message}
	}
	a.body = body
	return a, nil
}

// result answers the Location header: 202 while the operation runs, then the
// resource, or nothing when it was deleted.
func (h *Handler) result(q *request, op state.Operation) (*answer, error) {
	switch {
	case !op.Done():
		a, _ := empty(http.StatusAccepted)
		return a.with("Location", h.operationURL(op, true)).with("Retry-After", h.retryAfter(op)), nil
	case op.Failure != nil:
		return nil, op.Failure
	case op.Kind == state.DeleteDeployment:
		return empty(http.StatusNoContent)
	case op.Kind == state.CreateAccount:
		a, err := h.config.State.Account(op.Target)
		if err != nil {
			return nil, err
		}
		return ok(accountOf(a, latest(q)))
	}
	account, name := cutDeployment(op.Target)
	d, err := h.config.State.Deployment(account, name)
	if err != nil {
		return nil, err
	}
	return ok(h.deploymentOf(d, latest(q)))
}

// latest reads the request as one of the newest api-version, for answers to a
// polling URL whose own version says nothing of the resource's.
func latest(q *request) *request {
	copied := *q
	copied.version = cognitiveVersions[len(cognitiveVersions)-1]
	return &copied
}

// cutDeployment takes a deployment's id apart.
func cutDeployment(id string) (account, name string) {
	const infix = "/deployments/"
	for i := len(id) - len(infix); i > 0; i-- {
		if id[i:i+len(infix)] == infix {
			return id[:i], id[i+len(infix):]
		}
	}
	return id, ""
}
