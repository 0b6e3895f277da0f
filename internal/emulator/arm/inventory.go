package arm

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/emulator/state"
)

// genericBody is any resource in the form that all have in common.
type genericBody struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Kind        string            `json:"kind,omitempty"`
	Location    string            `json:"location,omitempty"`
	SKU         any               `json:"sku,omitempty"`
	Identity    any               `json:"identity,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	CreatedTime string            `json:"createdTime,omitempty"`
	ChangedTime string            `json:"changedTime,omitempty"`
	State       string            `json:"provisioningState,omitempty"`

	group string
}

// tracked are the types, besides accounts, that a list of resources shows.
var tracked = []string{"Microsoft.CognitiveServices/accounts/projects", "Microsoft.CognitiveServices/commitmentPlans"}

// listResources lists what is in a subscription or group: accounts, projects
// and commitment plans. Deployments are not tracked resources in Azure either.
func (h *Handler) listResources(q *request) (*answer, error) {
	accounts, err := h.config.State.Accounts(q.params["subscription"], q.params["group"])
	if err != nil {
		return nil, err
	}
	keep, err := resourceFilter(q.URL.Query().Get("$filter"))
	if err != nil {
		return nil, err
	}
	expand := strings.ToLower(q.URL.Query().Get("$expand"))
	out := []genericBody{}
	add := func(g genericBody, s state.Stamp, provisioning string) {
		if !keep(g) {
			return
		}
		if strings.Contains(expand, "createdtime") {
			g.CreatedTime = stampOf(s.Created)
		}
		if strings.Contains(expand, "changedtime") {
			g.ChangedTime = stampOf(s.Modified)
		}
		if strings.Contains(expand, "provisioningstate") {
			g.State = provisioning
		}
		out = append(out, g)
	}
	for _, a := range accounts {
		g := genericBody{ID: a.ID(), Name: a.Name, Type: "Microsoft.CognitiveServices/accounts", Kind: a.Kind, Location: a.Location, SKU: skuBody{Name: a.SKU}, Tags: a.Tags, group: a.Group}
		if identity := identityOf(a.Identity); identity != nil {
			g.Identity = identity
		}
		add(g, a.Stamp, a.State)
	}
	for _, d := range h.trackedDocuments(q) {
		add(genericDocument(d), d.Stamp, "Succeeded")
	}
	if top, err := strconv.Atoi(q.URL.Query().Get("$top")); err == nil && top > 0 && top < len(out) {
		out = out[:top]
	}
	return paged(h, q, out)
}

func (h *Handler) trackedDocuments(q *request) []state.Document {
	base := "/subscriptions/" + q.params["subscription"]
	if group := q.params["group"]; group != "" {
		base += "/resourceGroups/" + group
	}
	var all []state.Document
	for _, typ := range tracked {
		all = append(all, h.config.State.Documents(base, typ)...)
	}
	return slices.DeleteFunc(all, func(d state.Document) bool { // those of soft-deleted accounts wait for it to come back
		account, _, on := strings.Cut(d.ID, "/projects/")
		if !on {
			return false
		}
		_, err := h.config.State.Account(account)
		return err != nil
	})
}

// genericDocument writes a document in the generic form.
func genericDocument(d state.Document) genericBody {
	parts := strings.Split(d.ID, "/")
	g := genericBody{ID: d.ID, Name: d.Name, Type: d.Type, SKU: d.Body["sku"], Identity: d.Body["identity"], Tags: tagsOf(d.Body["tags"]), group: parts[4]}
	g.Kind, _ = d.Body["kind"].(string)
	g.Location, _ = d.Body["location"].(string)
	if strings.HasSuffix(d.Type, "/projects") {
		g.Name = parts[len(parts)-3] + "/" + d.Name // as the service writes it
	}
	return g
}

// tagsOf reads tags from a document.
func tagsOf(v any) map[string]string {
	tags := map[string]string{}
	switch v := v.(type) {
	case map[string]string:
		maps.Copy(tags, v)
	case map[string]any:
		for name, value := range v {
			tags[name], _ = value.(string)
		}
	}
	return tags
}

// comparison is one term of a filter of resources.
var comparison = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(?:(resourceType|name|location|resourceGroup|tagName|tagValue|kind)\s+(eq|ne)\s+'((?:[^']|'')*)'|startswith\(\s*tagName\s*,\s*'([^']*)'\s*\)|substringof\(\s*'([^']*)'\s*,\s*(name|resourceGroup)\s*\))\s*(?:(and|or)\s+|$)`)
})

// resourceFilter reads a filter of the resources list: comparisons of a
// resource's type, name, place, group and tags, all joined by one of and, or.
func resourceFilter(filter string) (func(genericBody) bool, error) {
	if strings.TrimSpace(filter) == "" {
		return func(genericBody) bool { return true }, nil
	}
	var terms []func(genericBody) bool
	joint := ""
	for rest := filter; rest != ""; {
		m := comparison().FindStringSubmatch(rest)
		next := ""
		if m != nil {
			next = strings.ToLower(m[7])
			rest = rest[len(m[0]):]
		}
		if m == nil || next == "" != (rest == "") || joint != "" && next != "" && next != joint {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidFilterInQueryString", "Invalid $filter '%.200s' specified in the query string.", filter)
		}
		if next != "" {
			joint = next
		}
		terms = append(terms, term(m))
	}
	return func(g genericBody) bool {
		for _, t := range terms {
			if t(g) == (joint == "or") {
				return joint == "or"
			}
		}
		return joint != "or"
	}, nil
}

// term makes a predicate of one matched comparison.
func term(m []string) func(genericBody) bool {
	if m[1] == "" && m[6] != "" {
		return func(g genericBody) bool {
			of := g.Name
			if strings.EqualFold(m[6], "resourceGroup") {
				of = g.group
			}
			return strings.Contains(strings.ToLower(of), strings.ToLower(m[5]))
		}
	}
	field, want, negate := strings.ToLower(m[1]), strings.ReplaceAll(m[3], "''", "'"), strings.EqualFold(m[2], "ne")
	if field == "" {
		return func(g genericBody) bool {
			for name := range g.Tags {
				if len(name) >= len(m[4]) && strings.EqualFold(name[:len(m[4])], m[4]) {
					return true
				}
			}
			return false
		}
	}
	return func(g genericBody) bool { return g.is(field, want) != negate }
}

// is compares one field of a resource.
func (g genericBody) is(field, want string) bool {
	switch field {
	case "resourcetype":
		return strings.EqualFold(g.Type, want)
	case "name":
		return strings.EqualFold(g.Name, want)
	case "location":
		return state.Normalize(g.Location) == state.Normalize(want)
	case "resourcegroup":
		return strings.EqualFold(g.group, want)
	case "kind":
		return strings.EqualFold(g.Kind, want)
	}
	for name, value := range g.Tags {
		if field == "tagname" && strings.EqualFold(name, want) || field == "tagvalue" && value == want {
			return true
		}
	}
	return false
}
