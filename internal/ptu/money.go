package ptu

import "time"

// HoursPerMonth is how Azure's price pages turn hours into a month.
const HoursPerMonth = 730

// TokenPrice is a pay-as-you-go list price in US dollars per million tokens.
type TokenPrice struct {
	Input       float64
	CachedInput float64 // 0 means that cached tokens cost as much as others
	Output      float64
}

// Cost prices token counts, in US dollars. cached is a part of prompt.
func (p TokenPrice) Cost(prompt, cached, completion int64) float64 {
	cachedPrice := p.CachedInput
	if cachedPrice == 0 {
		cachedPrice = p.Input
	}
	cached = min(max(cached, 0), prompt)
	return (float64(prompt-cached)*p.Input + float64(cached)*cachedPrice + float64(completion)*p.Output) / 1e6
}

// Times scales every part of the price, as Data Zone and Regional deployments
// cost a published factor more than Global ones.
func (p TokenPrice) Times(factor float64) TokenPrice {
	return TokenPrice{p.Input * factor, p.CachedInput * factor, p.Output * factor}
}

// Prorate prices units that were deployed for d, in the currency of
// perUnitHour. Azure bills provisioned units by the minute from creation to
// deletion; a minute begun counts whole.
func Prorate(units int, perUnitHour float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	minutes := (d + time.Minute - 1) / time.Minute
	return float64(units) * perUnitHour * float64(minutes) / 60
}

// Coverage tells how a reservation meets what is deployed.
type Coverage struct {
	Covered int // deployed units that the reservation pays for
	Hourly  int // deployed units billed by the hour on top
	Idle    int // reserved units that nothing uses
}

// Cover sets reserved units against the deployed ones of the same deployment
// type, region and scope. The model does not matter (Microsoft, "Provisioned
// throughput billing", 2026-05-22: 500 reserved, 600 deployed, 100 hourly).
func Cover(reserved int, deployed ...int) Coverage {
	total := 0
	for _, n := range deployed {
		total += n
	}
	return Coverage{Covered: min(reserved, total), Hourly: max(total-reserved, 0), Idle: max(reserved-total, 0)}
}
