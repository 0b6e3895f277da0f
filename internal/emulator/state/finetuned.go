package state

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// FineTuned is a model of an account's own: a base model that was trained on.
// Only that account can deploy it, or one that names it as the source.
type FineTuned struct {
	Base    ModelRef
	Name    string
	Version string
	Created time.Time // virtual
}

// fineTunedVersion is the version of every fine-tuned model.
const fineTunedVersion = "1"

// fineTunedRow is the quota row that counts the fine-tuned deployments billed
// by the token, whatever their capacity.
var fineTunedRow = Row{Name: "OpenAI.FineTuned.Deployments", Label: "Standard Fine-Tuned Deployments", Limit: fineTuned}

var suffixForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9-]{0,40}$`) })

// FineTune gives an account a fine-tuned model. It stands for the training job
// that would have made it: there is no training here. The name is formed as the
// service's are: base model, version, "ft", an id, and the suffix if there is
// one.
func (s *Store) FineTune(account string, base ModelRef, suffix string) (FineTuned, error) {
	defer s.lock()()
	a, err := s.account(account)
	if err != nil {
		return FineTuned{}, err
	}
	if !suffixForm().MatchString(suffix) {
		return FineTuned{}, invalidProperties("The suffix '%s' is not valid. It has up to 40 letters, digits and hyphens.", suffix)
	}
	from, err := s.pick(a, base, nil)
	if err != nil {
		return FineTuned{}, err
	}
	if from.FineTune == nil {
		return FineTuned{}, invalidProperties("The model '%s %s' cannot be fine-tuned in this region '%s'.", from.Name, from.Version, Normalize(a.Location))
	}
	name := from.Name + "-" + from.Version + ".ft-" + hex.EncodeToString(s.bytes(16))
	if suffix != "" {
		name += "-" + suffix
	}
	made := FineTuned{Base: from.ref(), Name: name, Version: fineTunedVersion, Created: s.now}
	s.world.FineTuned[fold(a.ID())] = append(s.world.FineTuned[fold(a.ID())], made)
	s.indexTuned()
	s.changed()
	return made, nil
}

// FineTuned lists the fine-tuned models of an account, as its region offers
// them.
func (s *Store) FineTuned(account string) ([]Model, error) {
	defer s.lock()()
	a, err := s.account(account)
	if err != nil {
		return nil, err
	}
	region, _ := RegionOf(a.Location)
	var list []Model
	for _, f := range s.world.FineTuned[fold(a.ID())] {
		if m, ok := s.ModelOf(ModelRef{Name: f.Name, Version: f.Version}); ok {
			list = append(list, m.in(region))
		}
	}
	return list, nil
}

// indexTuned lets ModelOf find the fine-tuned models. It must follow every
// change of them.
func (s *Store) indexTuned() {
	tuned := map[string]Model{}
	for _, of := range s.world.FineTuned {
		for _, f := range of {
			if base, ok := s.published(f.Base); ok {
				tuned[fold(f.Name+"|"+f.Version)] = base.tuned(f)
			}
		}
	}
	s.tuned.Store(&tuned)
}

// tuned is the fine-tuned model f of the base m. It is deployed, limited and
// retired as its base is, but never upgraded to anything else.
func (m Model) tuned(f FineTuned) Model {
	m.Base, m.Name, m.Version, m.Created = f.Base, f.Name, f.Version, f.Created
	m.Default, m.Replacement, m.FineTune = false, Replacement{}, nil
	m.Capabilities = maps.Clone(m.Capabilities)
	m.SKUs = slices.Clone(m.SKUs)
	return m
}

// owns tells whether an account may deploy a fine-tuned model: its own, or that
// of the account which the order names as the source.
func (s *Store) owns(account string, want ModelRef) bool {
	if want.Source != "" {
		account = want.Source
	}
	return slices.ContainsFunc(s.world.FineTuned[fold(account)], func(f FineTuned) bool {
		return strings.EqualFold(f.Name, want.Name) && (want.Version == "" || strings.EqualFold(f.Version, want.Version))
	})
}

// countsTuned tells whether a deployment counts in fineTunedRow.
func (s *Store) countsTuned(d Deployment) bool {
	m, ok := s.ModelOf(d.Model)
	return ok && m.Base.Name != "" && ptu.IsStandard(d.SKU)
}

// affordTuned judges the number of fine-tuned deployments.
func (s *Store) affordTuned(a *Account, region Region, want Deployment, old *Deployment) error {
	if !s.countsTuned(want) || old != nil && old.State != "Failed" && s.countsTuned(*old) {
		return nil
	}
	limit, used := s.limit(a.Subscription, region, fineTunedRow), s.used(a.Subscription, region, fineTunedRow.Name)
	if used < limit {
		return nil
	}
	return insufficientQuota(1, limit, used, fineTunedRow)
}
