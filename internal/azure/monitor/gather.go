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
	points map[time.Time]*both
	end    time.Time
	step   time.Duration
}

// both is a step as the two families of metrics tell it: that of OpenAI's
// models, and that of all.
type both struct{ openAI, all Point }

// add takes over the answer for one account. What cannot be understood in it
// is left out: a figure less is better than none at all. A metric that Azure
// says it could not read is an error: nobody may take it for nothing.
func (g gathering) add(resource azmetrics.MetricData, step time.Duration) (end time.Time, err error) {
	end, _ = time.Parse(time.RFC3339, text(resource.EndTime))
	id, err := arm.ParseID(text(resource.ResourceID))
	if err != nil {
		return end, nil
	}
	account, ok := id.Account()
	if !ok {
		return end, nil
	}
	for _, metric := range resource.Values {
		if metric.Name == nil {
			continue
		}
		if code := text(metric.ErrorCode); code != "" && !strings.EqualFold(code, "Success") {
			return end, &arm.Error{Kind: arm.Unavailable, Code: code, Message: text(metric.ErrorMessage)}
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
					at.take(*value.TimeStamp, text(metric.Name.Value), labels, value)
				}
			}
		}
	}
	return end, nil
}

func (g gathering) of(ref arm.DeploymentRef, end time.Time, step time.Duration) *gathered {
	key := strings.ToLower(ref.ID())
	if g[key] == nil {
		g[key] = &gathered{ref: ref, points: map[time.Time]*both{}, end: end, step: step}
	}
	return g[key]
}

// take puts one value where it belongs.
func (g *gathered) take(at time.Time, metric string, labels map[string]string, v azmetrics.MetricValue) {
	at = at.UTC()
	if g.points[at] == nil {
		g.points[at] = &both{Point{At: at}, Point{At: at}}
	}
	b := g.points[at]
	switch strings.ToLower(metric) {
	case "azureopenairequests":
		b.openAI.count(labels, v)
	case "modelrequests":
		b.all.count(labels, v)
	case "processedprompttokens":
		b.openAI.Prompt += whole(v.Total)
	case "inputtokens":
		b.all.Prompt += whole(v.Total)
	case "generatedtokens":
		b.openAI.Output += whole(v.Total)
	case "outputtokens":
		b.all.Output += whole(v.Total)
	case "azureopenaiprovisionedmanagedutilizationv2":
		b.openAI.Used, b.openAI.Peak = share(v.Average), share(v.Maximum)
	case "provisionedutilization":
		b.all.Used, b.all.Peak = share(v.Average), share(v.Maximum)
	case "azureopenaicontexttokenscachematchrate":
		b.openAI.Cached = share(v.Average)
	case "azureopenaitimetoresponse":
		b.openAI.Response = milliseconds(v.Average)
	case "timetoresponse":
		b.all.Response = milliseconds(v.Average)
	case "azureopenaittltinms":
		b.openAI.Whole = milliseconds(v.Average)
	case "timetolastbyte":
		b.all.Whole = milliseconds(v.Average)
	}
}

// count adds requests of one status.
func (p *Point) count(labels map[string]string, v azmetrics.MetricValue) {
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
}

// point is the step: what one family does not tell is taken from the other.
// Both count the calls of OpenAI's models, so the greater counts.
func (b *both) point() Point {
	p := b.openAI
	if b.all.Calls() > p.Calls() {
		p.Requests, p.Spilled = b.all.Requests, b.all.Spilled
	}
	p.Prompt, p.Output = max(p.Prompt, b.all.Prompt), max(p.Output, b.all.Output)
	p.Used, p.Peak = cmp.Or(p.Used, b.all.Used), cmp.Or(p.Peak, b.all.Peak)
	p.Response, p.Whole = cmp.Or(p.Response, b.all.Response), cmp.Or(p.Whole, b.all.Whole)
	return p
}

// series is everything gathered, by account and deployment.
func (g gathering) series() []Series {
	all := make([]Series, 0, len(g))
	for _, one := range g {
		s := Series{Ref: one.ref, End: one.end, Step: one.step, Points: make([]Point, 0, len(one.points))}
		for _, p := range one.points {
			s.Points = append(s.Points, p.point())
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
