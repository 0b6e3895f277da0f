package state

import (
	"strings"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// twoWeeks is how long after a new default version the service may take to
// move the deployments that follow it.
const twoWeeks = 14 * 24 * time.Hour

// fate works out what time will do to a deployment next: at when it is moved
// to another model, or, with a zero target, stops answering. A zero when means
// nothing is ahead.
//
//   - OnceNewDefaultVersionAvailable: within two weeks after a new default
//     version was named, or after automatic upgrades to the replacement began.
//   - OnceCurrentVersionExpired, and null: on the day of retirement.
//   - NoAutoUpgrade: never; it stops answering on that day.
//
// Automatic upgrades exist for deployments billed by the token alone; a
// provisioned one stops on the day ("Working with models", 2026-02-12).
func (s *Store) fate(d *Deployment) (when time.Time, target ModelRef) {
	if d.State != "Succeeded" || !d.Retired.IsZero() {
		return time.Time{}, ModelRef{}
	}
	m, ok := s.ModelOf(d.InForceModel)
	if !ok {
		return time.Time{}, ModelRef{}
	}
	sku, _ := m.sku(d.SKU)
	gone := m.retires(sku)
	if !ptu.IsStandard(d.SKU) || d.UpgradeOption == NoAutoUpgrade {
		return gone, ModelRef{}
	}
	if d.UpgradeOption == OnceNewDefault {
		if start, to := s.newDefault(m, d.SKU); !start.IsZero() {
			if at := later(start, d.Modified).Add(spread(d.ID(), twoWeeks)); gone.IsZero() || at.Before(gone) {
				return at, to
			}
		}
	}
	if gone.IsZero() {
		return time.Time{}, ModelRef{}
	}
	return gone, s.successor(m, d.SKU, gone)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// newDefault finds what deployments of m that follow the default will be moved
// to, and since when. A preview follows previews, a release follows releases.
func (s *Store) newDefault(m Model, sku string) (since time.Time, to ModelRef) {
	if p, ok := s.world.Defaults[fold(m.Name)]; ok && !strings.EqualFold(p.Version, m.Version) {
		for _, other := range s.models {
			if strings.EqualFold(other.Name, m.Name) && strings.EqualFold(other.Version, p.Version) && (other.Lifecycle == "Preview") == (m.Lifecycle == "Preview") {
				if _, ok := other.sku(sku); ok {
					return p.Since, other.ref()
				}
			}
		}
	}
	if m.Lifecycle == "Preview" {
		return s.newPreview(m, sku)
	}
	if m.Replacement.Name == "" {
		return time.Time{}, ModelRef{}
	}
	to = s.successor(m, sku, m.Replacement.Start)
	if to == (ModelRef{}) {
		return time.Time{}, to
	}
	return m.Replacement.Start, to
}

// newPreview finds the preview that follows the preview m, from two weeks after
// its release on.
func (s *Store) newPreview(m Model, sku string) (since time.Time, to ModelRef) {
	for _, other := range s.models {
		if other.Name != m.Name || other.Lifecycle != "Preview" || !other.Created.After(m.Created) {
			continue
		}
		if _, ok := other.sku(sku); ok && (since.IsZero() || other.Created.After(since)) {
			since, to = other.Created, other.ref()
		}
	}
	if since.IsZero() {
		return since, to
	}
	return since.Add(twoWeeks), to
}

// successor is what a deployment of m moves to at a date: the model's default
// version if that outlives the date, else the replacement that is announced.
func (s *Store) successor(m Model, sku string, at time.Time) ModelRef {
	fits := func(other Model) bool {
		offered, ok := other.sku(sku)
		if !ok || other.Name == m.Name && other.Version == m.Version {
			return false
		}
		gone := other.retires(offered)
		return gone.IsZero() || gone.After(at)
	}
	for _, other := range s.models {
		if other.Name == m.Name && s.isDefault(other) && fits(other) {
			return other.ref()
		}
	}
	for _, other := range s.models {
		if other.Name == m.Replacement.Name && s.isDefault(other) && fits(other) {
			return other.ref()
		}
	}
	return ModelRef{}
}

func (m Model) ref() ModelRef { return ModelRef{Format: m.Format, Name: m.Name, Version: m.Version} }

// age lets every deployment meet its fate up to the present, several times
// over when much time has passed.
func (s *Store) age() bool {
	changed := false
	for _, d := range s.world.Deployments {
		for range 8 {
			when, target := s.fate(d)
			if when.IsZero() || when.After(s.now) {
				break
			}
			changed = true
			if target == (ModelRef{}) {
				d.Retired = when
			} else {
				d.Model, d.InForceModel, d.Modified = target, target, when
			}
			d.ETag, d.Epoch = s.tag(), s.epoch()
		}
	}
	return changed
}

// SetDefault names another version the default of its model from now on.
func (s *Store) SetDefault(model, version string) error {
	defer s.lock()()
	m, ok := s.ModelOf(ModelRef{Name: model, Version: version})
	if !ok {
		return Refuse(404, "ModelNotFound", "There is no version '%s' of model '%s'.", version, model)
	}
	s.world.Defaults[fold(m.Name)] = promotion{Version: m.Version, Since: s.now}
	s.changed()
	return nil
}
