package arm

import (
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

func (h *Handler) lockRoutes() []route {
	const all = "{scope}/providers/Microsoft.Authorization/locks"
	const action = "Microsoft.Authorization/locks/"
	return []route{
		{method: "GET", pattern: all, action: action + "read", run: h.listLocks},
		{method: "GET", pattern: all + "/{name}", action: action + "read", run: h.getLock},
		{method: "PUT", pattern: all + "/{name}", action: action + "write", run: h.putLock},
		{method: "DELETE", pattern: all + "/{name}", action: action + "delete", run: h.deleteLock},
	}
}

const lockType = "Microsoft.Authorization/locks"

func lockID(q *request) string {
	return "/" + q.params["scope"] + "/providers/" + lockType + "/" + q.params["name"]
}

func lockOf(d state.Document) map[string]any {
	return map[string]any{"id": d.ID, "name": d.Name, "type": lockType, "properties": d.Body["properties"], "systemData": systemDataOf(d.Stamp)}
}

// lockScope is what a lock is on.
func lockScope(d state.Document) string {
	return d.ID[:max(0, strings.LastIndex(strings.ToLower(d.ID), "/providers/microsoft.authorization/locks/"))]
}

// within tells whether a resource is a scope, or below it.
func within(id, scope string) bool {
	return len(id) >= len(scope) && strings.EqualFold(id[:len(scope)], scope) && (len(id) == len(scope) || id[len(scope)] == '/')
}

// locks are all locks of the subscription that an id lies in.
func (h *Handler) locks(id string) []state.Document {
	parts := strings.SplitN(id, "/", 4)
	if len(parts) < 3 || !strings.EqualFold(parts[1], "subscriptions") {
		return nil
	}
	return h.config.State.Documents("/subscriptions/"+parts[2], lockType)
}

// listLocks lists the locks at a scope, above it and, unless the filter is
// atScope(), below it.
func (h *Handler) listLocks(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	atScope := strings.Contains(strings.ToLower(q.URL.Query().Get("$filter")), "atscope()")
	out := []map[string]any{}
	for _, d := range h.locks(scopeOf(q)) {
		if on := lockScope(d); within(scopeOf(q), on) || !atScope && within(on, scopeOf(q)) {
			out = append(out, lockOf(d))
		}
	}
	return paged(h, q, out)
}

func (h *Handler) getLock(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	d, found := h.config.State.Document(lockID(q))
	if !found {
		return nil, state.Refuse(http.StatusNotFound, "LockNotFound", "The lock '%.80s' could not be found.", q.params["name"])
	}
	return ok(lockOf(d))
}

func (h *Handler) putLock(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	var in struct {
		Properties struct {
			Level  string `json:"level"`
			Notes  string `json:"notes,omitempty"`
			Owners []any  `json:"owners,omitempty"`
		} `json:"properties"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	properties := map[string]any{}
	for _, level := range []string{"CanNotDelete", "ReadOnly"} {
		if strings.EqualFold(in.Properties.Level, level) {
			properties["level"] = level
		}
	}
	if properties["level"] == nil {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidLockLevel", "The lock level '%.40s' is invalid. Use 'CanNotDelete' or 'ReadOnly'.", in.Properties.Level)
	}
	if in.Properties.Notes != "" {
		properties["notes"] = in.Properties.Notes
	}
	if in.Properties.Owners != nil {
		properties["owners"] = in.Properties.Owners
	}
	put, created, err := h.config.State.PutDocument(state.Document{ID: lockID(q), Type: lockType, Name: q.params["name"], Body: map[string]any{"properties": properties}}, "", q.match(), q.by())
	if err != nil {
		return nil, err
	}
	a, _ := ok(lockOf(put))
	if created {
		a.status = http.StatusCreated
	}
	return a, nil
}

func (h *Handler) deleteLock(q *request) (*answer, error) {
	found, err := h.config.State.DeleteDocument(lockID(q), q.match())
	if err != nil {
		return nil, err
	}
	if !found {
		return empty(http.StatusNoContent)
	}
	return empty(http.StatusOK)
}

// unlocked refuses what a lock forbids: deleting what is locked or holds
// something locked, and every change under a lock that only lets read. Locks
// themselves come and go by their own permission.
func (h *Handler) unlocked(q *request) error {
	if q.Method == http.MethodGet || q.Method == http.MethodHead || strings.Contains(strings.ToLower(q.id), "/providers/microsoft.authorization/locks/") {
		return nil
	}
	doing := "write"
	if q.Method == http.MethodDelete {
		doing = "delete"
	}
	var by []string
	for _, d := range h.locks(q.id) {
		properties, _ := d.Body["properties"].(map[string]any)
		on := lockScope(d)
		if within(q.id, on) && (doing == "delete" || properties["level"] == "ReadOnly") || doing == "delete" && within(on, q.id) {
			by = append(by, on)
		}
	}
	if len(by) == 0 {
		return nil
	}
	return state.Refuse(http.StatusConflict, "ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are locked: '%s'. Please remove the lock and try again.", q.id, doing, strings.Join(by, ","))
}
