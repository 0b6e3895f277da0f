package arm

import (
	"context"
	"net/http"
	"strings"
)

// Right is a set of rights as a role defines it: what the patterns allow
// less what the others take away. A * stands for any text.
type Right struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

// Allows tells whether r has an operation of Resource Manager.
func (r Right) Allows(action string) bool {
	return matches(r.Actions, action) && !matches(r.NotActions, action)
}

// AllowsData tells whether r has an operation of the data plane.
func (r Right) AllowsData(action string) bool {
	return matches(r.DataActions, action) && !matches(r.NotDataActions, action)
}

func matches(patterns []string, action string) bool {
	for _, p := range patterns {
		if wild(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// wild matches text against a pattern in which * stands for any text.
func wild(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for parts := strings.Split(rest, "*"); ; parts = parts[1:] {
		if len(parts) == 1 {
			return strings.HasSuffix(text, parts[0])
		}
		at := strings.Index(text, parts[0])
		if at < 0 {
			return false
		}
		text = text[at+len(parts[0]):]
	}
}

// Rights are what the caller may do at a scope. Where the service does not
// tell, the roles assigned to principal (an object id, "" when not known) or to
// a group it is in are looked up instead.
func (c *Client) Rights(ctx context.Context, scope, principal string) ([]Right, error) {
	all, err := list[Right](ctx, c, escapeID(scope)+"/providers/Microsoft.Authorization/permissions", version(roleVersion))
	if err == nil || KindOf(err) != NotFound || principal == "" {
		return all, err
	}
	held, err := c.assignments(ctx, scope, "atScope() and assignedTo('"+principal+"')")
	if err != nil {
		return nil, err
	}
	for _, a := range held {
		var definition struct {
			Properties struct {
				Permissions []Right `json:"permissions"`
			} `json:"properties"`
		}
		path := escapeID(scope) + "/providers/Microsoft.Authorization/roleDefinitions/" + escapeID(a.RoleID)
		if err := c.call(ctx, http.MethodGet, path, version(roleVersion), nil, &definition); err != nil {
			return nil, err
		}
		all = append(all, definition.Properties.Permissions...)
	}
	return all, nil
}

// ProviderState tells whether a resource provider is registered in a
// subscription: Registered, NotRegistered, Registering, ….
func (c *Client) ProviderState(ctx context.Context, subscription, namespace string) (string, error) {
	var body struct {
		State string `json:"registrationState"`
	}
	err := c.call(ctx, http.MethodGet, "/subscriptions/"+escapeID(subscription)+"/providers/"+escapeID(namespace), version(resourceVersion), nil, &body)
	return body.State, err
}

// AsError turns an error of another of the SDK's clients into an *Error, so
// that all of Azure's refusals are told alike.
func AsError(err error) error { return newError(err) }
