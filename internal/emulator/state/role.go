package state

import (
	"slices"
	"strings"
)

// Role is a role definition of Azure RBAC: what may be done to resources
// (actions) and with them (data actions).
type Role struct {
	ID, Name, Description string
	Actions, NotActions   []string
	DataActions           []string
}

// insightsReads are the monitoring actions that the Cognitive Services roles
// share.
var insightsReads = []string{
	"Microsoft.Insights/alertRules/read", "Microsoft.Insights/diagnosticSettings/read", "Microsoft.Insights/logDefinitions/read",
	"Microsoft.Insights/metricdefinitions/read", "Microsoft.Insights/metrics/read",
	"Microsoft.ResourceHealth/availabilityStatuses/read", "Microsoft.Resources/deployments/operations/read",
	"Microsoft.Resources/subscriptions/operationresults/read", "Microsoft.Resources/subscriptions/read",
	"Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
}

const openAI = "Microsoft.CognitiveServices/accounts/OpenAI/"

// Roles are the built-in roles that matter here, with Microsoft's ids. Actions
// beyond those that the emulator knows are left out.
var roles = []Role{
	{ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner", Description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.", Actions: []string{"*"}},
	{ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor", Description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.", Actions: []string{"*"},
		NotActions: []string{"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"}},
	{ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader", Description: "View all resources, but does not allow you to make any changes.", Actions: []string{"*/read"}},
	{ID: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", Name: "User Access Administrator", Description: "Lets you manage user access to Azure resources.",
		Actions: []string{"*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"}},
	{ID: "43d0d8ad-25c7-4714-9337-8ba259a9fe05", Name: "Monitoring Reader", Description: "Can read all monitoring data.", Actions: []string{"*/read", "Microsoft.Support/*"}},
	{ID: "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68", Name: "Cognitive Services Contributor", Description: "Lets you create, read, update, delete and manage keys of Cognitive Services.",
		Actions: append([]string{"Microsoft.Authorization/*/read", "Microsoft.CognitiveServices/*", "Microsoft.Insights/diagnosticSettings/*", "Microsoft.Resources/deployments/*"}, insightsReads...)},
	{ID: "a97b65f3-24c7-4388-baec-2e87135dc908", Name: "Cognitive Services User", Description: "Lets you read and list keys of Cognitive Services.",
		Actions:     append([]string{"Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/listkeys/action"}, insightsReads...),
		DataActions: []string{"Microsoft.CognitiveServices/*"}},
	{ID: "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", Name: "Cognitive Services OpenAI User", Description: "Ability to view files, models, deployments. Readers can't make any changes. They can inference.",
		Actions: []string{"Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read", "Microsoft.Authorization/roleDefinitions/read"},
		DataActions: []string{openAI + "*/read", openAI + "engines/completions/action", openAI + "engines/search/action", openAI + "engines/generate/action",
			openAI + "deployments/chat/completions/action", openAI + "deployments/completions/action", openAI + "deployments/embeddings/action",
			openAI + "deployments/extensions/chat/completions/action", openAI + "images/generations/action", openAI + "responses/*"}},
	{ID: "a001fd3d-188f-4b5d-821b-7da978bf7442", Name: "Cognitive Services OpenAI Contributor", Description: "Full access including the ability to fine-tune, deploy and generate text.",
		Actions: []string{"Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/deployments/write", "Microsoft.CognitiveServices/accounts/deployments/delete",
			"Microsoft.CognitiveServices/accounts/raiPolicies/*", "Microsoft.Authorization/roleAssignments/read", "Microsoft.Authorization/roleDefinitions/read"},
		DataActions: []string{openAI + "*"}},
	{ID: "bba48692-92b0-4667-a9ad-c31c7b334ac2", Name: "Cognitive Services Usages Reader", Description: "Minimal permission to view Cognitive Services usages.",
		Actions: []string{"Microsoft.CognitiveServices/locations/usages/read"}},
	{ID: "73c42c96-874c-492b-b04d-ab87d138a893", Name: "Log Analytics Reader", Description: "Can view and search all monitoring data.", Actions: []string{"*/read", "Microsoft.OperationalInsights/workspaces/analytics/query/action", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"}},
}

// Inference is the data action that a chat call needs.
const Inference = openAI + "deployments/chat/completions/action"

// Roles lists the built-in roles.
func Roles() []Role { return slices.Clone(roles) }

// RoleOf finds a role by its id or name.
func RoleOf(role string) (Role, bool) {
	if i := strings.LastIndexByte(role, '/'); i >= 0 {
		role = role[i+1:]
	}
	for _, r := range roles {
		if strings.EqualFold(r.ID, role) || strings.EqualFold(r.Name, role) {
			return r, true
		}
	}
	return Role{}, false
}

// Assignment gives a principal a role at a scope and everything below it.
type Assignment struct {
	Name, Scope     string // Name is a GUID; Scope a resource id, "/" for everything
	Role            string // id of the definition
	Principal, Kind string // object id, "ServicePrincipal", "User" or "Group"
	Description     string `json:",omitempty"`
	Stamp
}

// ID is the assignment's resource id.
func (a Assignment) ID() string {
	return strings.TrimSuffix(a.Scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + a.Name
}

// Assign gives a principal a role by name at a scope; name "" makes a new one.
func (s *Store) Assign(a Assignment, by Caller) (put Assignment, created bool, err error) {
	defer s.lock()()
	role, ok := RoleOf(a.Role)
	if !ok {
		return Assignment{}, false, Refuse(404, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", a.Role)
	}
	a.Role = role.ID
	if a.Name == "" {
		a.Name = s.uuid()
	}
	for _, other := range s.world.Assignments {
		if strings.EqualFold(other.Scope, a.Scope) && strings.EqualFold(other.Principal, a.Principal) && other.Role == a.Role && !strings.EqualFold(other.Name, a.Name) {
			return Assignment{}, false, Refuse(409, "RoleAssignmentExists", "The role assignment already exists. The ID of the existing role assignment is %s.", strings.ReplaceAll(other.Name, "-", ""))
		}
	}
	old := s.world.Assignments[fold(a.ID())]
	if old != nil && (!strings.EqualFold(old.Principal, a.Principal) || old.Role != a.Role) {
		return Assignment{}, false, Refuse(400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
	}
	a.Stamp = s.stamp(by, "")
	s.world.Assignments[fold(a.ID())] = &a
	s.changed()
	return a, old == nil, nil
}

// Assignments lists what is assigned at a scope, above it and below it, as
// Azure does.
func (s *Store) Assignments(scope string) []Assignment {
	defer s.lock()()
	list := []Assignment{}
	for _, a := range s.world.Assignments {
		if covers(a.Scope, scope) || covers(scope, a.Scope) {
			list = append(list, *a)
		}
	}
	slices.SortFunc(list, func(a, b Assignment) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Assignment finds one assignment by id.
func (s *Store) Assignment(id string) (Assignment, bool) {
	defer s.lock()()
	a := s.world.Assignments[fold(id)]
	if a == nil {
		return Assignment{}, false
	}
	return *a, true
}

// Unassign removes an assignment.
func (s *Store) Unassign(id string) (Assignment, bool) {
	defer s.lock()()
	a := s.world.Assignments[fold(id)]
	if a == nil {
		return Assignment{}, false
	}
	delete(s.world.Assignments, fold(id))
	s.changed()
	return *a, true
}

// Allowed tells whether a principal may do an action at a scope. data means a
// data action.
func (s *Store) Allowed(principal, action, scope string, data bool) bool {
	defer s.lock()()
	return s.allowed(principal, action, scope, data)
}

func (s *Store) allowed(principal, action, scope string, data bool) bool {
	for _, a := range s.world.Assignments {
		if !covers(a.Scope, scope) || !s.holds(a.Principal, principal) {
			continue
		}
		role, _ := RoleOf(a.Role)
		if data && matches(role.DataActions, action) || !data && matches(role.Actions, action) && !matches(role.NotActions, action) {
			return true
		}
	}
	return false
}

// covers tells whether scope is at or below the wide one.
func covers(wide, scope string) bool {
	wide, scope = strings.TrimSuffix(fold(wide), "/"), strings.TrimSuffix(fold(scope), "/")
	return wide == scope || strings.HasPrefix(scope, wide+"/")
}

// matches tells whether one of the patterns, in which * stands for anything,
// covers the action.
func matches(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wild(fold(p), fold(action)) })
}

func wild(pattern, s string) bool {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for i := 0; i <= len(s); i++ {
		if wild(tail, s[i:]) {
			return true
		}
	}
	return false
}

// Knows tells whether a principal has any role at, above or below a scope: it
// decides whether a subscription is listed.
func (s *Store) Knows(principal, scope string) bool {
	defer s.lock()()
	for _, a := range s.world.Assignments {
		if (covers(a.Scope, scope) || covers(scope, a.Scope)) && s.holds(a.Principal, principal) {
			return true
		}
	}
	return false
}
