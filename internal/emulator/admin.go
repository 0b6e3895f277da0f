package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/loopback"
)

// admin is the emulator's own API: the clock, the rules of the world, reset.
// It is for loopback and for programs: a request that a browser made for some
// web page is refused.
//
//	GET  /clock                                         {"now", "scale"}
//	PUT  /clock            {"scale": 60}
//	POST /clock/advance    {"by": "30m"}
//	POST /reset
//	PUT  /quota            {"location", "row", "limit"}      limit -1: as at the start
//	PUT  /capacity         {"location", "sku", "units"}      units -1: as at the start
//	PUT  /default-version  {"model", "version"}
//	POST /fine-tuned            {"account": resource id, "model", "version", "suffix"}
//	PUT  /members          {"group", "principal"}            object ids; the principal joins the group
//	POST /operations/{id}/fail  {"code", "message"}
//	POST /clients                      {"name"}              another application, with a secret
//	POST /clients/{id}/certificates    {"certificate": PEM}  a certificate that it may sign in with
//	GET  /federated-token?subject=…                     a workload's token
//	GET  /livez
func (s *Server) admin(rest services) http.Handler {
	mux := http.NewServeMux()
	if rest.admin != nil {
		mux.Handle("/", rest.admin)
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { s.clock(w) })
	mux.HandleFunc("PUT /clock", s.setClock)
	mux.HandleFunc("POST /clock/advance", s.advance)
	mux.HandleFunc("POST /reset", s.reset)
	mux.HandleFunc("PUT /quota", s.setQuota)
	mux.HandleFunc("PUT /capacity", s.setCapacity)
	mux.HandleFunc("PUT /default-version", s.setDefault)
	mux.HandleFunc("POST /fine-tuned", s.fineTune)
	mux.HandleFunc("PUT /members", s.join)
	mux.HandleFunc("POST /operations/{id}/fail", s.failOperation)
	mux.HandleFunc("POST /clients", s.addClient)
	mux.HandleFunc("POST /clients/{id}/certificates", s.addCertificate)
	mux.HandleFunc("GET /federated-token", s.federatedToken)
	return loopback.Guard(mux, func(w http.ResponseWriter, _ int, reason string) {
		reply(w, http.StatusForbidden, map[string]string{"error": reason})
	})
}

func reply(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// ask reads a request's body; it answers itself when it cannot.
func ask(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": "the request body cannot be read: " + err.Error()})
		return false
	}
	return true
}

// done answers a change: with the clock, or with why it was not made.
func (s *Server) done(w http.ResponseWriter, err error) {
	var refused *state.Refusal
	switch {
	case errors.As(err, &refused):
		reply(w, refused.Status, map[string]string{"error": refused.Message, "code": refused.Code})
	case err != nil:
		reply(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
	default:
		s.clock(w)
	}
}

func (s *Server) clock(w http.ResponseWriter) {
	c := s.State.Clock()
	reply(w, http.StatusOK, map[string]any{"now": c.Now().UTC().Format(time.RFC3339Nano), "scale": c.Scale()})
}

func (s *Server) setClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Scale float64 `json:"scale"`
	}
	if !ask(w, r, &in) {
		return
	}
	if in.Scale <= 0 {
		reply(w, http.StatusBadRequest, map[string]string{"error": "scale must be above 0"})
		return
	}
	s.State.Clock().SetScale(in.Scale)
	s.clock(w)
}

func (s *Server) advance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		By string `json:"by"`
	}
	if !ask(w, r, &in) {
		return
	}
	by, err := time.ParseDuration(in.By)
	if err != nil || by < 0 {
		reply(w, http.StatusBadRequest, map[string]string{"error": `"by" must be a duration that is not negative, such as 30m`})
		return
	}
	s.Advance(by)
	s.clock(w)
}

func (s *Server) reset(w http.ResponseWriter, _ *http.Request) { s.done(w, s.Reset()) }

func (s *Server) setQuota(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Location, Row string
		Limit         int
	}
	if ask(w, r, &in) {
		s.done(w, s.State.SetQuota(state.FirstSubscription, in.Location, in.Row, in.Limit))
	}
}

func (s *Server) setCapacity(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Location, SKU string
		Units         int
	}
	if ask(w, r, &in) {
		s.done(w, s.State.SetCapacity(in.Location, in.SKU, in.Units))
	}
}

func (s *Server) setDefault(w http.ResponseWriter, r *http.Request) {
	var in struct{ Model, Version string }
	if ask(w, r, &in) {
		s.done(w, s.State.SetDefault(in.Model, in.Version))
	}
}

// join makes a principal a member of a group, which then may be given roles.
func (s *Server) join(w http.ResponseWriter, r *http.Request) {
	var in struct{ Group, Principal string }
	if ask(w, r, &in) {
		s.done(w, s.State.Join(in.Principal, in.Group))
	}
}

// fineTune gives an account a fine-tuned model, as a training job would.
func (s *Server) fineTune(w http.ResponseWriter, r *http.Request) {
	var in struct{ Account, Model, Version, Suffix string }
	if !ask(w, r, &in) {
		return
	}
	if in.Account == "" {
		in.Account = state.Account{Subscription: state.FirstSubscription, Group: state.FirstGroup, Name: state.FirstAccount}.ID()
	}
	made, err := s.State.FineTune(in.Account, state.ModelRef{Name: in.Model, Version: in.Version}, in.Suffix)
	if err != nil {
		s.done(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]string{"format": made.Base.Format, "name": made.Name, "version": made.Version})
}

func (s *Server) failOperation(w http.ResponseWriter, r *http.Request) {
	in := struct{ Code, Message string }{"InternalServerError", "The operation failed."}
	if !ask(w, r, &in) {
		return
	}
	if !s.State.Fail(r.PathValue("id"), state.Refuse(http.StatusInternalServerError, in.Code, "%s", in.Message)) {
		reply(w, http.StatusNotFound, map[string]string{"error": "there is no such operation in progress"})
		return
	}
	s.clock(w)
}

func (s *Server) federatedToken(w http.ResponseWriter, r *http.Request) {
	subject := r.URL.Query().Get("subject")
	if subject == "" {
		subject = WorkloadSubject
	}
	token, err := s.Entra.FederatedToken(subject)
	if err != nil {
		s.done(w, err)
		return
	}
	reply(w, http.StatusOK, map[string]string{"token": token})
}
