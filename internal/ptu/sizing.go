package ptu

import "math"

// Throughput is what one unit does for a model, as Microsoft publishes it.
// Both figures are dated: they change with the published tables.
type Throughput struct {
	InputTPMPerPTU float64 // normalized (input) tokens per minute that one unit serves
	OutputRatio    float64 // input tokens that one output token weighs as much as
}

// Weigh returns the normalized tokens of one call: prompt tokens that were not
// cached count one each, cached ones nothing, completion tokens OutputRatio.
func (t Throughput) Weigh(prompt, cached, completion int) float64 {
	return float64(max(prompt-max(cached, 0), 0)) + t.ratio()*float64(max(completion, 0))
}

// PerSecond returns the normalized tokens per second that capacity units drain.
func (t Throughput) PerSecond(capacity int) float64 {
	return float64(capacity) * t.InputTPMPerPTU / 60
}

func (t Throughput) ratio() float64 {
	if t.OutputRatio <= 0 {
		return 1
	}
	return t.OutputRatio
}

// Workload is the traffic that a deployment is sized for.
type Workload struct {
	CallsPerMinute   float64 // at the peak
	PromptTokens     float64 // per call, mean
	CompletionTokens float64 // per call, mean
	CacheRate        float64 // share of prompt tokens served from the prompt cache, 0 to 1
	PeakFactor       float64 // from the mean given above to the peak sized for; 0 means 1
	Buffer           float64 // share added for safety: 0.15 sizes for 15 % more
}

// Sizing is the answer to how many units a workload needs.
type Sizing struct {
	NormalizedTPM float64 // input tokens per minute, outputs weighed in
	Raw           float64 // units before rounding
	Units         int     // the least capacity that may be deployed and is enough
}

// Size computes the units for w. Formula: normalized TPM =
// input × (1 − cache) + ratio × output, divided by the input TPM of one unit,
// rounded up to the step and at least the minimum (Microsoft, "Determine PTU
// sizing", 2026-05-21).
func Size(w Workload, t Throughput, r Rule) Sizing {
	input := w.CallsPerMinute * w.PromptTokens * (1 - min(max(w.CacheRate, 0), 1))
	output := w.CallsPerMinute * w.CompletionTokens * t.ratio()
	s := Sizing{NormalizedTPM: input + output}
	factor := (1 + max(w.Buffer, 0))
	if w.PeakFactor > 0 {
		factor *= w.PeakFactor
	}
	if t.InputTPMPerPTU > 0 {
		s.Raw = s.NormalizedTPM * factor / t.InputTPMPerPTU
	} else {
		s.Raw = math.NaN()
	}
	s.Units = r.RoundUp(s.Raw)
	return s
}
