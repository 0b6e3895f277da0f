// Package arm is Azure Resource Manager with the Cognitive Services resource
// provider behind it: subscriptions, locations, groups and providers; accounts,
// keys, projects, deployments, models, usages, capacities, content filters,
// commitment plans, quota tiers; role assignments and diagnostic settings;
// long-running operations. It turns requests into calls of package state and
// what comes back into the bodies, headers and error texts that clients of
// Azure know. A route table says which operation answers a path, from which
// api-version on, and which permission it needs.
package arm

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// Caller is who asks, as a verified token says.
type Caller struct {
	ObjectID, ClientID, Name string
}

// Verifier checks bearer tokens. The error of a bad token is one of the two
// below, or any other.
type Verifier interface {
	VerifyARM(ctx context.Context, token string) (Caller, error)
}

// TokenError is what a Verifier returns for a token that it does not take.
type TokenError struct{ Code, Message string }

func (e *TokenError) Error() string { return e.Code + ": " + e.Message }

// Config is what the service needs.
type Config struct {
	State     *state.Store
	Verify    Verifier
	Root      string // own root URL, without a path
	Authority string // root URL of the token service
	// Insights, if set, answers what lies under /providers/Microsoft.Insights
	// of any resource or subscription, other than diagnostic settings. The
	// caller is in the request's context.
	Insights http.Handler
	PageSize int          // items on a page of a list; 0 means 500
	Log      *slog.Logger // one line a request; nil for none
	Wall     func() time.Time
}

// Handler answers Resource Manager's requests.
type Handler struct {
	config Config
	routes map[int][]*route // by number of path segments
	quota  limiter

	rollouts rollouts
}

// New builds the handler.
func New(config Config) *Handler {
	if config.PageSize <= 0 {
		config.PageSize = 500
	}
	h := &Handler{config: config, routes: map[int][]*route{}}
	h.quota.wall = config.Wall
	for _, r := range h.table() {
		n := len(r.segments)
		h.routes[n] = append(h.routes[n], r)
	}
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.stamp(w, r)
	if r.Method == http.MethodGet && strings.EqualFold(r.URL.Path, "/metadata/endpoints") {
		h.metadata(w, r)
		return
	}
	a, err := h.answer(w, r)
	if err != nil {
		a = refusal(err)
	}
	a.write(w)
	if h.config.Log != nil {
		h.config.Log.LogAttrs(r.Context(), slog.LevelDebug, "arm", slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", a.status))
	}
}

// answer finds and runs the operation that a request means.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) (*answer, error) {
	caller, err := h.authenticate(r)
	if err != nil {
		return nil, err
	}
	return h.operate(w, r, caller)
}

// operate does what a caller asks. w is nil for requests that Resource Manager
// makes of itself.
func (h *Handler) operate(w http.ResponseWriter, r *http.Request, caller Caller) (*answer, error) {
	segments, err := split(r)
	if err != nil {
		return nil, err
	}
	if w != nil && h.insights(segments) {
		return h.passOn(w, r, caller, segments)
	}
	route, params, err := h.match(r.Method, segments)
	if err != nil {
		return nil, err
	}
	version, err := route.checkVersion(r)
	if err != nil {
		return nil, err
	}
	q := &request{Request: r, params: params, version: version, caller: caller, id: "/" + strings.Join(segments, "/")}
	if err := h.authorize(q, route); err != nil {
		return nil, err
	}
	if err := h.unlocked(q); err != nil {
		return nil, err
	}
	if err := q.readBody(w); err != nil {
		return nil, err
	}
	return route.run(q)
}

// authenticate checks the bearer token.
func (h *Handler) authenticate(r *http.Request) (Caller, error) {
	challenge := fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="The authentication failed because of missing 'Authorization' header."`, h.config.Authority, h.config.State.Tenant())
	header := r.Header.Get("Authorization")
	if header == "" {
		return Caller{}, &unauthorized{challenge, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."}
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, &unauthorized{challenge, "AuthenticationFailedInvalidHeader", "Authentication failed. The 'Authorization' header is provided in an invalid format."}
	}
	caller, err := h.config.Verify.VerifyARM(r.Context(), strings.TrimSpace(token))
	if err != nil {
		code, message := "InvalidAuthenticationToken", "The access token is invalid."
		if bad, ok := err.(*TokenError); ok {
			code, message = bad.Code, bad.Message
		}
		challenge = fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="%s"`, h.config.Authority, h.config.State.Tenant(), message)
		return Caller{}, &unauthorized{challenge, code, message}
	}
	return caller, nil
}

