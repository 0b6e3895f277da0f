// Package monitor is Azure Monitor of the emulator: platform metrics of the
// accounts, worked out from the calls that really happened, and the activity
// log of what was changed through Resource Manager. Each finished call of the
// data plane is added to one cell, that of its minute and of its full set of
// dimensions, so that counting costs one map look-up however many metrics
// there are; the metrics of both families (AzureOpenAI… and Models…) and the
// classic ones of Cognitive Services are read out of the cells when somebody
// asks. Time is the emulator's virtual clock. Memory is bounded: the oldest
// minutes go first.
//
// Where Azure's words for a refusal are known they are used and named in a
// comment; the others are ours.
package monitor

import (
	"net/http"
	"strings"
	"time"
)

// Resource is what can be asked for metrics: an account.
type Resource struct {
	ID          string // as the resource spells itself
	Name        string
	Group       string
	Location    string // eastus
	Display     string // East US
	Deployments []Deployment
}

// Deployment is a provisioned deployment of a resource. Its utilization is a
// figure at any time, calls or not; that an idle minute reads 0 % and not
// nothing is ours.
type Deployment struct {
	Name, Model, Version string
	Format               string    // publisher of the model
	Since                time.Time // when it began to serve, virtual time
}

// Resources finds accounts by resource id; case does not count.
type Resources interface {
	Resource(id string) (Resource, bool)
}

// Monitor answers for metrics. It must be mounted behind whatever checks that
// the caller may read.
type Monitor struct {
	store     *Store
	resources Resources
	now       func() time.Time
}

// New makes the service over the cells that a Store gathers. now is virtual
// time.
func New(store *Store, resources Resources, now func() time.Time) *Monitor {
	return &Monitor{store: store, resources: resources, now: now}
}

const namespace = "Microsoft.CognitiveServices/accounts"

// The provider's name inside paths, folded.
const insights = "/providers/microsoft.insights/"

// Handles tells whether a path is one that ServeHTTP answers: metrics,
// metricDefinitions and metricNamespaces of a resource, or the batch query of
// a subscription.
func Handles(path string) bool {
	_, kind := split(path)
	return kind != ""
}

// split cuts the path of a request into the resource (or subscription) id and
// what is asked of it, folded.
func split(path string) (id, kind string) {
	folded := strings.TrimSuffix(strings.ToLower(path), "/")
	if rest, ok := strings.CutPrefix(folded, "/subscriptions/"); ok {
		if sub, ok := strings.CutSuffix(rest, "/metrics:getbatch"); ok && sub != "" && !strings.Contains(sub, "/") {
			return path[:len("/subscriptions/")+len(sub)], "getbatch"
		}
	}
	i := strings.LastIndex(folded, insights)
	if i <= 0 {
		return "", ""
	}
	switch kind = folded[i+len(insights):]; kind {
	case "metrics", "metricdefinitions", "metricnamespaces":
		return path[:i], kind
	}
	return "", ""
}

// ServeHTTP answers the paths that Handles knows.
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, kind := split(r.URL.Path)
	wrapped := kind == "getbatch"
	want := http.MethodGet
	if wrapped {
		want = http.MethodPost
	}
	if r.Method != want {
		w.Header().Set("Allow", want)
		writeProblem(w, wrapped, &problem{http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '" + r.Method + "' is not supported here."})
		return
	}
	args, err := arguments(r.URL.RawQuery)
	if err == nil {
		err = checkVersion(kind, args.get("api-version"))
	}
	var body any
	if err == nil {
		switch kind {
		case "getbatch":
			body, err = m.batch(r, id, args)
		case "metricdefinitions":
			body, err = m.definitions(id, args)
		case "metricnamespaces":
			body, err = m.namespaces(id)
		default:
			body, err = m.list(id, args)
		}
	}
	if err != nil {
		writeProblem(w, wrapped, err)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// find looks a resource up, or refuses in Resource Manager's words.
func (m *Monitor) find(id string) (Resource, error) {
	if r, ok := m.resources.Resource(id); ok {
		return r, nil
	}
	return Resource{}, notFound(id)
}
