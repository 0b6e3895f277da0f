package entra

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// mostForm bounds a token request.
const mostForm = 1 << 20

// fault is an error of the token endpoint in Entra's words.
type fault struct {
	status      int
	kind        string // OAuth error code
	code        int    // AADSTS number
	description string
}

func (f *fault) Error() string { return fmt.Sprintf("AADSTS%d: %s", f.code, f.description) }

// tenant checks the first segment of a path: the tenant's id, or one of the
// names that stand for it.
func (s *Service) tenant(r *http.Request) (string, *fault) {
	tenant := s.config.State.Tenant()
	switch name := strings.ToLower(r.PathValue("tenant")); name {
	case tenant, "adfs", "common", "organizations":
		return tenant, nil
	default:
		return "", &fault{http.StatusBadRequest, "invalid_tenant", 90002, fmt.Sprintf("Tenant '%.80s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", r.PathValue("tenant"))}
	}
}

func (s *Service) discover(w http.ResponseWriter, r *http.Request) {
	tenant, bad := s.tenant(r)
	if bad != nil {
		s.refuse(w, r, bad)
		return
	}
	root := s.config.Authority + "/" + r.PathValue("tenant")
	token, authorize, keys := root+"/oauth2/v2.0/token", root+"/oauth2/v2.0/authorize", root+"/discovery/v2.0/keys"
	if strings.EqualFold(r.PathValue("tenant"), "adfs") {
		token, authorize, keys = root+"/oauth2/token", root+"/oauth2/v2.0/authorize", root+"/discovery/keys"
	}
	write(w, http.StatusOK, map[string]any{
		"token_endpoint": token, "authorization_endpoint": authorize, "device_authorization_endpoint": root + "/oauth2/v2.0/devicecode",
		"jwks_uri": keys, "issuer": s.issuer(tenant), "end_session_endpoint": root + "/oauth2/v2.0/logout",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported":                      []string{"sub", "iss", "cloud_instance_name", "aud", "exp", "iat", "tid", "ver"},
		"request_uri_parameter_supported":       false, "http_logout_supported": true, "frontchannel_logout_supported": true,
		"tenant_region_scope": "WW", "cloud_instance_name": "microsoftonline.com", "cloud_graph_host_name": "graph.windows.net", "msgraph_host": "graph.microsoft.com",
	})
}

func (s *Service) discoverWorkload(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]any{
		"issuer": s.WorkloadIssuer(), "jwks_uri": s.WorkloadIssuer() + "/keys", "response_types_supported": []string{"id_token"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
	})
}

func (s *Service) keys(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, s.signer.jwks(s.issuer(s.config.State.Tenant())))
}

// instance answers instance discovery: this authority stands for itself.
func (s *Service) instance(w http.ResponseWriter, _ *http.Request) {
	host := strings.TrimPrefix(s.config.Authority, "https://")
	write(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": s.config.Authority + "/" + s.config.State.Tenant() + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	})
}

// authorize: nobody can be asked for a password here.
func (s *Service) authorize(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, &fault{http.StatusBadRequest, "unsupported_response_type", 700054, "Interactive sign-in is not offered by the emulator: use the client secret, a certificate, a federated token or a managed identity."})
}

// token is the token endpoint, v1 and v2.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	if _, bad := s.tenant(r); bad != nil {
		s.refuse(w, r, bad)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, &fault{http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read."})
		return
	}
	p, bad := s.authenticate(r)
	if bad != nil {
		s.refuse(w, r, bad)
		return
	}
	audience, bad := audienceOf(r)
	if bad != nil {
		s.refuse(w, r, bad)
		return
	}
	signed, err := s.issue(p, audience, s.config.Lifetime)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	seconds := int(s.config.Lifetime / time.Second)
	body := map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": signed}
	if !strings.Contains(r.URL.Path, "/v2.0/") { // the v1 endpoint writes its numbers as strings
		expires := s.config.Now().Add(s.config.Lifetime).Unix()
		body = map[string]any{
			"token_type": "Bearer", "expires_in": fmt.Sprint(seconds), "ext_expires_in": fmt.Sprint(seconds), "expires_on": fmt.Sprint(expires),
			"not_before": fmt.Sprint(s.config.Now().Unix()), "resource": audience, "access_token": signed,
		}
	}
	write(w, http.StatusOK, body)
}

// authenticate finds out which client asks, and whether it is who it says.
func (s *Service) authenticate(r *http.Request) (state.Principal, *fault) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	switch grant := r.PostForm.Get("grant_type"); {
	case grant == "":
		return state.Principal{}, &fault{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'."}
	case grant != "client_credentials":
		return state.Principal{}, &fault{http.StatusBadRequest, "unsupported_grant_type", 70003, fmt.Sprintf("The app requested an unsupported grant type '%.80s'.", grant)}
	case id == "":
		return state.Principal{}, &fault{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'."}
	}
	p, ok := s.config.State.Client(id)
	if !ok || p.Kind == "ManagedIdentity" {
		return state.Principal{}, &fault{http.StatusBadRequest, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%.80s' was not found in the directory 'Azptu Emulator'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", id)}
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		if thumbprint, is := signedByCertificate(assertion); is {
			return p, s.certified(p, s.config.State.Tenant(), thumbprint, assertion)
		}
		return p, s.federated(r.Context(), p, assertion)
	}
	if secret == "" {
		return state.Principal{}, &fault{http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	}
	if !p.CheckSecret(secret) {
		return state.Principal{}, &fault{http.StatusUnauthorized, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", p.ClientID)}
	}
	return p, nil
}

// federated judges a workload's token against the client's federated
// credentials. The emulator knows the keys of one issuer: its own.
func (s *Service) federated(_ context.Context, p state.Principal, assertion string) *fault {
	c, err := s.signer.verify(assertion, s.config.Now())
	if err != nil {
		return &fault{http.StatusUnauthorized, "invalid_client", 700027, "The client assertion failed signature validation or is expired."}
	}
	for _, f := range p.Federated {
		if c.Issuer == f.Issuer && c.Subject == f.Subject && c.Aud == f.Audience {
			return nil
		}
	}
	return &fault{http.StatusBadRequest, "invalid_request", 700213, fmt.Sprintf("No matching federated identity record found for presented assertion subject '%.120s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.", c.Subject)}
}

// audienceOf reads the resource that is asked for: `scope` ending in /.default,
// or `resource`. Azure CLI writes a double slash there.
func audienceOf(r *http.Request) (string, *fault) {
	if resource := r.PostForm.Get("resource"); resource != "" {
		return resource, nil
	}
	scope := r.PostForm.Get("scope")
	if scope == "" {
		return "", &fault{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'."}
	}
	for one := range strings.FieldsSeq(scope) {
		if audience, ok := strings.CutSuffix(one, "/.default"); ok && audience != "" {
			return audience, nil
		}
	}
	return "", &fault{http.StatusBadRequest, "invalid_scope", 1002012, fmt.Sprintf("The provided value for scope %.200s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)}
}

// refuse writes an error as the token endpoint does.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, f *fault) {
	trace, correlation, now := guid(), r.Header.Get("client-request-id"), s.config.Now().UTC().Format("2006-01-02 15:04:05Z")
	if correlation == "" || len(correlation) > 64 {
		correlation = guid()
	}
	write(w, f.status, map[string]any{
		"error":             f.kind,
		"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", f.Error(), trace, correlation, now),
		"error_codes":       []int{f.code}, "timestamp": now, "trace_id": trace, "correlation_id": correlation,
		"error_uri": fmt.Sprintf("%s/error?code=%d", s.config.Authority, f.code),
	})
}
