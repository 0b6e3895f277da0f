package arm

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// AccountRef names one account.
type AccountRef struct {
	SubscriptionID, ResourceGroup, Account string
}

// ID is the account's Resource Manager id.
func (r AccountRef) ID() string {
	return "/subscriptions/" + r.SubscriptionID + "/resourceGroups/" + r.ResourceGroup + "/providers/" + provider + "/accounts/" + r.Account
}

// DeploymentRef names one deployment of an account.
type DeploymentRef struct {
	AccountRef
	Deployment string
}

// ID is the deployment's Resource Manager id.
func (r DeploymentRef) ID() string { return r.AccountRef.ID() + "/deployments/" + r.Deployment }

const provider = "Microsoft.CognitiveServices"

// ID is a parsed Resource Manager id. Fields that the id does not have are "".
type ID struct {
	SubscriptionID string
	ResourceGroup  string
	Provider       string   // e.g. Microsoft.CognitiveServices
	Types          []string // e.g. accounts, deployments
	Names          []string // one for each type
}

// maxID is the longest id taken; Resource Manager's own limit is lower.
const maxID = 4096

// ParseID reads a Resource Manager id. Keywords are matched without case, as
// the service itself writes them in several ways.
func ParseID(s string) (ID, error) {
	parts, err := segments(s)
	if err != nil {
		return ID{}, err
	}
	var id ID
	take := func(keyword string) string {
		if len(parts) < 2 || !strings.EqualFold(parts[0], keyword) {
			return ""
		}
		value := parts[1]
		parts = parts[2:]
		return value
	}
	if id.SubscriptionID = take("subscriptions"); id.SubscriptionID == "" {
		return ID{}, fmt.Errorf("resource id %.80q names no subscription", s)
	}
	id.ResourceGroup = take("resourceGroups")
	if len(parts) == 0 {
		return id, nil
	}
	if id.Provider = take("providers"); id.Provider == "" || len(parts)%2 != 0 || len(parts) == 0 {
		return ID{}, fmt.Errorf("resource id %.80q is not complete", s)
	}
	for ; len(parts) > 0; parts = parts[2:] {
		id.Types = append(id.Types, parts[0])
		id.Names = append(id.Names, parts[1])
	}
	return id, nil
}

// segments splits an id and refuses what no id holds.
func segments(s string) ([]string, error) {
	if len(s) > maxID {
		return nil, fmt.Errorf("resource id of %d bytes is too long", len(s))
	}
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("resource id %.80q does not begin with /", s)
	}
	parts := strings.Split(strings.TrimSuffix(s[1:], "/"), "/")
	for _, part := range parts {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, odd) {
			return nil, fmt.Errorf("resource id %.80q has a bad segment %.40q", s, part)
		}
	}
	return parts, nil
}

// odd tells characters that no segment of an id may hold.
func odd(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("?#%\\\"'<>&", r) }

// String writes the id with keywords in their usual case.
func (id ID) String() string {
	var b strings.Builder
	b.WriteString("/subscriptions/" + id.SubscriptionID)
	if id.ResourceGroup != "" {
		b.WriteString("/resourceGroups/" + id.ResourceGroup)
	}
	if id.Provider != "" {
		b.WriteString("/providers/" + id.Provider)
	}
	for i := range id.Types {
		b.WriteString("/" + id.Types[i] + "/" + id.Names[i])
	}
	return b.String()
}

// Name is the last name of the id.
func (id ID) Name() string {
	if len(id.Names) == 0 {
		return ""
	}
	return id.Names[len(id.Names)-1]
}

// Account is the account that the id names or lies in.
func (id ID) Account() (AccountRef, bool) {
	if !strings.EqualFold(id.Provider, provider) || len(id.Types) == 0 || !strings.EqualFold(id.Types[0], "accounts") {
		return AccountRef{}, false
	}
	return AccountRef{id.SubscriptionID, id.ResourceGroup, id.Names[0]}, true
}

// NameKind is a kind of name that Azure has rules for.
type NameKind string

// The kinds of names that CheckName knows.
const (
	SubscriptionName  NameKind = "subscription-id"
	ResourceGroupName NameKind = "resource-group"
	AccountName       NameKind = "account-name"
	DeploymentName    NameKind = "deployment-name"
	ModelName         NameKind = "model-name"
	ModelVersion      NameKind = "model-version"
	LocationName      NameKind = "location"
)

// Azure's rules for names (Microsoft, "Naming rules and restrictions for Azure
// resources"; the account and deployment patterns are those of the REST
// specification of Microsoft.CognitiveServices).
//
// They are compiled when first asked for: most commands never do, and every
// start would pay for it.
var nameRules = sync.OnceValue(func() map[NameKind]*regexp.Regexp {
	return map[NameKind]*regexp.Regexp{
		SubscriptionName:  regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`),
		ResourceGroupName: regexp.MustCompile(`^[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]$`),
		AccountName:       regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$`),
		DeploymentName:    regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`),
		ModelName:         regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,127}$`),
		ModelVersion:      regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`),
		LocationName:      regexp.MustCompile(`^[a-zA-Z0-9]{1,64}$`),
	}
})

// NameError is a name that Azure would refuse.
type NameError struct {
	Kind NameKind
	Name string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s %.60q is not a name Azure takes", e.Kind, e.Name)
}

// CheckName tells whether Azure would take name. The error is a *NameError.
func CheckName(kind NameKind, name string) error {
	if rule := nameRules()[kind]; rule != nil && !rule.MatchString(name) {
		return &NameError{kind, name}
	}
	return nil
}

// join makes a path of escaped segments.
func join(segments ...string) string {
	var b strings.Builder
	for _, segment := range segments {
		b.WriteString("/" + url.PathEscape(segment))
	}
	return b.String()
}
