package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/azptu/azptu/internal/exposition"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/loopback"
)

// Probe answers /livez, /readyz and /metrics.
func (g *Gateway) Probe() http.Handler {
	mux := http.NewServeMux()
	g.probes(mux)
	return mux
}

func (g *Gateway) probes(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reason := g.unready(); reason != "" {
			http.Error(w, reason, http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var p exposition.Page
		g.metrics.write(&p, g.runtime.Load(), g.at())
		if g.store != nil {
			p.Family("azptu_gateway_limit_store_failures_total", exposition.Counter, "Claims and settlements that the shared store of limits did not take.")
			p.Sample("azptu_gateway_limit_store_failures_total", nil, float64(g.store.failed.Load()))
		}
		w.Header().Set("Content-Type", exposition.ContentType)
		_, _ = w.Write(p.Bytes())
	})
}

// unready tells why no calls should be sent here, "" when they should.
func (g *Gateway) unready() string {
	if g.draining.Load() {
		return "draining"
	}
	return ""
}

// Admin answers the admin API: the probes, and
//
//	GET  /v1/state    what is believed of each backend and spent of each limit
//	GET  /v1/config   the configuration's text, with its ETag
//	PUT  /v1/config   takes another text into service; If-Match guards it
//	POST /v1/explain  what would happen to a request
//
// It only answers to names of its own listener, so that no web page can reach
// it through a browser on the same machine.
func (g *Gateway) Admin(s *Server) http.Handler {
	mux := http.NewServeMux()
	g.probes(mux)
	mux.HandleFunc("GET /v1/state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, g.State()) })
	mux.HandleFunc("GET /v1/config", func(w http.ResponseWriter, _ *http.Request) {
		rt := g.runtime.Load()
		w.Header().Set("ETag", rt.etag)
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(rt.text)
	})
	mux.HandleFunc("PUT /v1/config", func(w http.ResponseWriter, r *http.Request) { g.putConfig(w, r, s) })
	mux.HandleFunc("POST /v1/explain", func(w http.ResponseWriter, r *http.Request) {
		var q Question
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&q); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, g.Explain(q))
	})
	return loopback.Guard(mux, func(w http.ResponseWriter, status int, reason string) { http.Error(w, reason, status) })
}

func (g *Gateway) putConfig(w http.ResponseWriter, r *http.Request, s *Server) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, config.MaxFile))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"error": "the configuration is too long"})
		return
	}
	g.replacing.Lock() // between the comparison and the change nobody else comes
	defer g.replacing.Unlock()
	if want := r.Header.Get("If-Match"); want != "" && want != "*" && want != g.ETag() {
		writeJSON(w, http.StatusPreconditionFailed, map[string]string{"error": "the configuration in service is another one", "etag": g.ETag()})
		return
	}
	c, err := config.Parse(text)
	if err == nil {
		c.Rebase(s.Folder)
		err = s.Reload(r.Context(), c, text)
	}
	var invalid *config.Invalid
	switch {
	case errors.As(err, &invalid):
		writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"error": "the configuration is not valid", "faults": faultList(invalid.Faults)})
	case err != nil:
		writeJSON(w, http.StatusConflict, map[string]string{"error": err.Error()})
	default:
		w.Header().Set("ETag", g.ETag())
		writeJSON(w, http.StatusOK, map[string]any{"etag": g.ETag(), "warnings": faultList(c.Warnings)})
	}
}

type faultJSON struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

func faultList(faults []config.Fault) []faultJSON {
	list := make([]faultJSON, 0, len(faults))
	for _, f := range faults {
		list = append(list, faultJSON(f))
	}
	return list
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}
