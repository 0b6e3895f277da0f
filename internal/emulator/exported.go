package emulator

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/emulator/monitor"
)

// wholeMinutes is the end of the last minute, in virtual time, whose calls have
// all been counted.
func (d *diagnostics) wholeMinutes() time.Time {
	clock := d.state.Clock()
	late := time.Duration(clock.Scale() * float64(time.Second)) // a call is told and counted one after the other
	return clock.Now().Add(-late).Truncate(time.Minute)
}

// sendMetrics sends what was measured in the minutes since one, and tells up to
// which one it did.
func (d *diagnostics) sendMetrics(since time.Time) time.Time {
	end := d.wholeMinutes()
	if !end.After(since) {
		return since
	}
	view := d.state.View()
	var rows [][]byte
	d.metrics.Export(since, end, func(minute time.Time, account string, readings []monitor.Reading) {
		if view.Logs(account).Metrics {
			rows = append(rows, metricRows(minute, account, readings)...)
		}
	})
	d.send(metricsTable, rows)
	return end
}

// metricRow is a row of AzureMetrics.
type metricRow struct {
	TimeGenerated    time.Time
	MetricName       string
	Total            float64
	Count            float64
	Average          float64
	Minimum          float64
	Maximum          float64
	UnitName         string
	TimeGrain        string
	Resource         string
	ResourceGroup    string
	ResourceID       string `json:"ResourceId"`
	ResourceProvider string
	SubscriptionID   string `json:"SubscriptionId"`
	SourceSystem     string
	OwnID            string `json:"_ResourceId"`
}

func metricRows(minute time.Time, account string, readings []monitor.Reading) (rows [][]byte) {
	row := metricRow{
		TimeGenerated: minute, TimeGrain: "PT1M", ResourceID: strings.ToUpper(account), OwnID: strings.ToLower(account),
		ResourceProvider: "MICROSOFT.COGNITIVESERVICES", SourceSystem: "Azure",
	}
	row.SubscriptionID, row.ResourceGroup, row.Resource = inCapitals(row.ResourceID)
	for _, r := range readings {
		row.MetricName, row.UnitName = r.Metric, r.Unit
		row.Total, row.Count, row.Average, row.Minimum, row.Maximum = r.Total, r.Count, r.Average, r.Minimum, r.Maximum
		if b, err := json.Marshal(row); err == nil { // a number that JSON cannot say is no measurement
			rows = append(rows, b)
		}
	}
	return rows
}

// inCapitals are the parts of an account's id in capitals; the subscription is
// not written so.
func inCapitals(id string) (subscription, group, name string) {
	parts := strings.Split(id, "/")
	if len(parts) != 9 {
		return "", "", ""
	}
	return strings.ToLower(parts[2]), parts[4], parts[8]
}
