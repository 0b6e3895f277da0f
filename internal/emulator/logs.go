package emulator

import (
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/entra"
	"github.com/azptu/azptu/internal/emulator/ingest"
)

// logAudiences are what tokens for log queries are for: Log Analytics and Data
// Explorer. Tokens for Resource Manager are taken too, as Log Analytics does.
var logAudiences = append([]string{"https://api.loganalytics.io", "https://api.loganalytics.azure.com", "https://kusto.kusto.windows.net"}, entra.ARM...)

// logs puts the query protocols that the configuration brings behind tokens.
// Where clients are to sign in is told to everybody.
func (s *Server) logs(config Config) http.Handler {
	if config.Logs == nil {
		return nil
	}
	own := s.sockets.url("https", s.sockets.all[control])
	return s.signedIn(config.Logs(own), logAudiences...)
}

// ingest puts the ways into the workspace behind tokens.
func (s *Server) ingest(config Config) http.Handler {
	if config.Workspace == nil {
		return nil
	}
	return s.signedIn(&ingest.Handler{Workspace: config.Workspace, Database: kustoDatabase}, append([]string{"https://monitor.azure.com"}, logAudiences...)...)
}

// signedIn lets requests through whose tokens are for one of the audiences, or
// for the emulator's own address.
func (s *Server) signedIn(next http.Handler, audiences ...string) http.Handler {
	own := s.sockets.url("https", s.sockets.all[control])
	audiences = append([]string{own}, audiences...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/rest/auth/metadata" {
			next.ServeHTTP(w, r)
			return
		}
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, err := s.Entra.Verify(r.Context(), token, audiences...); !ok || err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="`+own+"/"+s.State.Tenant()+`"`)
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"message":"The provided authentication is not valid for this resource","code":"InvalidTokenError"}}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}
