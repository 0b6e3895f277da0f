package fault

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Handler is the API of the Set. It must be mounted where only programs on this
// machine reach it.
//
//	GET    /faults         {"faults": […], "kinds": [{"name", "about"}]}
//	POST   /faults         a Fault; answers it as it is in force
//	DELETE /faults         switches all off
//	DELETE /faults/{id}    switches one off
func (s *Set) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"faults": s.List(), "kinds": Kinds()})
	})
	mux.HandleFunc("POST /faults", s.post)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]int{"removed": s.Clear()})
	})
	mux.HandleFunc("DELETE /faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !s.Remove(r.PathValue("id")) {
			refuse(w, http.StatusNotFound, "no such fault is on")
			return
		}
		reply(w, http.StatusOK, map[string]int{"removed": 1})
	})
	return mux
}

func (s *Set) post(w http.ResponseWriter, r *http.Request) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	var f Fault
	if err := d.Decode(&f); err != nil {
		refuse(w, http.StatusBadRequest, "the request body cannot be read: "+err.Error())
		return
	}
	made, err := s.Add(f)
	var bad *InvalidError
	switch {
	case errors.As(err, &bad):
		refuse(w, http.StatusBadRequest, bad.Message)
	case err != nil:
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		reply(w, http.StatusCreated, made)
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	reply(w, status, map[string]string{"error": why})
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
