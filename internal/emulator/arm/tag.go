package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// Limits of tags that Azure publishes.
const (
	mostTags     = 50
	mostTagName  = 512
	mostTagValue = 256
)

func (h *Handler) tagRoutes() []route {
	const one = "{scope}/providers/Microsoft.Resources/tags/{name}"
	const action = "Microsoft.Resources/tags/"
	return []route{
		{method: "GET", pattern: one, action: action + "read", run: h.getTags},
		{method: "PUT", pattern: one, action: action + "write", run: h.putTags},
		{method: "PATCH", pattern: one, action: action + "write", run: h.patchTags},
		{method: "DELETE", pattern: one, action: action + "delete", run: h.deleteTags},
		{method: "GET", pattern: inSubscription + "/tagNames", action: "Microsoft.Resources/subscriptions/tagNames/read", run: h.listTagNames},
	}
}

// tagType is the type under which the tags of a subscription are kept; those
// of everything else are its own.
const tagType = "Microsoft.Resources/tags"

// labels are the tags of one resource: what they are and how they are set.
type labels struct {
	id   string
	tags map[string]string
	set  func(map[string]string) error
}

// labelled finds the resource whose tags a request is about.
func (h *Handler) labelled(q *request) (labels, error) {
	if !strings.EqualFold(q.params["name"], "default") {
		return labels{}, state.Refuse(http.StatusBadRequest, "InvalidTagsResourceName", "The name of the tags resource must be 'default'.")
	}
	parts := strings.Split(q.params["scope"], "/")
	switch {
	case len(parts) == 2 && strings.EqualFold(parts[0], "subscriptions"):
		return h.subscriptionTags(q, parts[1])
	case len(parts) == 4 && strings.EqualFold(parts[2], "resourceGroups"):
		return h.groupTags(parts[1], parts[3])
	case len(parts) == 8 && strings.EqualFold(parts[5], "Microsoft.CognitiveServices") && strings.EqualFold(parts[6], "accounts"):
		return h.accountTags(q, parts)
	case len(parts) == 10 && strings.EqualFold(parts[8], "deployments"):
		return h.deploymentTags(q, "/"+strings.Join(parts[:8], "/"), parts[9])
	}
	d, found := h.config.State.Document("/" + q.params["scope"])
	if !found {
		if err := h.resource(q); err != nil {
			return labels{}, err
		}
		return labels{}, state.Refuse(http.StatusNotFound, "ResourceNotFound", "The resource '/%s' was not found.", q.params["scope"])
	}
	return labels{d.ID, tagsOf(d.Body["tags"]), func(tags map[string]string) error {
		d.Body = maps.Clone(d.Body)
		d.Body["tags"] = tags
		_, _, err := h.config.State.PutDocument(d, "", state.Match{}, q.by())
		return err
	}}, nil
}

func (h *Handler) subscriptionTags(q *request, id string) (labels, error) {
	s, err := h.config.State.Subscription(id)
	if err != nil {
		return labels{}, err
	}
	kept := state.Document{ID: "/subscriptions/" + s.ID + "/providers/" + tagType + "/default", Type: tagType, Name: "default"}
	if d, found := h.config.State.Document(kept.ID); found {
		kept = d
	}
	return labels{"/subscriptions/" + s.ID, tagsOf(kept.Body["tags"]), func(tags map[string]string) error {
		kept.Body = map[string]any{"tags": tags}
		_, _, err := h.config.State.PutDocument(kept, "", state.Match{}, q.by())
		return err
	}}, nil
}

func (h *Handler) groupTags(subscription, name string) (labels, error) {
	g, err := h.config.State.Group(subscription, name)
	if err != nil {
		return labels{}, err
	}
	return labels{g.ID(), g.Tags, func(tags map[string]string) error {
		g.Tags = tags
		_, _, err := h.config.State.PutGroup(g)
		return err
	}}, nil
}

func (h *Handler) accountTags(q *request, parts []string) (labels, error) {
	a, err := h.config.State.Account("/" + strings.Join(parts, "/"))
	if err != nil {
		return labels{}, err
	}
	return labels{a.ID(), a.Tags, func(tags map[string]string) error {
		_, err := h.config.State.PatchAccount(state.Draft{Subscription: a.Subscription, Group: a.Group, Name: a.Name, Tags: tags}, q.by())
		return err
	}}, nil
}

func (h *Handler) deploymentTags(q *request, account, name string) (labels, error) {
	d, err := h.config.State.Deployment(account, name)
	if err != nil {
		return labels{}, err
	}
	return labels{d.ID(), d.Tags, func(tags map[string]string) error {
		_, err := h.config.State.PatchDeployment(state.Patch{Account: account, Name: d.Name, Tags: tags}, q.by())
		return err
	}}, nil
}

func tagsBody(l labels, tags map[string]string) map[string]any {
	if tags == nil {
		tags = map[string]string{}
	}
	return map[string]any{"id": l.id + "/providers/" + tagType + "/default", "name": "default", "type": tagType, "properties": map[string]any{"tags": tags}}
}

