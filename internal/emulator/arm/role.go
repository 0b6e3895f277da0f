package arm

import (
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/emulator/state"
)

func (h *Handler) roleRoutes() []route {
	const assignments = "{scope}/providers/Microsoft.Authorization/roleAssignments"
	const definitions = "{scope}/providers/Microsoft.Authorization/roleDefinitions"
	const action = "Microsoft.Authorization/roleAssignments/"
	return []route{
		{method: "GET", pattern: assignments, action: action + "read", run: h.listAssignments},
		{method: "GET", pattern: assignments + "/{name}", action: action + "read", run: h.getAssignment},
		{method: "PUT", pattern: assignments + "/{name}", action: action + "write", run: h.putAssignment},
		{method: "DELETE", pattern: assignments + "/{name}", action: action + "delete", run: h.deleteAssignment},
		{method: "GET", pattern: definitions, action: "Microsoft.Authorization/roleDefinitions/read", run: h.listDefinitions},
		{method: "GET", pattern: definitions + "/{name}", action: "Microsoft.Authorization/roleDefinitions/read", run: h.getDefinition},
		{method: "GET", pattern: "{scope}/providers/Microsoft.Authorization/permissions", run: h.listPermissions},
	}
}

type assignmentBody struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	Properties assignmentProperties `json:"properties"`
}

type assignmentProperties struct {
	RoleDefinitionID string  `json:"roleDefinitionId"`
	PrincipalID      string  `json:"principalId"`
	PrincipalType    string  `json:"principalType"`
	Scope            string  `json:"scope"`
	Condition        *string `json:"condition"`
	ConditionVersion *string `json:"conditionVersion"`
	Description      *string `json:"description"`
	CreatedOn        string  `json:"createdOn"`
	UpdatedOn        string  `json:"updatedOn"`
	CreatedBy        string  `json:"createdBy"`
	UpdatedBy        string  `json:"updatedBy"`
}

func assignmentOf(a state.Assignment) assignmentBody {
	b := assignmentBody{ID: a.ID(), Name: a.Name, Type: "Microsoft.Authorization/roleAssignments"}
	b.Properties = assignmentProperties{
		RoleDefinitionID: definitionID(a.Scope, a.Role), PrincipalID: a.Principal, PrincipalType: a.Kind, Scope: a.Scope,
		CreatedOn: stampOf(a.Created), UpdatedOn: stampOf(a.Modified), CreatedBy: a.CreatedBy, UpdatedBy: a.ModifiedBy,
	}
	if a.Description != "" {
		b.Properties.Description = &a.Description
	}
	return b
}

// definitionID is a role's id as seen from a scope: below its subscription.
func definitionID(scope, role string) string {
	base := ""
	if parts := strings.Split(strings.Trim(scope, "/"), "/"); len(parts) >= 2 && strings.EqualFold(parts[0], "subscriptions") {
		base = "/subscriptions/" + parts[1]
	}
	return base + "/providers/Microsoft.Authorization/roleDefinitions/" + role
}

func scopeOf(q *request) string { return "/" + q.params["scope"] }

func assignmentID(q *request) string {
	return strings.TrimSuffix(scopeOf(q), "/") + "/providers/Microsoft.Authorization/roleAssignments/" + q.params["name"]
}

// quoted takes a value in quotes out of an OData filter.
var quoted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(principalId|assignedTo|roleName)\s*(?:eq|\()\s*'([^']*)'`)
})

func filterValue(filter, field string) string {
	for _, m := range quoted().FindAllStringSubmatch(filter, -1) {
		if strings.EqualFold(m[1], field) {
			return m[2]
		}
	}
	return ""
}

func (h *Handler) listAssignments(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	filter := q.URL.Query().Get("$filter")
	who, holder := filterValue(filter, "principalId"), filterValue(filter, "assignedTo") // the latter with groups
	atScope := strings.Contains(strings.ToLower(filter), "atscope()")
	out := []assignmentBody{}
	for _, a := range h.config.State.Assignments(scopeOf(q)) {
		if who != "" && !strings.EqualFold(who, a.Principal) || holder != "" && !h.config.State.Holds(a.Principal, holder) || atScope && len(a.Scope) > len(scopeOf(q)) {
			continue
		}
		out = append(out, assignmentOf(a))
	}
	return paged(h, q, out)
}