// authorize holds the caller's roles against what the route needs.
func (h *Handler) authorize(q *request, rt *route) error {
	if rt.action == "" {
		return nil
	}
	scope := q.scope(rt)
	if parts := strings.SplitN(scope, "/", 4); len(parts) > 2 && strings.EqualFold(parts[1], "subscriptions") {
		if !guidForm().MatchString(parts[2]) {
			return state.Refuse(http.StatusBadRequest, "InvalidSubscriptionId", "The provided subscription identifier '%.80s' is malformed or invalid.", parts[2])
		}
		if _, err := h.config.State.Subscription(parts[2]); err != nil {
			return err
		}
	}
	if h.config.State.Allowed(q.caller.ObjectID, rt.action, scope, false) {
		return nil
	}
	return state.Refuse(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		q.caller.ClientID, q.caller.ObjectID, rt.action, scope)
}

// insights tells whether a path belongs to the monitoring provider. Diagnostic
// settings and the lists of what there is are kept here; everything else is
// Config.Insights'.
func (h *Handler) insights(segments []string) bool {
	for i, s := range segments {
		if strings.EqualFold(s, "Microsoft.Insights") && i > 0 && strings.EqualFold(segments[i-1], "providers") {
			return len(segments) > i+1 && !slices.Contains(kept, strings.ToLower(segments[i+1]))
		}
	}
	return len(segments) == 3 && strings.EqualFold(segments[2], "metrics:getBatch")
}

// kept are the monitoring provider's types that are answered here.
var kept = []string{"diagnosticsettings", "diagnosticsettingscategories", "eventcategories", "operations", "register"}

// passOn lets the monitoring service answer.
func (h *Handler) passOn(w http.ResponseWriter, r *http.Request, caller Caller, segments []string) (*answer, error) {
	if h.config.Insights == nil {
		return nil, state.Refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace 'Microsoft.Insights' is invalid.")
	}
	scope := "/" + strings.Join(segments, "/")
	if i := strings.Index(strings.ToLower(scope), "/providers/microsoft.insights"); i >= 0 {
		scope = scope[:i]
	}
	if !h.config.State.Allowed(caller.ObjectID, "Microsoft.Insights/metrics/read", scope, false) {
		return nil, state.Refuse(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action 'Microsoft.Insights/metrics/read' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
			caller.ClientID, caller.ObjectID, scope)
	}
	h.config.Insights.ServeHTTP(w, r)
	return &answer{written: true, status: http.StatusOK}, nil
}

// stamp sets the headers that every answer of Resource Manager has.
func (h *Handler) stamp(w http.ResponseWriter, r *http.Request) {
	id := guid()
	correlation := r.Header.Get("x-ms-correlation-request-id")
	if correlation == "" || len(correlation) > 64 {
		correlation = id
	}
	for k, v := range map[string]string{
		"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1", "X-Cache": "CONFIG_NOCACHE",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "X-Content-Type-Options": "nosniff",
		"x-ms-request-id": id, "x-ms-correlation-request-id": correlation,
		"x-ms-routing-request-id": "EMULATOR:" + h.config.State.Clock().Now().UTC().Format("20060102T150405Z") + ":" + id,
	} {
		w.Header().Set(k, v)
	}
	if strings.EqualFold(r.Header.Get("x-ms-return-client-request-id"), "true") && len(r.Header.Get("x-ms-client-request-id")) <= 64 {
		w.Header().Set("x-ms-client-request-id", r.Header.Get("x-ms-client-request-id"))
	}
	h.quota.stamp(w.Header(), r.Method)
}

// limiter keeps the allowances that the x-ms-ratelimit headers report: they
// shrink with use and grow back. The emulator never refuses for want of them.
type limiter struct {
	wall func() time.Time
	mu   sync.Mutex
	used map[string]float64
	last time.Time
}

// Allowances per subscription and principal, and over all, as recorded on
// 2025-10-28; regrowth per second as Microsoft documents the token buckets.
var allowances = map[string]struct {
	header, global   string
	most, mostGlobal float64
}{
	"GET":    {"x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-subscription-global-reads", 1100, 16500},
	"PUT":    {"x-ms-ratelimit-remaining-subscription-writes", "x-ms-ratelimit-remaining-subscription-global-writes", 800, 12000},
	"DELETE": {"x-ms-ratelimit-remaining-subscription-deletes", "x-ms-ratelimit-remaining-subscription-global-deletes", 800, 12000},
}

const regrowth = 10

func (l *limiter) stamp(header http.Header, method string) {
	switch method {
	case http.MethodHead:
		method = http.MethodGet
	case http.MethodPost, http.MethodPatch:
		method = http.MethodPut
	}
	a, ok := allowances[method]
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used == nil {
		l.used = map[string]float64{}
	}
	now := l.wall()
	back := now.Sub(l.last).Seconds() * regrowth
	l.last = now
	for k, n := range l.used {
		l.used[k] = max(0, n-back)
	}
	l.used[method]++
	used := min(l.used[method], a.most)
	header.Set(a.header, fmt.Sprintf("%.0f", a.most-used))
	header.Set(a.global, fmt.Sprintf("%.0f", a.mostGlobal-used))
}

// guid makes a random GUID.
func guid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
