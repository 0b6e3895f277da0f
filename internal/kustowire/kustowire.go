// Package kustowire speaks the query protocols of Azure over any database of
// the Kusto engine, so that clients written for Azure work against it as they
// are: the query API of Log Analytics (/v1/workspaces/{id}/query, /v1/$batch) and the REST
// API of Data Explorer (/v1/rest/query, /v1/rest/mgmt for the .show commands
// that clients send, /v2/rest/query whole or in fragments, and
// /v1/rest/auth/metadata, which tells clients where to sign in). Who may ask is
// the caller's business: it wraps the handler.
package kustowire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/azptu/azptu/internal/kql"
)

// Engine answers queries.
type Engine interface {
	Query(ctx context.Context, text string, o kql.Options) (*kql.Result, error)
}

// Config is what a Handler answers from. Engine, Database and Now are required.
type Config struct {
	Engine   Engine
	Database kql.Database
	Now      func() time.Time
	Limits   kql.Limits

	Workspace string // id of the one workspace; "" answers any
	Name      string // of the database; "" means "azptu"
	// LoginEndpoint is where clients of Data Explorer sign in.
	LoginEndpoint string
	// Resource is what their tokens are for; "" means Data Explorer's own.
	Resource string
}

// dataExplorer is the resource that tokens for Data Explorer name.
const dataExplorer = "https://kusto.kusto.windows.net"

// maxQuery bounds a request, in bytes: Log Analytics takes no longer queries.
const maxQuery = 2 << 20

// Handler serves the protocols.
type Handler struct {
	cfg Config
	mux *http.ServeMux
}

// New returns a Handler.
func New(cfg Config) *Handler {
	if cfg.Name == "" {
		cfg.Name = "azptu"
	}
	if cfg.Resource == "" {
		cfg.Resource = dataExplorer
	}
	h := &Handler{cfg: cfg, mux: http.NewServeMux()}
	h.mux.HandleFunc("POST /v1/workspaces/{workspace}/query", h.workspaceQuery)
	h.mux.HandleFunc("GET /v1/workspaces/{workspace}/query", h.workspaceQuery)
	h.mux.HandleFunc("POST /v1/$batch", h.batch)
	h.mux.HandleFunc("GET /v1/rest/auth/metadata", h.metadata)
	h.mux.HandleFunc("POST /v1/rest/query", h.queryV1)
	h.mux.HandleFunc("POST /v1/rest/mgmt", h.manage)
	h.mux.HandleFunc("POST /v2/rest/query", h.queryV2)
	return h
}

// Paths tells whether a path is one of this protocol's.
func Paths(path string) bool {
	return path == "/v1/$batch" || strings.HasPrefix(path, "/v1/workspaces/") || strings.HasPrefix(path, "/v1/rest/") || strings.HasPrefix(path, "/v2/rest/")
}

// Open tells whether a path is answered without a credential.
func Open(path string) bool { return path == "/v1/rest/auth/metadata" }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("x-ms-client-request-id")
	if id == "" {
		id = uuid.NewString()
	}
	w.Header().Set("x-ms-client-request-id", id)
	w.Header().Set("x-ms-activity-id", uuid.NewString())
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	h.mux.ServeHTTP(w, r)
}

// run asks the engine.
func (h *Handler) run(ctx context.Context, r explorerRequest) (*kql.Result, error) {
	return h.cfg.Engine.Query(ctx, r.Query, kql.Options{
		Now: h.cfg.Now(), Limits: h.cfg.Limits, Database: h.database(r), Parameters: h.parameters(ctx, r),
	})
}

// metadata tells clients of Data Explorer where to sign in.
func (h *Handler) metadata(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"AzureAD": map[string]any{
			"LoginEndpoint":            h.cfg.LoginEndpoint,
			"LoginMfaRequired":         false,
			"KustoClientAppId":         "db662dc1-0cfe-4e1c-a843-19a68e65be58", // Microsoft's public client of Data Explorer tools
			"KustoClientRedirectUri":   "https://microsoft/kustoclient",
			"KustoServiceResourceId":   h.cfg.Resource,
			"FirstPartyAuthorityUrl":   h.cfg.LoginEndpoint,
			"KustoClientServiceFamily": "azptu",
		},
		"dSTS": map[string]any{},
	})
}

// readJSON reads a request's body into v.
func readJSON(r *http.Request, v any) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return fmt.Errorf("the request is longer than %d bytes", tooLarge.Limit)
		}
		return fmt.Errorf("reading the request: %w", err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("the request is not the JSON that was expected: %w", err)
	}
	return nil
}

func reply(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "writing the answer failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}
