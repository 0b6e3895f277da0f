package state

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Draft is what a PUT or PATCH of an account asks for. In a PATCH, zero fields
// and nil maps leave a thing alone.
type Draft struct {
	Subscription, Group, Name string
	Location, Kind, SKU       string
	Tags                      map[string]string
	IdentityType              string
	SubDomain                 string
	DisableLocalAuth          *bool
	Projects                  *bool
	Restore                   bool
	Settings                  map[string]any
	Match                     Match
}

func (d Draft) id() string {
	return Account{Subscription: d.Subscription, Group: d.Group, Name: d.Name}.ID()
}

// accountName is the pattern of Azure's specification.
var accountName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$`) })

// accountKinds are the kinds of account that can be made.
var accountKinds = []string{
	"OpenAI", "AIServices", "CognitiveServices", "AnomalyDetector", "Bing.Speech", "ComputerVision", "ContentModerator", "ContentSafety",
	"CustomVision.Prediction", "CustomVision.Training", "Emotion", "Face", "FormRecognizer", "HealthInsights", "ImmersiveReader", "LUIS",
	"LUIS.Authoring", "MetricsAdvisor", "Personalizer", "QnAMaker", "SpeakerRecognition", "SpeechServices", "SpeechTranslation",
	"TextAnalytics", "TextTranslation",
}

// AccountKinds lists the kinds of account that can be made.
func AccountKinds() []string { return slices.Clone(accountKinds) }

// Accounts lists the accounts of a subscription, or of one group of it.
func (s *Store) Accounts(subscription, group string) ([]Account, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return nil, subscriptionNotFound(subscription)
	}
	if group != "" && s.group(subscription, group) == nil {
		return nil, groupNotFound(group)
	}
	return listed(s.world.Accounts, func(a *Account) bool {
		return strings.EqualFold(a.Subscription, subscription) && (group == "" || strings.EqualFold(a.Group, group))
	}), nil
}

func listed(from map[string]*Account, keep func(*Account) bool) []Account {
	list := []Account{}
	for _, a := range from {
		if keep(a) {
			list = append(list, *a)
		}
	}
	slices.SortFunc(list, func(a, b Account) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(fold(a.ID()), fold(b.ID()))
	})
	return list
}

// Account finds an account by its resource id.
func (s *Store) Account(id string) (Account, error) {
	defer s.lock()()
	a, err := s.account(id)
	if err != nil {
		return Account{}, err
	}
	return *a, nil
}

func (s *Store) account(id string) (*Account, error) {
	if a := s.world.Accounts[fold(id)]; a != nil {
		return a, nil
	}
	subscription, group, name := cutAccount(id)
	switch {
	case !s.known(subscription):
		return nil, subscriptionNotFound(subscription)
	case s.group(subscription, group) == nil:
		return nil, groupNotFound(group)
	}
	return nil, resourceNotFound("Microsoft.CognitiveServices/accounts/"+name, group)
}

// parent finds the account under which something is to be written.
func (s *Store) parent(id, kind string) (*Account, error) {
	a, err := s.account(id)
	if refusal, ok := err.(*Refusal); ok && refusal.Code == "ResourceNotFound" {
		return nil, parentNotFound(kind, id)
	}
	return a, err
}

// cutAccount takes an account's id apart.
func cutAccount(id string) (subscription, group, name string) {
	parts := strings.Split(id, "/")
	if len(parts) < 9 {
		return "", "", ""
	}
	return parts[2], parts[4], parts[8]
}

// PutAccount creates or replaces an account. The operation is nil when
// nothing had to be made.
func (s *Store) PutAccount(d Draft, by Caller) (a Account, op *Operation, err error) {
	defer s.lock()()
	if !s.known(d.Subscription) {
		return Account{}, nil, subscriptionNotFound(d.Subscription)
	}
	group := s.group(d.Subscription, d.Group)
	if group == nil {
		return Account{}, nil, groupNotFound(d.Group)
	}
	d.Group = group.Name
	old := s.world.Accounts[fold(d.id())]
	tag := ""
	if old != nil {
		tag = old.ETag
	}
	if err := d.Match.check(tag); err != nil {
		return Account{}, nil, err
	}
	if gone := s.world.Deleted[fold(d.id())]; gone != nil && d.Restore && old == nil {
		d.Kind, d.SKU = cmp.Or(d.Kind, gone.Kind), cmp.Or(d.SKU, gone.SKU) // Azure CLI says no more than where
	}
	if err := s.judgeAccount(d, old); err != nil {
		return Account{}, nil, err
	}
	if old == nil {
		return s.createAccount(d, by)
	}
	s.replaceAccount(old, d, by)
	return *old, nil, nil
}

func (s *Store) judgeAccount(d Draft, old *Account) error {
	region, ok := RegionOf(d.Location)
	switch {
	case !accountName().MatchString(d.Name):
		return Refuse(400, "InvalidResourceName", "The account name '%.80s' is invalid. An account name has 2 to 64 letters, digits, hyphens, underscores and periods, and begins with a letter or digit.", d.Name)
	case d.Location == "":
		return Refuse(400, "LocationRequired", "The location property is required for this definition.")
	case !ok && Normalize(d.Location) != "global":
		return locationNotFound(d.Location)
	case !slices.Contains(accountKinds, d.Kind):
		return Refuse(400, "InvalidApiSetId", "The account type '%.80s' is either invalid or unavailable in given region.", d.Kind)
	case d.SKU == "":
		return Refuse(400, "InvalidSkuId", "The SKU of the account is required.")
	case !slices.Contains(skusOfKind(d.Kind), d.SKU):
		return Refuse(400, "InvalidSkuId", "The account SKU '%.80s' is invalid for the account type '%s'.", d.SKU, d.Kind)
	}
	if old != nil {
		if Normalize(old.Location) != Normalize(d.Location) {
			return Refuse(409, "InvalidResourceLocation", "The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.", d.Name, Normalize(old.Location), d.Group, Normalize(d.Location))
		}
		if old.Kind != d.Kind && !(old.Kind == "OpenAI" && d.Kind == "AIServices") {
			return Refuse(400, "AccountKindChangeNotAllowed", "The kind of account '%s' cannot be changed from '%s' to '%s'.", d.Name, old.Kind, d.Kind)
		}
	} else if err := s.countAccounts(d, region); err != nil {
		return err
	}
	return s.judgeSubDomain(d, old)
}

// countAccounts holds a new account against the limits of the usage rows.
func (s *Store) countAccounts(d Draft, region Region) error {
	if s.world.Deleted[fold(d.id())] != nil && d.Restore {
		return nil // it is counted already
	}
	for _, kind := range []string{d.Kind, ""} {
		if kind != "OpenAI" && kind != "AIServices" && kind != "" {
			continue
		}
		row := accountRow(kind)
		limit, used := s.limit(d.Subscription, region, row), s.accounts(d.Subscription, region, kind)
		if used+1 > limit {
			return Refuse(400, "InsufficientQuota", "This operation require 1 new capacity in quota %s, which is bigger than the current available capacity %d. The current quota usage is %d and the quota limit is %d for quota %s",
				row.Label, max(limit-used, 0), used, limit, row.Label)
		}
	}
	return nil
}

func (s *Store) judgeSubDomain(d Draft, old *Account) error {
	if d.SubDomain == "" || old != nil && strings.EqualFold(old.SubDomain, d.SubDomain) {
		return nil
	}
	if old != nil && old.SubDomain != "" {
		return invalidProperties("The custom subdomain name of account '%s' cannot be changed.", d.Name)
	}
	if !subDomain().MatchString(d.SubDomain) {
		return invalidProperties("Sub domain name '%.80s' is not valid", d.SubDomain)
	}
	if s.subDomainTaken(d.SubDomain, d.id()) {
		return Refuse(409, "CustomDomainInUse", "Please pick a different name. The subdomain name '%s' is not available as it's already used by a resource.", d.SubDomain)
	}
	return nil
}

var subDomain = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]$`) })

