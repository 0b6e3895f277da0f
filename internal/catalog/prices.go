package catalog

import (
	"github.com/azptu/azptu/internal/ptu"
)

// Term is how long a reservation binds, as an ISO 8601 duration.
type Term string

// The terms that provisioned units can be reserved for.
const (
	OneMonth Term = "P1M"
	OneYear  Term = "P1Y"
)

// UnitPrices are list prices of provisioned units in US dollars.
type UnitPrices struct {
	Hourly       map[ptu.DeploymentType]float64          // per unit and hour
	Reservations map[ptu.DeploymentType]map[Term]float64 // per unit and whole term
	AsOf         string
	Source       string // in a few words, fit for a line of output
	Note         string // what is doubtful about the figures
}

// TokenPrices are pay-as-you-go list prices of Global Standard.
type TokenPrices struct {
	Models              map[string]ptu.TokenPrice // by model name
	OtherBoundaryFactor float64                   // Data Zone and Regional cost this many times as much
	AsOf                string
	Source              string // in a few words, fit for a line of output
	Note                string // what is doubtful about the figures
}

// Price returns the list price of a model's tokens under a standard or
// provisioned SKU's data boundary. ok is false where no price is known.
func (p TokenPrices) Price(model, sku string) (price ptu.TokenPrice, ok bool) {
	price, ok = p.Models[model]
	if ok && ptu.BoundaryOfSKU(sku) != ptu.Global && p.OtherBoundaryFactor > 0 {
		price = price.Times(p.OtherBoundaryFactor)
	}
	return price, ok
}

func (p UnitPrices) over(base UnitPrices) UnitPrices {
	if len(p.Hourly) == 0 && len(p.Reservations) == 0 {
		return base
	}
	return p
}

func (p TokenPrices) over(base TokenPrices) TokenPrices {
	if len(p.Models) == 0 {
		return base
	}
	return p
}
