package entra

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// ManagedHandler serves the two managed-identity endpoints over plain HTTP, as
// on a virtual machine (IMDS) and in App Service.
func (s *Service) ManagedHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/identity/oauth2/token", s.imds)
	mux.HandleFunc("GET /metadata/identity/oauth2/token/{$}", s.imds) // as the JavaScript client asks
	mux.HandleFunc("GET /metadata/instance", s.instanceMetadata)
	mux.HandleFunc("GET /msi/token", s.appService)
	return mux
}

// imds is the endpoint of virtual machines.
func (s *Service) imds(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Metadata"), "true") {
		write(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Required metadata header not specified"})
		return
	}
	if r.Header.Get("X-Forwarded-For") != "" {
		write(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "X-Forwarded-For header is not allowed"})
		return
	}
	if r.URL.Query().Get("api-version") == "" {
		write(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "Required api-version parameter not specified"})
		return
	}
	s.managed(w, r, func(p state.Principal, resource, signed string) any {
		now, seconds := s.config.Now(), int(s.config.Lifetime/time.Second)
		return map[string]string{
			"access_token": signed, "client_id": p.ClientID, "expires_in": fmt.Sprint(seconds), "ext_expires_in": fmt.Sprint(seconds),
			"expires_on": fmt.Sprint(now.Add(s.config.Lifetime).Unix()), "not_before": fmt.Sprint(now.Unix()), "resource": resource, "token_type": "Bearer",
		}
	})
}

// appService is the endpoint that IDENTITY_ENDPOINT names.
func (s *Service) appService(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-IDENTITY-HEADER")), []byte(s.config.IdentityHeader)) != 1 {
		write(w, http.StatusUnauthorized, map[string]any{"statusCode": 401, "message": "The X-IDENTITY-HEADER header is missing or wrong."})
		return
	}
	if v := r.URL.Query().Get("api-version"); v != "2019-08-01" {
		write(w, http.StatusBadRequest, map[string]any{"statusCode": 400, "message": fmt.Sprintf("The api-version '%.40s' is not supported. Use 2019-08-01.", v)})
		return
	}
	s.managed(w, r, func(p state.Principal, resource, signed string) any {
		return map[string]string{
			"access_token": signed, "client_id": p.ClientID, "expires_on": fmt.Sprint(s.config.Now().Add(s.config.Lifetime).Unix()),
			"resource": resource, "token_type": "Bearer",
		}
	})
}

// managed finds the identity that is asked for and issues its token.
func (s *Service) managed(w http.ResponseWriter, r *http.Request, answer func(p state.Principal, resource, signed string) any) {
	q := r.URL.Query()
	resource := q.Get("resource")
	if resource == "" {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_resource", "error_description": "AADSTS50001: The application named  was not found in the tenant. The resource parameter is required.", "statusCode": 400})
		return
	}
	var p state.Principal
	var ok bool
	switch {
	case q.Get("client_id") != "":
		p, ok = s.config.State.Client(q.Get("client_id"))
	case q.Get("object_id") != "" || q.Get("principal_id") != "":
		p, ok = s.config.State.PrincipalOf(q.Get("object_id") + q.Get("principal_id"))
	case q.Get("mi_res_id") != "" || q.Get("msi_res_id") != "":
		id := q.Get("mi_res_id") + q.Get("msi_res_id")
		p, ok = s.config.State.ClientNamed(id[strings.LastIndexByte(id, '/')+1:])
	default:
		p, ok = s.config.State.Client(s.config.Managed)
	}
	if !ok || p.Kind != "ManagedIdentity" {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Identity not found", "statusCode": 400})
		return
	}
	signed, err := s.issue(p, resource, s.config.Lifetime)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, http.StatusOK, answer(p, resource, signed))
}

// instanceMetadata says where this "machine" is.
func (s *Service) instanceMetadata(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Metadata"), "true") {
		write(w, http.StatusBadRequest, map[string]string{"error": "Bad request. Required metadata header not specified"})
		return
	}
	write(w, http.StatusOK, map[string]any{"compute": map[string]any{
		"azEnvironment": "AzurePublicCloud", "location": state.FirstLocation, "name": state.FirstManaged, "provider": "Microsoft.Compute",
		"resourceGroupName": state.FirstGroup, "subscriptionId": state.FirstSubscription,
	}})
}
