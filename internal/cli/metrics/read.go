package metrics

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/cli/session"
)

// Row is what one deployment did in a window, as -o json shows it. Its field
// names are a contract. A figure that Azure Monitor has none of is null.
type Row struct {
	Account        string           `json:"account"`
	Deployment     string           `json:"deployment"`
	SubscriptionID string           `json:"subscriptionId"`
	ResourceGroup  string           `json:"resourceGroup"`
	Location       string           `json:"location"`
	SKU            string           `json:"sku"`      // "" when the deployment could not be read
	Capacity       int              `json:"capacity"` // 0 when the deployment could not be read
	State          string           `json:"provisioningState"`
	Model          string           `json:"model"`
	Version        string           `json:"version"`
	From           *time.Time       `json:"from"`
	To             *time.Time       `json:"to"`
	StepSeconds    int              `json:"stepSeconds"`
	Requests       int64            `json:"requests"`
	ByStatus       map[string]int64 `json:"requestsByStatus"`
	Spilled        int64            `json:"spilledOver"`
	PromptTokens   int64            `json:"promptTokens"`
	OutputTokens   int64            `json:"outputTokens"`
	CachedShare    *float64         `json:"cachedShare"`
	Utilization    *float64         `json:"utilization"`     // mean; 1 is 100 %
	Peak           *float64         `json:"peakUtilization"` // highest step
	ResponseMs     *float64         `json:"timeToResponseMs"`
	TotalMs        *float64         `json:"timeToLastByteMs"`
	Points         []Point          `json:"points"`
}

// Point is one step of a Row.
type Point struct {
	At           time.Time        `json:"at"`
	Requests     int64            `json:"requests"`
	ByStatus     map[string]int64 `json:"requestsByStatus"`
	Spilled      int64            `json:"spilledOver"`
	PromptTokens int64            `json:"promptTokens"`
	OutputTokens int64            `json:"outputTokens"`
	Utilization  *float64         `json:"utilization"`
	Peak         *float64         `json:"peakUtilization"`
	ResponseMs   *float64         `json:"timeToResponseMs"`
	TotalMs      *float64         `json:"timeToLastByteMs"`
}

// Refused is how many calls were answered 429.
func (r Row) Refused() int64 { return r.ByStatus["429"] }

// Failed is how many calls ended in a server error.
func (r Row) Failed() int64 {
	var n int64
	for status, count := range r.ByStatus {
		if strings.HasPrefix(status, "5") {
			n += count
		}
	}
	return n
}

// Window is how much is looked at.
type Window struct {
	Last time.Duration
	Step time.Duration // 0: the finest that has at most 180 points
}

// ask is the window as Azure Monitor is asked for it. The last hour is left to
// the service, whose clock counts.
func (w Window) ask(now time.Time) monitor.Window {
	asked := monitor.Window{Step: cmp.Or(w.Step, monitor.StepFor(w.Last))}
	if w.Last > time.Hour {
		asked.From, asked.To = now.Add(-w.Last), now
	}
	return asked
}