func (s *Store) subDomainTaken(name, except string) bool {
	for _, list := range []map[string]*Account{s.world.Accounts, s.world.Deleted} {
		for id, a := range list {
			if strings.EqualFold(a.SubDomain, name) && id != fold(except) {
				return true
			}
		}
	}
	return false
}

// SubDomainFree tells whether a custom subdomain name may be taken, and why not.
func (s *Store) SubDomainFree(name string) (bool, string) {
	defer s.lock()()
	if !subDomain().MatchString(name) {
		return false, "Sub domain name '" + name + "' is not valid"
	}
	if s.subDomainTaken(name, "") {
		return false, "Sub domain name '" + name + "' is already used. Please pick a different name."
	}
	return true, ""
}

// SKUsOfKind lists the account SKUs that a kind is sold under.
func SKUsOfKind(kind string) []string { return skusOfKind(kind) }

func skusOfKind(kind string) []string {
	switch kind {
	case "OpenAI", "AIServices", "CognitiveServices":
		return []string{"S0"}
	case "TextAnalytics":
		return []string{"F0", "S"}
	case "SpeechTranslation", "TextTranslation":
		return []string{"F0", "S1", "S2", "S3"}
	}
	return []string{"F0", "S0"}
}

func (s *Store) createAccount(d Draft, by Caller) (Account, *Operation, error) {
	if gone := s.world.Deleted[fold(d.id())]; gone != nil {
		if !d.Restore {
			return Account{}, nil, Refuse(409, "FlagMustBeSetForRestore", "An existing resource with ID '%s' has been soft-deleted. To restore the resource, you must specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge it first.", gone.ID())
		}
		return s.restoreAccount(gone, by)
	}
	if d.Restore {
		return Account{}, nil, Refuse(404, "CanNotRestoreANonExistingResource", "Resource with ID '%s' is not a soft-deleted resource and cannot be restored.", d.id())
	}
	a := &Account{
		Subscription: d.Subscription, Group: d.Group, Name: d.Name, Location: d.Location, Kind: d.Kind, SKU: d.SKU,
		InternalID: strings.ReplaceAll(s.uuid(), "-", ""), Keys: [2]string{s.key(), s.key()}, State: "Creating", Stamp: s.stamp(by, s.accountTag()),
	}
	s.apply(a, d)
	a.Endpoint = s.endpoint(*a)
	s.world.Accounts[fold(a.ID())] = a
	op := *s.begin(CreateAccount, a.Subscription, a.Location, a.ID(), accountTime)
	s.changed()
	return *a, &op, nil
}

