package arm

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// Role is a built-in role by name and id (Microsoft, "Azure built-in roles").
type Role struct{ Name, ID string }

// Roles are the roles that callers of an account need, least first.
var Roles = []Role{
	{"Cognitive Services OpenAI User", "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"},
	{"Cognitive Services User", "a97b65f3-24c7-4388-baec-2e87135dc908"},
	{"Cognitive Services OpenAI Contributor", "a001fd3d-188f-4b5d-821b-7da978bf7442"},
	{"Cognitive Services Contributor", "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68"},
}

// Assignment is a role that a principal holds at a scope.
type Assignment struct {
	Scope       string
	PrincipalID string
	RoleID      string // the GUID of the definition
	Kind        string // ServicePrincipal, User, Group
}

type assignmentBody struct {
	Properties struct {
		RoleDefinitionID string `json:"roleDefinitionId"`
		PrincipalID      string `json:"principalId"`
		PrincipalType    string `json:"principalType,omitempty"`
		Scope            string `json:"scope,omitempty"`
	} `json:"properties"`
}

// Assignments lists the roles that a principal holds at or above a scope.
func (c *Client) Assignments(ctx context.Context, scope, principal string) ([]Assignment, error) {
	return c.assignments(ctx, scope, "principalId eq '"+principal+"'")
}

func (c *Client) assignments(ctx context.Context, scope, filter string) ([]Assignment, error) {
	query := version(roleVersion)
	query.Set("$filter", filter)
	rows, err := list[assignmentBody](ctx, c, escapeID(scope)+"/providers/Microsoft.Authorization/roleAssignments", query)
	if err != nil {
		return nil, err
	}
	out := make([]Assignment, 0, len(rows))
	for _, r := range rows {
		id := r.Properties.RoleDefinitionID
		out = append(out, Assignment{r.Properties.Scope, r.Properties.PrincipalID, id[strings.LastIndexByte(id, '/')+1:], r.Properties.PrincipalType})
	}
	return out, nil
}

// Grant gives a principal a role at a scope. The assignment's name follows
// from the three, so that granting twice is one assignment.
func (c *Client) Grant(ctx context.Context, subscription string, a Assignment) error {
	var body assignmentBody
	body.Properties.RoleDefinitionID = "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + a.RoleID
	body.Properties.PrincipalID, body.Properties.PrincipalType = a.PrincipalID, a.Kind
	path := escapeID(a.Scope) + "/providers/Microsoft.Authorization/roleAssignments/" + nameOf(a)
	return c.call(ctx, http.MethodPut, path, version(roleVersion), body, nil)
}

// nameOf is a GUID made of an assignment, as RFC 9562 makes them from names.
func nameOf(a Assignment) string {
	sum := sha1.Sum([]byte("azptu " + strings.ToLower(a.Scope+" "+a.PrincipalID+" "+a.RoleID)))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// escapeID escapes each segment of a resource id.
func escapeID(id string) string {
	parts := strings.Split(id, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// Diagnostic is a diagnostic setting of a resource: which logs and metrics go
// to which workspace.
type Diagnostic struct {
	Name      string
	Workspace string   // resource id of a Log Analytics workspace
	Logs      []string // categories
	Groups    []string // category groups, such as allLogs
	Metrics   []string // such as AllMetrics
}

type diagnosticBody struct {
	Name       string `json:"name,omitempty"`
	Properties struct {
		Workspace string           `json:"workspaceId"`
		Logs      []diagnosticPart `json:"logs"`
		Metrics   []diagnosticPart `json:"metrics"`
	} `json:"properties"`
}

type diagnosticPart struct {
	Category string `json:"category,omitempty"`
	Group    string `json:"categoryGroup,omitempty"`
	Enabled  bool   `json:"enabled"`
}

func (b diagnosticBody) diagnostic() Diagnostic {
	d := Diagnostic{Name: b.Name, Workspace: b.Properties.Workspace}
	for _, l := range b.Properties.Logs {
		switch {
		case l.Enabled && l.Group != "":
			d.Groups = append(d.Groups, l.Group)
		case l.Enabled:
			d.Logs = append(d.Logs, l.Category)
		}
	}
	for _, m := range b.Properties.Metrics {
		if m.Enabled {
			d.Metrics = append(d.Metrics, m.Category)
		}
	}
	return d
}

// Diagnostics lists the diagnostic settings of a resource.
func (c *Client) Diagnostics(ctx context.Context, resource string) ([]Diagnostic, error) {
	rows, err := list[diagnosticBody](ctx, c, escapeID(resource)+diagnosticsPath, version(diagnosticVersion))
	if err != nil {
		return nil, err
	}
	out := make([]Diagnostic, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.diagnostic())
	}
	return out, nil
}

const diagnosticsPath = "/providers/Microsoft.Insights/diagnosticSettings"

// PutDiagnostic makes or replaces a diagnostic setting and reads it back.
func (c *Client) PutDiagnostic(ctx context.Context, resource string, d Diagnostic) (Diagnostic, error) {
	var body diagnosticBody
	body.Properties.Workspace = d.Workspace
	for _, category := range d.Logs {
		body.Properties.Logs = append(body.Properties.Logs, diagnosticPart{Category: category, Enabled: true})
	}
	for _, group := range d.Groups {
		body.Properties.Logs = append(body.Properties.Logs, diagnosticPart{Group: group, Enabled: true})
	}
	for _, metric := range d.Metrics {
		body.Properties.Metrics = append(body.Properties.Metrics, diagnosticPart{Category: metric, Enabled: true})
	}
	path := escapeID(resource) + diagnosticsPath + "/" + url.PathEscape(d.Name)
	if err := c.call(ctx, http.MethodPut, path, version(diagnosticVersion), body, nil); err != nil {
		return Diagnostic{}, err
	}
	var back diagnosticBody
	err := c.call(ctx, http.MethodGet, path, version(diagnosticVersion), nil, &back)
	return back.diagnostic(), err
}

// DeleteDiagnostic removes a diagnostic setting; one that is not there is fine.
func (c *Client) DeleteDiagnostic(ctx context.Context, resource, name string) error {
	return c.call(ctx, http.MethodDelete, escapeID(resource)+diagnosticsPath+"/"+url.PathEscape(name), version(diagnosticVersion), nil, nil)
}
