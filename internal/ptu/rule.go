package ptu

import (
	"fmt"
	"math"
)

// Rule says which capacities, in units, a model may be deployed with under one
// deployment type. The zero value accepts every positive capacity.
type Rule struct {
	Minimum int // least units; 0 means 1
	Step    int // units between two sizes; 0 means 1
	Maximum int // most units; 0 means that none is published
	Default int // what the portal proposes; 0 means Minimum
}

// Reason says why a capacity was refused.
type Reason int

// Why Rule.Check refuses a capacity.
const (
	BelowMinimum Reason = iota + 1
	NotAStep
	AboveMaximum
)

// CapacityError is what Rule.Check returns for a capacity it refuses.
type CapacityError struct {
	Reason   Reason
	Capacity int // units asked for
	Rule     Rule
}

func (e *CapacityError) Error() string {
	switch e.Reason {
	case BelowMinimum:
		return fmt.Sprintf("capacity %d PTU is below the minimum of %d", e.Capacity, e.Rule.minimum())
	case AboveMaximum:
		return fmt.Sprintf("capacity %d PTU is above the maximum of %d", e.Capacity, e.Rule.Maximum)
	}
	return fmt.Sprintf("capacity %d PTU is not in steps of %d", e.Capacity, e.Rule.step())
}

// Check tells whether capacity may be deployed: the minimum itself, or a
// multiple of the step above it. The error is a *CapacityError.
func (r Rule) Check(capacity int) error {
	switch {
	case capacity < r.minimum():
		return &CapacityError{BelowMinimum, capacity, r}
	case r.Maximum > 0 && capacity > r.Maximum:
		return &CapacityError{AboveMaximum, capacity, r}
	case capacity != r.minimum() && capacity%r.step() != 0:
		return &CapacityError{NotAStep, capacity, r}
	}
	return nil
}

// RoundUp returns the least deployable capacity that is not below raw. It
// ignores Maximum: a need beyond it has to be split, and the caller says so.
func (r Rule) RoundUp(raw float64) int {
	if raw <= float64(r.minimum()) || math.IsNaN(raw) {
		return r.minimum()
	}
	// A hair is taken off so that 150.00000000000003 units, an artefact of
	// floating point, do not cost another step.
	steps := math.Ceil(raw/float64(r.step()) - 1e-9)
	if steps > float64(math.MaxInt32) {
		return math.MaxInt32
	}
	return max(r.minimum(), int(steps)*r.step())
}

// RoundDown returns the largest deployable capacity that is not above n, or 0
// when even the minimum does not fit.
func (r Rule) RoundDown(n int) int {
	if r.Maximum > 0 {
		n = min(n, r.Maximum)
	}
	if n < r.minimum() {
		return 0
	}
	return max(r.minimum(), n/r.step()*r.step())
}

// Next returns the deployable capacities on either side of capacity: the
// largest not above it (0 when there is none) and the least not below it.
func (r Rule) Next(capacity int) (below, above int) {
	return r.RoundDown(capacity), r.RoundUp(float64(capacity))
}

func (r Rule) minimum() int { return max(r.Minimum, 1) }
func (r Rule) step() int    { return max(r.Step, 1) }
