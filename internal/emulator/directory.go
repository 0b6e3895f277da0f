package emulator

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/emulator/entra"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/state"
)

// directory shows the state to the data plane. Everything it answers comes from
// a snapshot: nothing here waits for the control plane.
type directory struct {
	state *state.Store
	entra *entra.Service
	shown atomic.Pointer[showing]
}

// showing is a snapshot of the state in the data plane's own terms.
type showing struct {
	of          *state.View
	deployments map[string]map[string]openai.Deployment // by folded account id and name
}

// view returns the present snapshot, translated anew when it has changed.
func (d *directory) view() (*state.View, *showing) {
	v := d.state.View()
	if s := d.shown.Load(); s != nil && s.of == v {
		return v, s
	}
	s := &showing{of: v, deployments: map[string]map[string]openai.Deployment{}}
	for _, a := range v.Accounts() {
		of := map[string]openai.Deployment{}
		for _, dep := range v.Deployments(a.ID()) {
			of[strings.ToLower(dep.Name)] = d.show(a, dep)
		}
		s.deployments[strings.ToLower(a.ID())] = of
	}
	d.shown.Store(s)
	return v, s
}

// byToken begins the account of a request that came to the shared listener
// with a token and may therefore mean any account that its principal may use.
const byToken = "token:"

// Refusals of the data plane. The first two texts are the service's; that of a
// missing role is as Azure OpenAI words it.
var (
	badKey = &openai.AuthError{Status: http.StatusUnauthorized, Code: "401",
		Message: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}
	badToken = &openai.AuthError{Status: http.StatusUnauthorized, Code: "401",
		Message: "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}
	noKeys = &openai.AuthError{Status: http.StatusForbidden, Code: "AuthenticationTypeDisabled", Message: "Key based authentication is disabled for this resource."}
)

// Authorize implements openai.Directory. A key counts before a token; a bearer
// "token" that is a key is taken as one, for clients of the OpenAI API send
// keys that way.
func (d *directory) Authorize(ctx context.Context, hint, key, bearer string) (string, error) {
	v := d.state.View()
	if key == "" {
		if _, isKey := v.Key(bearer); isKey {
			key, bearer = bearer, ""
		}
	}
	if key != "" {
		return d.byKey(v, hint, key)
	}
	if bearer == "" {
		return "", badKey
	}
	who, err := d.entra.Verify(ctx, bearer, entra.DataPlane...)
	if err != nil {
		if errors.Is(err, entra.ErrInvalid) && strings.Count(bearer, ".") != 2 {
			return "", badKey // no token at all, so a key, and a wrong one
		}
		return "", badToken
	}
	account := hint
	if account == "" {
		account = v.Default
		if !v.MayInfer(who.ObjectID, account) {
			if !d.mayInferAnywhere(v, who.ObjectID) {
				return "", lacks(who)
			}
		}
		return byToken + who.ObjectID, nil
	}
	if !v.MayInfer(who.ObjectID, account) {
		return "", lacks(who)
	}
	return account, nil
}

func (d *directory) byKey(v *state.View, hint, key string) (string, error) {
	holder, ok := v.Key(key)
	switch {
	case !ok, hint != "" && !strings.EqualFold(holder.Account, hint):
		return "", badKey
	case holder.Disabled:
		return "", noKeys
	}
	return holder.Account, nil
}

func (d *directory) mayInferAnywhere(v *state.View, object string) bool {
	for _, a := range v.Accounts() {
		if v.MayInfer(object, a.ID()) {
			return true
		}
	}
	return false
}

func lacks(who entra.Identity) error {
	return &openai.AuthError{Status: http.StatusForbidden, Code: "PermissionDenied",
		Message: "The principal `" + who.ObjectID + "` lacks the required data action `" + state.Inference + "` to perform this operation."}
}

// Deployment implements openai.Directory. A token on the shared listener means
// the first account, or else the only account that has the deployment.
func (d *directory) Deployment(account, name string) (openai.Deployment, bool) {
	v, shown := d.view()
	name = strings.ToLower(name)
	object, shared := strings.CutPrefix(account, byToken)
	if !shared {
		dep, ok := shown.deployments[account][name]
		return dep, ok
	}
	if dep, ok := shown.deployments[v.Default][name]; ok && v.MayInfer(object, v.Default) {
		return dep, true
	}
	var only openai.Deployment
	n := 0
	for id, of := range shown.deployments {
		if dep, ok := of[name]; ok && v.MayInfer(object, id) {
			only = dep
			n++
		}
	}
	return only, n == 1
}

// Deployments implements openai.Directory.
func (d *directory) Deployments(account string) []openai.Deployment {
	v, shown := d.view()
	if strings.HasPrefix(account, byToken) {
		account = v.Default
	}
	of := shown.deployments[account]
	list := make([]openai.Deployment, 0, len(of))
	for _, dep := range of {
		list = append(list, dep)
	}
	slices.SortFunc(list, func(a, b openai.Deployment) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// FineTuned implements openai.Tuned.
func (d *directory) FineTuned(account string) []openai.FineTunedModel {
	if strings.HasPrefix(account, byToken) {
		account = d.state.View().Default
	}
	models, err := d.state.FineTuned(account)
	if err != nil {
		return nil // the account has gone meanwhile
	}
	var list []openai.FineTunedModel
	for _, m := range models {
		list = append(list, openai.FineTunedModel{Name: m.Name, Base: m.Base.Name, BaseVersion: m.Base.Version, Created: m.Created})
	}
	return list
}

// show is a deployment as the data plane sees it: what is in force, not what
// an operation is about to make of it.
func (d *directory) show(a state.Account, dep state.Deployment) openai.Deployment {
	region, _ := state.RegionOf(a.Location)
	out := openai.Deployment{
		ID: dep.ID(), Account: strings.ToLower(a.ID()), Name: dep.Name, Location: region.Name, LocationDisplay: region.Display,
		Model: dep.InForceModel.Name, Version: dep.InForceModel.Version, Format: dep.InForceModel.Format, SKU: dep.SKU, State: dep.State,
		Spillover: dep.Spillover, RAIPolicy: dep.RAIPolicy, UpgradeOption: dep.UpgradeOption, Capacity: dep.InForceCapacity,
		Paused: dep.Paused, Retired: dep.Retired, Epoch: dep.Epoch,
	}
	if m, ok := d.state.ModelOf(dep.InForceModel); ok {
		out.Base, out.BaseVersion = m.Base.Name, m.Base.Version
		if sku, ok := m.SKU(dep.SKU); ok {
			for _, r := range sku.RateLimits {
				switch r.Key {
				case "token":
					out.RateTokens = r.Count * dep.InForceCapacity
				case "request":
					out.RateRequests, out.RatePeriod = r.Count*dep.InForceCapacity, time.Duration(r.Seconds)*time.Second
				}
			}
		}
	}
	return out
}
