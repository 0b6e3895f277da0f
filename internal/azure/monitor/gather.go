package monitor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"

	"github.com/azptu/azptu/internal/azure/arm"
)

// gathering collects what several requests say of the same deployments, by
// folded resource id.
type gathering map[string]*gathered

type gathered struct {
	ref    arm.DeploymentRef
	points map[time.Time]*Point
	end    time.Time
	step   time.Duration
}

// add takes over the answer for one account. What cannot be understood in it
// is left out: a figure less is better than none at all.
func (g gathering) add(resource azmetrics.MetricData, step time.Duration) {
	id, err := arm.ParseID(text(resource.ResourceID))
	if err != nil {
		return
	}
	account, ok := id.Account()
	if !ok {
		return
	}
	end, _ := time.Parse(time.RFC3339, text(resource.EndTime))
	for _, metric := range resource.Values {
		if metric.Name == nil {
			continue
		}
		for _, one := range metric.TimeSeries {
			labels := labelsOf(one.MetadataValues)
			name := labels["modeldeploymentname"]
			if name == "" {
				continue
			}
			at := g.of(arm.DeploymentRef{AccountRef: account, Deployment: name}, end, step)
			for _, value := range one.Data {
				if value.TimeStamp != nil {
					at.point(*value.TimeStamp).take(text(metric.Name.Value), labels, value)
				}
			}
		}
	}
}

func (g gathering) of(ref arm.DeploymentRef, end time.Time, step time.Duration) *gathered {
	key := strings.ToLower(ref.ID())
	if g[key] == nil {
		g[key] = &gathered{ref: ref, points: map[time.Time]*Point{}, end: end, step: step}
	}
	return g[key]
}

func (g *gathered) point(at time.Time) *Point {
	at = at.UTC()
	if g.points[at] == nil {
		g.points[at] = &Point{At: at}
	}
	return g.points[at]
}

// take puts one value where it belongs.
func (p *Point) take(metric string, labels map[string]string, v azmetrics.MetricValue) {
	switch strings.ToLower(metric) {
	case "azureopenairequests":
		n := whole(v.Total)
		if n == 0 {
			return
		}
		if p.Requests == nil {
			p.Requests = map[string]int64{}
		}
		p.Requests[labels["statuscode"]] += n
		if strings.EqualFold(labels["isspillover"], "true") {
			p.Spilled += n
		}
	case "processedprompttokens":
		p.Prompt += whole(v.Total)
	case "generatedtokens":
		p.Output += whole(v.Total)
	case "azureopenaiprovisionedmanagedutilizationv2":
		p.Used, p.Peak = share(v.Average), share(v.Maximum)
	case "azureopenaicontexttokenscachematchrate":
		p.Cached = share(v.Average)
	case "azureopenaitimetoresponse":
		p.Response = milliseconds(v.Average)
	case "azureopenaittltinms":
		p.Whole = milliseconds(v.Average)
	}
}

// series is everything gathered, by account and deployment.
func (g gathering) series() []Series {
	all := make([]Series, 0, len(g))
	for _, one := range g {
		s := Series{Ref: one.ref, End: one.end, Step: one.step, Points: make([]Point, 0, len(one.points))}
		for _, p := range one.points {
			s.Points = append(s.Points, *p)
		}
		slices.SortFunc(s.Points, func(a, b Point) int { return a.At.Compare(b.At) })
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Ref.Account, b.Ref.Account), cmp.Compare(a.Ref.Deployment, b.Ref.Deployment))
	})
	return all
}

func labelsOf(metadata []azmetrics.MetadataValue) map[string]string {
	labels := map[string]string{}
	for _, m := range metadata {
		if m.Name != nil {
			labels[strings.ToLower(text(m.Name.Value))] = text(m.Value)
		}
	}
	return labels
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func whole(v *float64) int64 {
	if v == nil {
		return 0
	}
	return int64(*v + 0.5)
}

func share(percent *float64) *float64 {
	if percent == nil {
		return nil
	}
	s := *percent / 100
	return &s
}

func milliseconds(v *float64) *time.Duration {
	if v == nil {
		return nil
	}
	d := time.Duration(*v * float64(time.Millisecond))
	return &d
}
