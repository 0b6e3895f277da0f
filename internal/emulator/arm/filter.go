package arm

import (
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// filterBody is a content filter that policies can use.
type filterBody struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Properties filterProperties `json:"properties"`
}

type filterProperties struct {
	Name               string `json:"name"`
	Source             string `json:"source,omitempty"`
	IsMultiLevelFilter bool   `json:"isMultiLevelFilter"`
}

// filters are those of the published examples.
var filters = []struct {
	name string
	filterProperties
}{
	{"Hate", filterProperties{"Hate", "", true}},
	{"Sexual", filterProperties{"Sexual", "", true}},
	{"Violence", filterProperties{"Violence", "", true}},
	{"Selfharm", filterProperties{"Selfharm", "", true}},
	{"Jailbreak", filterProperties{"Jailbreak", "Prompt", false}},
	{"ProtectedMaterialText", filterProperties{"Protected Material Text", "Completion", false}},
	{"ProtectedMaterialCode", filterProperties{"Protected Material Code", "Completion", false}},
	{"Profanity", filterProperties{"Profanity", "", false}},
	{"IndirectAttack", filterProperties{"Indirect Attack", "Prompt", false}},
}

func (h *Handler) filtersOf(q *request) ([]filterBody, error) {
	region, found := state.RegionOf(q.params["location"])
	if !found {
		return nil, state.Refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%.80s' is not available for resource type 'locations/raiContentFilters'.", q.params["location"])
	}
	var out []filterBody
	for _, f := range filters {
		out = append(out, filterBody{
			ID:   "/subscriptions/" + q.params["subscription"] + "/providers/Microsoft.CognitiveServices/locations/" + region.Code() + "/raiContentFilters/" + f.name,
			Name: f.name, Type: "Microsoft.CognitiveServices/locations/raiContentFilters", Properties: f.filterProperties,
		})
	}
	return out, nil
}

func (h *Handler) listFilters(q *request) (*answer, error) {
	all, err := h.filtersOf(q)
	if err != nil {
		return nil, err
	}
	return paged(h, q, all)
}

func (h *Handler) getFilter(q *request) (*answer, error) {
	all, err := h.filtersOf(q)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if strings.EqualFold(f.Name, q.params["filter"]) {
			return ok(f)
		}
	}
	return nil, state.Refuse(http.StatusNotFound, "ResourceNotFound", "The content filter '%.80s' was not found.", q.params["filter"])
}

// quotaTier is the id and name of the one quota tier of a subscription.
func quotaTierID(subscription string) string {
	return "/subscriptions/" + subscription + "/providers/Microsoft.CognitiveServices/quotaTiers/default"
}

// The policies of automatic tier upgrades.
const (
	upgradeTier   = "OnceUpgradeIsAvailable"
	noUpgradeTier = "NoAutoUpgrade"
)

type quotaTierBody struct {
	ID         string              `json:"id"`
	Type       string              `json:"type"`
	Name       string              `json:"name"`
	Properties quotaTierProperties `json:"properties"`
}

type quotaTierProperties struct {
	AssignmentDate string           `json:"assignmentDate"`
	CurrentTier    string           `json:"currentTierName"`
	UpgradePolicy  string           `json:"tierUpgradePolicy"`
	Eligibility    *tierEligibility `json:"tierUpgradeEligibilityInfo,omitempty"`
}

type tierEligibility struct {
	NextTier string `json:"nextTierName"`
	Status   string `json:"upgradeAvailabilityStatus"`
	Reason   string `json:"upgradeUnavailabilityReason,omitempty"`
}

func (h *Handler) quotaTier(q *request) (quotaTierBody, error) {
	if _, err := h.config.State.Subscription(q.params["subscription"]); err != nil {
		return quotaTierBody{}, err
	}
	id := quotaTierID(q.params["subscription"])
	body := quotaTierBody{ID: id, Type: "Microsoft.CognitiveServices/quotaTiers", Name: "default"}
	body.Properties = quotaTierProperties{AssignmentDate: "2025-06-09T18:13:29.389Z", CurrentTier: "Free-Tier", UpgradePolicy: upgradeTier,
		Eligibility: &tierEligibility{"Tier-1", "NotAvailable", "The subscription has not used enough of its current quota."}}
	if d, found := h.config.State.Document(id); found {
		body.Properties.UpgradePolicy, _ = properties(&d)["tierUpgradePolicy"].(string)
	}
	return body, nil
}

func (h *Handler) listQuotaTiers(q *request) (*answer, error) {
	body, err := h.quotaTier(q)
	if err != nil {
		return nil, err
	}
	return paged(h, q, []quotaTierBody{body})
}

func (h *Handler) onlyDefault(q *request) error {
	if !strings.EqualFold(q.params["tier"], "default") {
		return state.Refuse(http.StatusNotFound, "ResourceNotFound", "The quota tier '%.80s' was not found. A subscription has one, named 'default'.", q.params["tier"])
	}
	return nil
}

func (h *Handler) getQuotaTier(q *request) (*answer, error) {
	if err := h.onlyDefault(q); err != nil {
		return nil, err
	}
	body, err := h.quotaTier(q)
	if err != nil {
		return nil, err
	}
	return ok(body)
}

// putQuotaTier changes the one thing about a tier that may be changed.
func (h *Handler) putQuotaTier(q *request) (*answer, error) {
	if err := h.onlyDefault(q); err != nil {
		return nil, err
	}
	var in struct {
		Properties struct {
			TierUpgradePolicy string `json:"tierUpgradePolicy"`
		} `json:"properties"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	if policy := in.Properties.TierUpgradePolicy; policy != upgradeTier && policy != noUpgradeTier {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The tierUpgradePolicy '%.80s' is not supported. Use '%s' or '%s'.", policy, upgradeTier, noUpgradeTier)
	}
	d := state.Document{ID: quotaTierID(q.params["subscription"]), Type: "Microsoft.CognitiveServices/quotaTiers", Name: "default",
		Body: map[string]any{"properties": map[string]any{"tierUpgradePolicy": in.Properties.TierUpgradePolicy}}}
	if _, _, err := h.config.State.PutDocument(d, "", q.match(), q.by()); err != nil {
		return nil, err
	}
	body, err := h.quotaTier(q)
	if err != nil {
		return nil, err
	}
	return ok(body)
}
