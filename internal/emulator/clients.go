package emulator

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"

	"github.com/azptu/azptu/internal/emulator/state"
)

// addClient registers another application. It may do nothing until it is given
// roles.
func (s *Server) addClient(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if !ask(w, r, &in) {
		return
	}
	if in.Name == "" || len(in.Name) > 120 {
		reply(w, http.StatusBadRequest, map[string]string{"error": `"name" must have 1 to 120 characters`})
		return
	}
	p := s.State.AddClient(in.Name)
	reply(w, http.StatusCreated, map[string]string{"name": p.Name, "tenantId": s.State.Tenant(), "clientId": p.ClientID, "objectId": p.ObjectID, "clientSecret": p.Secret})
}

// addCertificate registers the certificate of an application. Only RSA keys
// can sign, as Entra ID has it.
func (s *Server) addCertificate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Certificate string `json:"certificate"`
	}
	if !ask(w, r, &in) {
		return
	}
	var parsed *x509.Certificate
	for rest := []byte(in.Certificate); parsed == nil; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			parsed, _ = x509.ParseCertificate(block.Bytes) // one that is none is refused below
		}
	}
	if parsed == nil {
		s.done(w, state.Refuse(http.StatusBadRequest, "Request_BadRequest", `"certificate" must be a certificate in PEM`))
		return
	}
	if _, isRSA := parsed.PublicKey.(*rsa.PublicKey); !isRSA {
		s.done(w, state.Refuse(http.StatusBadRequest, "Request_BadRequest", "The key of the certificate must be an RSA key."))
		return
	}
	s.done(w, s.State.AddCertificate(r.PathValue("id"), parsed.Raw))
}