// endpoint is the root of the account's data plane.
func (s *Store) endpoint(a Account) string {
	if s.config.Endpoint != nil {
		if root := s.config.Endpoint(a); root != "" {
			return root
		}
	}
	if a.SubDomain != "" {
		return "https://" + fold(a.SubDomain) + ".openai.azure.com/"
	}
	return "https://" + Normalize(a.Location) + ".api.cognitive.microsoft.com/"
}

// apply writes the changeable parts of a draft to an account.
func (s *Store) apply(a *Account, d Draft) {
	a.Tags, a.Settings = d.Tags, d.Settings
	if d.SubDomain != "" {
		a.SubDomain = d.SubDomain
	}
	if d.DisableLocalAuth != nil {
		a.DisableLocalAuth = *d.DisableLocalAuth
	}
	if d.Projects != nil {
		a.Projects = *d.Projects
	}
	if d.IdentityType != "" {
		a.Identity = s.identity(a.Identity, d.IdentityType, a.Name)
	}
}

// identity gives a resource the managed identity it asks for; one that it had
// stays the same.
func (s *Store) identity(old *Identity, kind, owner string) *Identity {
	if strings.EqualFold(kind, "None") {
		return &Identity{Type: "None"}
	}
	if old != nil && old.PrincipalID != "" {
		return &Identity{Type: kind, PrincipalID: old.PrincipalID, TenantID: old.TenantID}
	}
	if !strings.Contains(fold(kind), "systemassigned") {
		return &Identity{Type: kind}
	}
	p := &Principal{Name: owner, ClientID: s.uuid(), ObjectID: s.uuid(), Kind: "ManagedIdentity"}
	s.world.Principals[p.ClientID] = p
	return &Identity{Type: kind, PrincipalID: p.ObjectID, TenantID: s.world.Tenant}
}

// NewIdentity gives a resource other than an account its managed identity.
func (s *Store) NewIdentity(old *Identity, kind, owner string) *Identity {
	defer s.lock()()
	made := s.identity(old, kind, owner)
	s.changed()
	return made
}

func (s *Store) replaceAccount(a *Account, d Draft, by Caller) {
	a.SKU, a.Kind = d.SKU, d.Kind
	s.apply(a, d)
	s.touch(&a.Stamp, by, s.accountTag())
	s.changed()
}

// PatchAccount changes what a draft names.
func (s *Store) PatchAccount(d Draft, by Caller) (Account, error) {
	defer s.lock()()
	a, err := s.account(d.id())
	if err != nil {
		return Account{}, err
	}
	if err := d.Match.check(a.ETag); err != nil {
		return Account{}, err
	}
	if d.SKU == "" {
		d.SKU = a.SKU
	}
	if d.Tags == nil {
		d.Tags = a.Tags
	}
	d.Location, d.Kind = a.Location, a.Kind
	settings := maps.Clone(a.Settings)
	if settings == nil {
		settings = map[string]any{}
	}
	maps.Copy(settings, d.Settings)
	d.Settings = settings
	if err := s.judgeAccount(d, a); err != nil {
		return Account{}, err
	}
	s.replaceAccount(a, d, by)
	return *a, nil
}

