package state

import "fmt"

// Refusal is why the control plane will not do what it was asked: the error
// code and text of Azure Resource Manager where they are known, with the HTTP
// status they travel under.
type Refusal struct {
	Status        int
	Code, Message string
	Target        string `json:",omitempty"`
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Refuse builds a Refusal.
func Refuse(status int, code, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Errors whose words are the same wherever they arise. The texts are those of
// Azure Resource Manager.
func groupNotFound(name string) *Refusal {
	return Refuse(404, "ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
}

func subscriptionNotFound(id string) *Refusal {
	return Refuse(404, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
}

func resourceNotFound(resource, group string) *Refusal {
	return Refuse(404, "ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", resource, group)
}

func parentNotFound(kind, id string) *Refusal {
	return Refuse(404, "ParentResourceNotFound", "Failed to perform 'write' on resource(s) of type '%s', because the parent resource '%s' could not be found.", kind, id)
}

func invalidProperties(format string, args ...any) *Refusal {
	return Refuse(400, "InvalidResourceProperties", format, args...)
}

func requestConflict(parent string) *Refusal {
	return Refuse(409, "RequestConflict", "Another operation is being performed on the parent resource '%s'. Please try again later.", parent)
}

func preconditionFailed(etag string) *Refusal {
	return Refuse(412, "PreconditionFailed", "The condition '%s' in the If-Match or If-None-Match header was not satisfied. The current etag may be different.", etag)
}
