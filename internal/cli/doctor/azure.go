package doctor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/session"
)

// identity is who signed in, as the token says. It is looked at for what it
// says about the caller and trusted for nothing.
type identity struct {
	Object string `json:"oid"`
	App    string `json:"appid"`
	User   string `json:"upn"`
	Tenant string `json:"tid"`
}

func (i identity) known() bool { return i != identity{} }

func (i identity) name() string {
	for _, s := range []string{i.User, i.App, i.Object} {
		if s != "" {
			return s
		}
	}
	return "?"
}

func identityOf(token string) identity {
	who := identity{Object: "?"}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return who
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return who
	}
	var claims identity
	if json.Unmarshal(raw, &claims) != nil || !claims.known() {
		return who
	}
	return claims
}

func checkSignIn(ctx context.Context, w *ward) []Finding {
	token, err := w.session.ManagementToken(ctx)
	if err != nil {
		told := session.Explain(w.env, arm.AsError(err))
		return []Finding{explained(w.failed("sign-in.failed", "Error", firstLine(told.Error())), told)}
	}
	w.identity = identityOf(token)
	return []Finding{w.ok("sign-in.ok", "Who", w.identity.name(), "Tenant", w.identity.Tenant)}
}

// get asks an address for anything at all; every answer proves that it is there.
func (w *ward) get(ctx context.Context, client *http.Client, address string) (date time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return date, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return date, arm.AsError(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	date, err = http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, nil // an answer all the same
	}
	return date, nil
}

// unreachable words why an address did not answer.
func (w *ward) unreachable(name, address string, err error) Finding {
	told := session.Explain(w.env, err)
	if errors.Is(err, context.DeadlineExceeded) {
		return w.failed(name, "Address", address, "Error", w.env.T("doctor.no-answer", "Seconds", int(w.timeout.Seconds())))
	}
	return explained(w.failed(name, "Address", address, "Error", firstLine(told.Error())), told)
}

func checkManager(ctx context.Context, w *ward) []Finding {
	if _, err := w.get(ctx, w.session.HTTP(), w.session.Cloud.ARM); err != nil {
		return []Finding{w.unreachable("manager.unreachable", w.session.Cloud.ARM, err)}
	}
	return []Finding{w.ok("manager.ok", "Address", w.session.Cloud.ARM)}
}

// Skews of the clock. Entra refuses tokens that are used five minutes early or
// late; a minute is where metrics and logs begin to be hard to read.
const (
	noticed = time.Minute
	refused = 5 * time.Minute
)

func checkClock(ctx context.Context, w *ward) []Finding {
	begun := w.env.Now()
	date, err := w.get(ctx, w.session.HTTP(), w.session.Cloud.ARM)
	if err != nil || date.IsZero() {
		return []Finding{w.skipped("clock.unknown")}
	}
	middle := begun.Add(w.env.Now().Sub(begun) / 2)
	skew := middle.Sub(date).Round(time.Second)
	switch {
	case skew.Abs() >= refused:
		return []Finding{w.failed("clock.wrong", "Skew", skew.String())}
	case skew.Abs() >= noticed:
		return []Finding{w.warning("clock.off", "Skew", skew.String())}
	}
	return []Finding{w.ok("clock.ok", "Skew", skew.String())}
}

func checkPrices(ctx context.Context, w *ward) []Finding {
	address := w.session.Cloud.Prices
	if address == "" {
		return []Finding{w.skipped("prices.none")}
	}
	if _, err := w.get(ctx, w.session.HTTP(), address); err != nil {
		f := w.unreachable("prices.unreachable", address, err)
		f.Status = Warning // the catalog's prices are used then
		return []Finding{f}
	}
	return []Finding{w.ok("prices.ok", "Address", address)}
}

func checkSubscription(ctx context.Context, w *ward) []Finding {
	all, err := w.session.ARM.Subscriptions(ctx)
	if err != nil {
		told := session.Explain(w.env, err)
		return []Finding{explained(w.failed("subscription.unread", "Error", firstLine(told.Error())), told)}
	}
	if len(all) == 0 {
		return []Finding{w.failed("subscription.none", "Who", w.identity.name())}
	}
	id, err := w.session.Subscription(ctx, w.scope)
	if err != nil {
		return []Finding{explained(w.failed("subscription.unnamed", "Count", len(all)), err)}
	}
	for _, one := range all {
		if strings.EqualFold(one.ID, id) {
			w.subscription = one.ID
			if one.State != "" && !strings.EqualFold(one.State, "Enabled") {
				return []Finding{w.failed("subscription.state", "Name", one.Name, "State", one.State)}
			}
			w.accounts, _ = w.session.ARM.Accounts(ctx, one.ID)
			return []Finding{w.ok("subscription.ok", "Name", one.Name, "ID", one.ID)}
		}
	}
	return []Finding{w.failed("subscription.unseen", "ID", id, "Who", w.identity.name())}
}

func checkProvider(ctx context.Context, w *ward) []Finding {
	const namespace = "Microsoft.CognitiveServices"
	state, err := w.session.ARM.ProviderState(ctx, w.subscription, namespace)
	switch {
	case err != nil:
		return []Finding{w.skipped("provider.unread", "Error", firstLine(err.Error()))}
	case !strings.EqualFold(state, "Registered"):
		return []Finding{hinted(w.failed("provider.unregistered", "Name", namespace, "State", state), "az provider register --namespace "+namespace)}
	}
	return []Finding{w.ok("provider.ok", "Name", namespace)}
}