// projectsOf lists the projects of an account, as a refusal names them.
func (s *Store) projectsOf(a *Account) []string {
	var nested []string
	for key, d := range s.world.Documents {
		if strings.HasPrefix(key, fold(a.ID())+"/projects/") && strings.Count(key, "/") == strings.Count(a.ID(), "/")+2 {
			nested = append(nested, "Microsoft.CognitiveServices/accounts/"+a.Name+"/projects/"+d.Name)
		}
	}
	slices.Sort(nested)
	return nested
}

// DeleteAccount soft-deletes an account: it can be restored until it is purged,
// and its deployments keep their quota, and their price. One that has projects
// is refused, as Resource Manager refuses it (Azure/terraform-provider-azapi
// issue 894, 2025-06-12); deployments are no hindrance. ok is false when there
// is none.
func (s *Store) DeleteAccount(id string, m Match) (ok bool, err error) {
	defer s.lock()()
	a := s.world.Accounts[fold(id)]
	if a == nil {
		return false, nil
	}
	if err := m.check(a.ETag); err != nil {
		return false, err
	}
	if op := s.conflict(id, ""); op != nil {
		return false, requestConflict(a.ID())
	}
	if nested := s.projectsOf(a); len(nested) > 0 {
		return false, Refuse(409, "CannotDeleteResource", "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '%s'. Please delete all nested resources before deleting this resource.", strings.Join(nested, ", "))
	}
	delete(s.world.Accounts, fold(id))
	a.Deleted = s.now
	s.world.Deleted[fold(id)] = a
	s.world.Epoch++
	s.changed()
	return true, nil
}

func (s *Store) restoreAccount(a *Account, by Caller) (Account, *Operation, error) {
	delete(s.world.Deleted, fold(a.ID()))
	a.Deleted, a.State = time.Time{}, "Creating"
	a.Endpoint = s.endpoint(*a)
	s.touch(&a.Stamp, by, s.accountTag())
	s.world.Accounts[fold(a.ID())] = a
	op := *s.begin(CreateAccount, a.Subscription, a.Location, a.ID(), accountTime)
	s.changed()
	return *a, &op, nil
}

// DeletedAccounts lists the soft-deleted accounts of a subscription.
func (s *Store) DeletedAccounts(subscription string) ([]Account, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return nil, subscriptionNotFound(subscription)
	}
	return listed(s.world.Deleted, func(a *Account) bool { return strings.EqualFold(a.Subscription, subscription) }), nil
}

// DeletedAccount finds one soft-deleted account.
func (s *Store) DeletedAccount(subscription, location, group, name string) (Account, error) {
	defer s.lock()()
	a := s.world.Deleted[fold(Account{Subscription: subscription, Group: group, Name: name}.ID())]
	if a == nil || Normalize(a.Location) != Normalize(location) {
		return Account{}, resourceNotFound("Microsoft.CognitiveServices/locations/"+location+"/deletedAccounts/"+name, group)
	}
	return *a, nil
}

// PurgeAccount removes a soft-deleted account for good, with all it held. It
// tells whether there was one.
func (s *Store) PurgeAccount(subscription, location, group, name string) bool {
	defer s.lock()()
	id := fold(Account{Subscription: subscription, Group: group, Name: name}.ID())
	a := s.world.Deleted[id]
	if a == nil || Normalize(a.Location) != Normalize(location) {
		return false
	}
	s.purge(id)
	s.changed()
	return true
}

func (s *Store) purge(id string) {
	delete(s.world.Deleted, id)
	delete(s.world.FineTuned, id)
	s.indexTuned()
	for key := range s.world.Deployments {
		if parentOf(key) == id {
			delete(s.world.Deployments, key)
		}
	}
	for key := range s.world.Documents {
		if strings.HasPrefix(key, id+"/") {
			delete(s.world.Documents, key)
		}
	}
}

// RegenerateKey replaces key 1 or 2 of an account.
func (s *Store) RegenerateKey(id string, which int) (Account, error) {
	defer s.lock()()
	a, err := s.account(id)
	if err != nil {
		return Account{}, err
	}
	if which != 1 && which != 2 {
		return Account{}, Refuse(400, "InvalidKeyName", "The key name is invalid. Use 'Key1' or 'Key2'.")
	}
	a.Keys[which-1] = s.key()
	s.world.Epoch++
	s.changed()
	return *a, nil
}
