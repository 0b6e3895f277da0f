package arm

import (
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// tick is how the service writes times: seven digits of a second, UTC.
const tick = "2006-01-02T15:04:05.0000000Z"

// day is how it writes dates.
const day = "2006-01-02T15:04:05Z"

func stampOf(t time.Time) string { return t.UTC().Format(tick) }

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(day)
}

// systemData says who made and last changed a resource.
type systemData struct {
	CreatedBy          string `json:"createdBy"`
	CreatedByType      string `json:"createdByType"`
	CreatedAt          string `json:"createdAt"`
	LastModifiedBy     string `json:"lastModifiedBy"`
	LastModifiedByType string `json:"lastModifiedByType"`
	LastModifiedAt     string `json:"lastModifiedAt"`
}

func systemDataOf(s state.Stamp) *systemData {
	return &systemData{s.CreatedBy, s.CreatedAs, stampOf(s.Created), s.ModifiedBy, s.Changed, stampOf(s.Modified)}
}

// identityBody is a managed identity.
type identityBody struct {
	PrincipalID string `json:"principalId,omitempty"`
	TenantID    string `json:"tenantId,omitempty"`
	Type        string `json:"type"`
}

func identityOf(i *state.Identity) *identityBody {
	if i == nil || i.Type == "None" {
		return nil
	}
	return &identityBody{i.PrincipalID, i.TenantID, i.Type}
}

// skuBody is a SKU of an account or deployment.
type skuBody struct {
	Name     string `json:"name"`
	Tier     string `json:"tier,omitempty"`
	Capacity int    `json:"capacity,omitempty"`
}

// rateBody is a call rate limit.
type rateBody struct {
	Key           string  `json:"key"`
	RenewalPeriod float64 `json:"renewalPeriod"`
	Count         float64 `json:"count"`
}

// modelBody names a model.
type modelBody struct {
	Format  string `json:"format"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Source  string `json:"source,omitempty"`
}

func modelOf(m state.ModelRef) modelBody { return modelBody(m) }
