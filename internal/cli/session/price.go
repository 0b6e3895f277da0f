package session

import (
	"context"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// soon is how close a retirement must be to be worth a warning.
const soon = 90 * 24 * time.Hour

// Price is what one provisioned unit costs.
type Price struct {
	Hourly   float64                  // per unit and hour; 0 when not known
	Terms    map[catalog.Term]float64 // per unit and whole term
	Currency string
	Source   string // where the figures are from, and of when
}

// UnitPrice is the list price of a provisioned unit in a region.
func (s *Session) UnitPrice(_ context.Context, t ptu.DeploymentType, _ string) (Price, error) {
	units := catalog.Builtin().Units
	return Price{Hourly: units.Hourly[t], Terms: units.Reservations[t], Currency: "USD", Source: units.Source + ", " + units.AsOf}, nil
}