func (h *Handler) getAssignment(q *request) (*answer, error) {
	a, found := h.config.State.Assignment(assignmentID(q))
	if !found {
		return nil, state.Refuse(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%.80s' is not found.", q.params["name"])
	}
	return ok(assignmentOf(a))
}

var guidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
})

func (h *Handler) putAssignment(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	if !guidForm().MatchString(q.params["name"]) {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidRoleAssignmentId", "The role assignment ID '%.80s' is not valid. The role assignment ID must be a GUID.", q.params["name"])
	}
	var in struct {
		Properties struct {
			RoleDefinitionID string `json:"roleDefinitionId"`
			PrincipalID      string `json:"principalId"`
			PrincipalType    string `json:"principalType"`
			Description      string `json:"description"`
		} `json:"properties"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	if !guidForm().MatchString(in.Properties.PrincipalID) {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.")
	}
	kind := in.Properties.PrincipalType
	if p, found := h.config.State.PrincipalOf(in.Properties.PrincipalID); found {
		kind = "ServicePrincipal"
		_ = p
	} else if kind == "" {
		return nil, state.Refuse(http.StatusBadRequest, "PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay.", strings.ReplaceAll(in.Properties.PrincipalID, "-", ""), h.config.State.Tenant())
	}
	put, created, err := h.config.State.Assign(state.Assignment{
		Name: q.params["name"], Scope: scopeOf(q), Role: in.Properties.RoleDefinitionID, Principal: in.Properties.PrincipalID, Kind: kind, Description: in.Properties.Description,
	}, q.by())
	if err != nil {
		return nil, err
	}
	a, _ := ok(assignmentOf(put))
	if created {
		a.status = http.StatusCreated
	}
	return a, nil
}

func (h *Handler) deleteAssignment(q *request) (*answer, error) {
	a, found := h.config.State.Unassign(assignmentID(q))
	if !found {
		return empty(http.StatusNoContent)
	}
	return ok(assignmentOf(a))
}

type definitionBody struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	Properties definitionProperties `json:"properties"`
}

type definitionProperties struct {
	RoleName         string           `json:"roleName"`
	Type             string           `json:"type"`
	Description      string           `json:"description"`
	AssignableScopes []string         `json:"assignableScopes"`
	Permissions      []permissionBody `json:"permissions"`
}

type permissionBody struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

func definitionOf(r state.Role, scope string) definitionBody {
	some := func(s []string) []string {
		if s == nil {
			return []string{}
		}
		return s
	}
	return definitionBody{ID: definitionID(scope, r.ID), Name: r.ID, Type: "Microsoft.Authorization/roleDefinitions", Properties: definitionProperties{
		RoleName: r.Name, Type: "BuiltInRole", Description: r.Description, AssignableScopes: []string{"/"},
		Permissions: []permissionBody{{some(r.Actions), some(r.NotActions), some(r.DataActions), []string{}}},
	}}
}

func (h *Handler) listDefinitions(q *request) (*answer, error) {
	name := filterValue(q.URL.Query().Get("$filter"), "roleName")
	out := []definitionBody{}
	for _, r := range state.Roles() {
		if name == "" || strings.EqualFold(name, r.Name) {
			out = append(out, definitionOf(r, scopeOf(q)))
		}
	}
	return paged(h, q, out)
}

func (h *Handler) getDefinition(q *request) (*answer, error) {
	r, found := state.RoleOf(q.params["name"])
	if !found {
		return nil, state.Refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%.80s' does not exist.", q.params["name"])
	}
	return ok(definitionOf(r, scopeOf(q)))
}

// listPermissions lists what the caller may do at a scope.
func (h *Handler) listPermissions(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	out := []permissionBody{}
	for _, a := range h.config.State.Assignments(scopeOf(q)) {
		if r, found := state.RoleOf(a.Role); found && h.config.State.Holds(a.Principal, q.caller.ObjectID) && within(scopeOf(q), strings.TrimSuffix(a.Scope, "/")) {
			out = append(out, definitionOf(r, a.Scope).Properties.Permissions...)
		}
	}
	return paged(h, q, out)
}
