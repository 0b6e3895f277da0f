package openai

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// responseStore keeps responses for later reading and for conversations that
// go on from them. It is bounded: the oldest go first.
type responseStore struct {
	mu    sync.Mutex
	byID  map[string]*storedResponse
	order []string
	size  int
}

// The service keeps responses for 30 days; the emulator keeps so many, and so
// many bytes of them.
const (
	maxResponses     = 10000
	maxResponseBytes = 64 << 20
)

type storedResponse struct {
	account    string
	model      string            // name of its deployment
	background bool              // nobody waited for it
	body       []byte            // the whole response object
	input      []json.RawMessage // the items of its request
	history    []json.RawMessage // items of the conversation up to and with this one
}

func newResponseStore() *responseStore { return &responseStore{byID: map[string]*storedResponse{}} }

func (s *responseStore) put(id string, r *storedResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = r
	s.order = append(s.order, id)
	s.size += r.bytes()
	for len(s.order) > maxResponses || s.size > maxResponseBytes && len(s.order) > 1 {
		s.remove(s.order[0])
		s.order = s.order[1:]
	}
}

func (r *storedResponse) bytes() int {
	n := len(r.body)
	for _, item := range r.history {
		n += len(item)
	}
	return n
}

// remove assumes that the store is locked.
func (s *responseStore) remove(id string) {
	if r, ok := s.byID[id]; ok {
		s.size -= r.bytes()
		delete(s.byID, id)
	}
}

func (s *responseStore) get(id string) (*storedResponse, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.byID[id]
	return r, ok
}

func (s *responseStore) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byID)
	s.order, s.size = nil, 0
}

func (s *responseStore) delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
}

// stored finds a response that the caller may see: one of its account, or, as
// a token may be good for several accounts, of a deployment that it may use.
func (x *exchange) stored(id string) (*storedResponse, bool) {
	r, ok := x.h.responses.get(id)
	if !ok || r.account == x.account {
		return r, ok
	}
	d, ok := x.h.cfg.Directory.Deployment(x.account, r.model)
	return r, ok && d.Account == r.account
}

func responseNotFound(id string) *problem {
	return typed(http.StatusNotFound, "invalid_request_error", "", "", "Response with id '"+id+"' not found.")
}

func getResponse(x *exchange) *problem {
	r, ok := x.stored(x.target.id)
	if !ok {
		return responseNotFound(x.target.id)
	}
	x.sendModels(r.body)
	return nil
}

func deleteResponse(x *exchange) *problem {
	if _, ok := x.stored(x.target.id); !ok {
		return responseNotFound(x.target.id)
	}
	x.h.responses.delete(x.target.id)
	b := jsonlex.AppendString([]byte(`{"id":`), x.target.id)
	x.sendModels(append(b, `,"object":"response","deleted":true}`...))
	return nil
}

// cancelResponse is for responses in the background. Those are done as soon as
// they are asked for here, and what is done stays as it is.
func cancelResponse(x *exchange) *problem {
	r, ok := x.stored(x.target.id)
	switch {
	case !ok:
		return responseNotFound(x.target.id)
	case !r.background:
		return invalid("", "", "Cannot cancel a synchronous response.")
	}
	x.sendModels(r.body)
	return nil
}

// responseInput lists the items of a response's request, the last first.
func responseInput(x *exchange) *problem {
	r, ok := x.stored(x.target.id)
	if !ok {
		return responseNotFound(x.target.id)
	}
	b := []byte(`{"object":"list","data":[`)
	first, last := "", ""
	for i := len(r.input) - 1; i >= 0; i-- {
		id := "msg_" + x.target.id[len("resp_"):] + itoa(i)
		if first == "" {
			first = id
		} else {
			b = append(b, ',')
		}
		last = id
		b = jsonlex.AppendString(append(b, `{"id":`...), id)
		if rest := r.input[i]; len(rest) > 2 {
			b = append(append(b, ','), rest[1:]...)
		} else {
			b = append(b, '}')
		}
	}
	b = jsonlex.AppendString(append(b, `],"first_id":`...), first)
	b = jsonlex.AppendString(append(b, `,"last_id":`...), last)
	x.sendModels(append(b, `,"has_more":false}`...))
	return nil
}