// Read finds out what the deployments of accounts did; name, unless "", is the
// one that is meant. Where deployments may not be listed, those that Azure
// Monitor knows are all.
func Read(ctx context.Context, s *session.Session, accounts []arm.Account, name string, w Window) ([]Row, error) {
	asked := w.ask(s.Env.Now())
	deployed := make([][]arm.Deployment, len(accounts))
	var did []monitor.Series
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(session.Parallel)
	for i, a := range accounts {
		group.Go(func() error {
			found, err := s.ARM.Deployments(inner, a.AccountRef)
			if err != nil && arm.KindOf(err) != arm.Permission {
				return err
			}
			deployed[i] = found
			return nil
		})
	}
	group.Go(func() (err error) {
		did, err = readMonitor(inner, s, accounts, asked)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, session.Explain(s.Env, err)
	}
	return assemble(accounts, deployed, did, name, w.Last), nil
}

// readMonitor asks each region, and each subscription in it, once.
func readMonitor(ctx context.Context, s *session.Session, accounts []arm.Account, asked monitor.Window) ([]monitor.Series, error) {
	type place struct{ region, subscription string }
	places := map[place][]arm.AccountRef{}
	for _, a := range accounts {
		at := place{arm.Fold(a.Location), a.SubscriptionID}
		places[at] = append(places[at], a.AccountRef)
	}
	order := slices.SortedFunc(maps.Keys(places), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.region, b.region), cmp.Compare(a.subscription, b.subscription))
	})
	found := make([][]monitor.Series, len(order))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(session.Parallel)
	for i, at := range order {
		group.Go(func() error {
			client, err := s.Metrics(at.region)
			if err != nil {
				return err
			}
			found[i], err = client.Deployments(inner, places[at], asked)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

// assemble joins what there is with what it did, in the accounts' order.
func assemble(accounts []arm.Account, deployed [][]arm.Deployment, did []monitor.Series, name string, last time.Duration) []Row {
	rows := []Row{}
	seen := map[string]bool{}
	add := func(a arm.Account, d arm.Deployment, series monitor.Series) {
		if name != "" && !strings.EqualFold(name, d.DeploymentRef.Deployment) {
			return
		}
		row := Row{
			Account: d.Account, Deployment: d.DeploymentRef.Deployment, SubscriptionID: d.SubscriptionID, ResourceGroup: d.ResourceGroup,
			Location: arm.Fold(a.Location), SKU: d.SKU, Capacity: d.Capacity, State: d.State, Model: d.Model.Name, Version: d.Model.Version,
			ByStatus: map[string]int64{}, Points: []Point{},
		}
		row.take(series, last)
		rows = append(rows, row)
	}
	byID := map[string]monitor.Series{}
	byAccount := map[string][]monitor.Series{}
	for _, one := range did {
		id, account := strings.ToLower(one.Ref.ID()), strings.ToLower(one.Ref.AccountRef.ID())
		if _, twice := byID[id]; !twice {
			byID[id] = one
		}
		byAccount[account] = append(byAccount[account], one)
	}
	for i, a := range accounts {
		for _, d := range deployed[i] {
			id := strings.ToLower(d.DeploymentRef.ID())
			seen[id] = true
			add(a, d, byID[id])
		}
		for _, one := range byAccount[strings.ToLower(a.ID())] { // deleted since, or not to be read
			if !seen[strings.ToLower(one.Ref.ID())] {
				add(a, arm.Deployment{DeploymentRef: one.Ref}, one)
			}
		}
	}
	return rows
}

// take sums the points of series that lie in the last stretch of its window.
func (r *Row) take(series monitor.Series, last time.Duration) {
	if series.End.IsZero() {
		return
	}
	from := series.End.Add(-last)
	r.From, r.To, r.StepSeconds = &from, &series.End, int(series.Step/time.Second)
	var used, response, total, cached mean
	for _, p := range series.Points {
		if p.At.Add(series.Step).Before(from) || p.At.Before(from.Add(-series.Step)) {
			continue
		}
		point := Point{
			At: p.At, Requests: p.Calls(), ByStatus: p.Requests, Spilled: p.Spilled, PromptTokens: p.Prompt, OutputTokens: p.Output,
			Utilization: p.Used, Peak: p.Peak, ResponseMs: inMs(p.Response), TotalMs: inMs(p.Whole),
		}
		if point.ByStatus == nil {
			point.ByStatus = map[string]int64{}
		}
		r.Points = append(r.Points, point)
		r.Requests += point.Requests
		r.Spilled += p.Spilled
		r.PromptTokens += p.Prompt
		r.OutputTokens += p.Output
		for status, n := range p.Requests {
			r.ByStatus[status] += n
		}
		used.add(p.Used, 1)
		if p.Peak != nil && (r.Peak == nil || *p.Peak > *r.Peak) {
			r.Peak = p.Peak
		}
		response.add(point.ResponseMs, point.Requests)
		total.add(point.TotalMs, point.Requests)
		cached.add(p.Cached, p.Prompt)
	}
	r.Utilization, r.ResponseMs, r.TotalMs, r.CachedShare = used.value(), response.value(), total.value(), cached.value()
}

// mean is a mean of values with weights; those not known do not count.
type mean struct {
	sum    float64
	weight int64
}

func (m *mean) add(v *float64, weight int64) {
	if v != nil && weight > 0 {
		m.sum += *v * float64(weight)
		m.weight += weight
	}
}

func (m *mean) value() *float64 {
	if m.weight == 0 {
		return nil
	}
	v := m.sum / float64(m.weight)
	return &v
}

func inMs(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	ms := float64(*d) / float64(time.Millisecond)
	return &ms
}
