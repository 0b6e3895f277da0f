package monitor

import (
	"slices"
	"time"
)

// Reading is what a metric of an account came to in one minute, as diagnostic
// settings send it to a workspace: over all dimensions, since they cannot send
// those (learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings).
type Reading struct {
	Metric, Unit                            string
	Count, Total, Average, Minimum, Maximum float64
}

// kept are the metrics that Azure does not send by diagnostic settings ("DS
// export: no" in the supported-metrics reference of 2026-07-31), utilization
// among them.
var kept = []string{
	"AzureOpenAIAvailabilityRate", "AzureOpenAIContextTokensCacheMatchRate", "AzureOpenAIProvisionedManagedUtilization",
	"AzureOpenAIProvisionedManagedUtilizationV2", "ModelAvailabilityRate", "ProvisionedUtilization",
}

// Export tells what was measured of each account in the minutes from first up
// to, not including, end. Minutes and metrics of which there is nothing are left
// out.
func (s *Store) Export(first, end time.Time, tell func(minute time.Time, account string, readings []Reading)) {
	type one struct {
		minute   time.Time
		account  string
		readings []Reading
	}
	var all []one
	s.mu.RLock()
	i, _ := slices.BinarySearch(s.order, first.Unix()/60)
	for _, minute := range s.order[i:] {
		if minute >= end.Unix()/60 {
			break
		}
		for account, found := range sumsOf(s.minutes[minute]) {
			all = append(all, one{time.Unix(minute*60, 0).UTC(), account, found})
		}
	}
	s.mu.RUnlock()
	for _, o := range all {
		tell(o.minute, o.account, o.readings)
	}
}

// sumsOf reads the metrics that are sent out of the cells of a minute.
func sumsOf(cells map[series]*cell) map[string][]Reading {
	stats := map[string]map[*metric]stat{}
	for key, c := range cells {
		of := stats[key.account]
		if of == nil {
			of = map[*metric]stat{}
			stats[key.account] = of
		}
		for i := range metrics {
			if m := &metrics[i]; m.wants(&key.dims) && !slices.Contains(kept, m.name) {
				sum := of[m]
				sum.merge(m.read(c))
				of[m] = sum
			}
		}
	}
	out := map[string][]Reading{}
	for account, of := range stats {
		for i := range metrics {
			if x := of[&metrics[i]]; x.n > 0 {
				out[account] = append(out[account], Reading{metrics[i].name, metrics[i].unit, x.n, x.sum, x.sum / x.n, x.min, x.max})
			}
		}
	}
	return out
}