func (h *Handler) getTags(q *request) (*answer, error) {
	l, err := h.labelled(q)
	if err != nil {
		return nil, err
	}
	return ok(tagsBody(l, l.tags))
}

type tagsInput struct {
	Operation  string `json:"operation"`
	Properties struct {
		Tags map[string]string `json:"tags"`
	} `json:"properties"`
}

func (h *Handler) putTags(q *request) (*answer, error) {
	return h.changeTags(q, func(in tagsInput, _ map[string]string) (map[string]string, error) { return in.Properties.Tags, nil })
}

// patchTags merges tags into those that are there, replaces them, or takes some
// away: those with the name, and the value, that are given.
func (h *Handler) patchTags(q *request) (*answer, error) {
	return h.changeTags(q, func(in tagsInput, old map[string]string) (map[string]string, error) {
		tags := maps.Clone(old)
		if tags == nil {
			tags = map[string]string{}
		}
		switch strings.ToLower(in.Operation) {
		case "replace":
			return in.Properties.Tags, nil
		case "merge":
			for name, value := range in.Properties.Tags {
				maps.DeleteFunc(tags, func(there, _ string) bool { return strings.EqualFold(there, name) })
				tags[name] = value
			}
			return tags, nil
		case "delete":
			for name, value := range in.Properties.Tags {
				maps.DeleteFunc(tags, func(there, has string) bool { return strings.EqualFold(there, name) && (value == "" || has == value) })
			}
			return tags, nil
		}
		return nil, state.Refuse(http.StatusBadRequest, "InvalidTagsPatchOperation", "The tags patch operation '%.40s' is not valid. Use 'Replace', 'Merge' or 'Delete'.", in.Operation)
	})
}

func (h *Handler) changeTags(q *request, change func(tagsInput, map[string]string) (map[string]string, error)) (*answer, error) {
	l, err := h.labelled(q)
	if err != nil {
		return nil, err
	}
	var in tagsInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	tags, err := change(in, l.tags)
	if err != nil {
		return nil, err
	}
	if tags == nil {
		tags = map[string]string{}
	}
	if err := judgeTags(tags); err != nil {
		return nil, err
	}
	if err := l.set(tags); err != nil {
		return nil, err
	}
	return ok(tagsBody(l, tags))
}

// judgeTags holds tags against Azure's limits.
func judgeTags(tags map[string]string) error {
	if len(tags) > mostTags {
		return state.Refuse(http.StatusBadRequest, "InvalidTags", "The number of tags '%d' exceeds the maximum of '%d'.", len(tags), mostTags)
	}
	for name, value := range tags {
		switch {
		case name == "" || len(name) > mostTagName:
			return state.Refuse(http.StatusBadRequest, "InvalidTagName", "The tag name must have 1 to %d characters.", mostTagName)
		case strings.ContainsAny(name, `<>%&\?/`):
			return state.Refuse(http.StatusBadRequest, "InvalidTagNameCharacters", "The tag names '%.80s' have reserved characters '<,>,%%,&,\\,?,/' or control characters.", name)
		case len(value) > mostTagValue:
			return state.Refuse(http.StatusBadRequest, "InvalidTagValueLength", "Tag value too large. Following tag value '%.80s' exceeded the maximum length. Maximum allowed length for tag value - '%d' characters.", value, mostTagValue)
		}
	}
	return nil
}

func (h *Handler) deleteTags(q *request) (*answer, error) {
	l, err := h.labelled(q)
	if err != nil {
		return nil, err
	}
	if err := l.set(map[string]string{}); err != nil {
		return nil, err
	}
	return empty(http.StatusOK)
}

// listTagNames lists the tags that are in use in a subscription, each with its
// values and how often they occur.
func (h *Handler) listTagNames(q *request) (*answer, error) {
	accounts, err := h.config.State.Accounts(q.params["subscription"], "")
	if err != nil {
		return nil, err
	}
	groups, err := h.config.State.Groups(q.params["subscription"])
	if err != nil {
		return nil, err
	}
	used := map[string]map[string]int{}
	count := func(tags map[string]string) {
		for name, value := range tags {
			if used[name] == nil {
				used[name] = map[string]int{}
			}
			used[name][value]++
		}
	}
	for _, a := range accounts {
		count(a.Tags)
	}
	for _, g := range groups {
		count(g.Tags)
	}
	for _, d := range h.trackedDocuments(q) {
		count(tagsOf(d.Body["tags"]))
	}
	out := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		out = append(out, tagName(q.params["subscription"], name, used[name]))
	}
	return paged(h, q, out)
}

func tagName(subscription, name string, used map[string]int) map[string]any {
	id := "/subscriptions/" + subscription + "/tagNames/" + name
	values := []map[string]any{}
	total := 0
	for _, value := range slices.Sorted(maps.Keys(used)) {
		values = append(values, map[string]any{"id": id + "/tagValues/" + value, "tagValue": value, "count": map[string]any{"type": "Total", "value": used[value]}})
		total += used[value]
	}
	return map[string]any{"id": id, "tagName": name, "count": map[string]any{"type": "Total", "value": total}, "values": values}
}
