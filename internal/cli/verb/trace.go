package verb

import (
	"net/http"

	"github.com/azptu/azptu/internal/cli/trace"
)

// Traced wraps a transport so that --debug=http shows what goes through it,
// with secrets masked. Without --debug=http it is base itself.
func (e *Env) Traced(base http.RoundTripper) http.RoundTripper {
	if _, http := e.Debugging(); !http {
		return base
	}
	return trace.New(base, e.Term.Err, e.Now)
}
