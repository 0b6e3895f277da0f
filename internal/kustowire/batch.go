package kustowire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// maxBatch is how many queries one request may hold.
const maxBatch = 100

// batch answers several queries of Log Analytics in one request, each with a
// status of its own.
func (h *Handler) batch(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Requests []struct {
			ID        string            `json:"id"`
			Headers   map[string]string `json:"headers"`
			Body      json.RawMessage   `json:"body"`
			Workspace string            `json:"workspace"`
		} `json:"requests"`
	}
	if err := readJSON(r, &asked); err != nil {
		workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", err.Error())
		return
	}
	if len(asked.Requests) > maxBatch {
		workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", fmt.Sprintf("A batch holds %d queries at most.", maxBatch))
		return
	}
	type answer struct {
		ID      string            `json:"id"`
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	}
	answers := make([]answer, 0, len(asked.Requests))
	for _, one := range asked.Requests {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "/v1/workspaces/"+url.PathEscape(one.Workspace)+"/query", bytes.NewReader(one.Body))
		if err != nil {
			workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", err.Error())
			return
		}
		for name, value := range one.Headers {
			request.Header.Set(name, value)
		}
		request.SetPathValue("workspace", one.Workspace)
		kept := &keeper{header: http.Header{}, status: http.StatusOK}
		h.workspaceQuery(kept, request)
		answers = append(answers, answer{ID: one.ID, Status: kept.status, Headers: map[string]string{"Content-Type": kept.header.Get("Content-Type")}, Body: kept.body.Bytes()})
	}
	reply(w, http.StatusOK, map[string]any{"responses": answers})
}

// keeper keeps one answer of a batch.
type keeper struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's header.
func (k *keeper) Header() http.Header { return k.header }

// WriteHeader keeps the status.
func (k *keeper) WriteHeader(status int) { k.status = status }

// Write keeps a part of the body.
func (k *keeper) Write(p []byte) (int, error) { return k.body.Write(p) }
