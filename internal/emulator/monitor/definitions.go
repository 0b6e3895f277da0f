package monitor

import (
	"fmt"
	"strings"
)

// definitions answers …/providers/Microsoft.Insights/metricDefinitions.
func (m *Monitor) definitions(id string, a args) (any, error) {
	r, err := m.find(id)
	if err != nil {
		return nil, err
	}
	type availability struct {
		Grain     string `json:"timeGrain"`
		Retention string `json:"retention"`
	}
	type definition struct {
		ID           string         `json:"id"`
		Resource     string         `json:"resourceId"`
		Namespace    string         `json:"namespace"`
		Category     string         `json:"category"`
		Name         localized      `json:"name"`
		About        string         `json:"displayDescription"`
		Required     bool           `json:"isDimensionRequired"`
		Unit         string         `json:"unit"`
		Primary      string         `json:"primaryAggregationType"`
		Aggregations []string       `json:"supportedAggregationTypes"`
		Available    []availability `json:"metricAvailabilities"`
		Dimensions   []localized    `json:"dimensions"`
	}
	out := []definition{}
	if space := a.get("metricnamespace"); space != "" && !strings.EqualFold(space, namespace) {
		return map[string]any{"value": out}, nil
	}
	var available []availability
	for _, name := range grainNames {
		available = append(available, availability{name, fmt.Sprintf("P%dD", int(Retention.Hours())/24)})
	}
	for i := range metrics {
		of := &metrics[i]
		d := definition{
			ID:       r.ID + "/providers/microsoft.insights/metricdefinitions/" + of.name,
			Resource: r.ID, Namespace: namespace, Category: of.category, Name: localized{of.name, of.display},
			About: of.about, Unit: of.unit, Primary: of.aggregations[0], Aggregations: of.aggregations, Available: available,
		}
		for _, one := range of.dims {
			d.Dimensions = append(d.Dimensions, named(dimNames[one]))
		}
		out = append(out, d)
	}
	return map[string]any{"value": out}, nil
}

// namespaces answers …/providers/Microsoft.Insights/metricNamespaces.
func (m *Monitor) namespaces(id string) (any, error) {
	r, err := m.find(id)
	if err != nil {
		return nil, err
	}
	name := strings.ReplaceAll(strings.ToLower(namespace), "/", "-")
	return map[string]any{"value": []any{map[string]any{
		"id":             r.ID + "/providers/microsoft.insights/metricNamespaces/" + name,
		"name":           name,
		"type":           "Microsoft.Insights/metricNamespaces",
		"classification": "Platform",
		"properties":     map[string]string{"metricNamespaceName": namespace},
	}}}, nil
}
