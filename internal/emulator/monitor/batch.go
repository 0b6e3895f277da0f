package monitor

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

const (
	maxBatch     = 50      // resources in one batch (the same guide)
	maxBatchBody = 1 << 20 // bytes; ours
)

// batch answers POST /subscriptions/{id}/metrics:getBatch.
func (m *Monitor) batch(r *http.Request, subscription string, a args) (any, error) {
	var body struct {
		IDs []string `json:"resourceids"`
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBatchBody+1))
	if err != nil || len(text) > maxBatchBody || json.Unmarshal(text, &body) != nil {
		return nil, badRequest("The request body is not valid: it must be JSON with 'resourceids', an array of resource ids.")
	}
	switch {
	case len(body.IDs) == 0:
		return nil, badRequest("At least one resource id must be given in 'resourceids'.")
	case len(body.IDs) > maxBatch:
		return nil, badRequest("Requested resources count: %d bigger than allowed max: %d", len(body.IDs), maxBatch)
	case a.get("metricnamespace") == "":
		return nil, badRequest("The metricnamespace parameter is required.")
	case a.get("metricnames") == "":
		return nil, badRequest("The metricnames parameter is required.")
	}
	w, err := batchWindow(a, m.now())
	if err != nil {
		return nil, err
	}
	q, err := understand(a, a["filter"], w)
	if err != nil {
		return nil, err
	}
	answers := []*metricsAnswer{}
	for _, id := range body.IDs {
		one, err := m.member(subscription, id, answers)
		if err != nil {
			return nil, err
		}
		answer, err := m.answer(q, one)
		if err != nil {
			return nil, err
		}
		answer.StartTime, answer.EndTime, answer.Resource = stamp(w.start), stamp(w.end), id
		answers = append(answers, answer)
	}
	return map[string]any{"values": answers}, nil
}

// member finds one resource of a batch. All must be of one subscription and
// one region.
func (m *Monitor) member(subscription, id string, before []*metricsAnswer) (Resource, error) {
	if !strings.HasPrefix(strings.ToLower(id), strings.ToLower(subscription)+"/") {
		return Resource{}, badRequest("Resource '%.300s' does not belong to the subscription of the request.", id)
	}
	r, err := m.find(strings.TrimSuffix(id, "/"))
	if err == nil && len(before) > 0 && before[0].Region != r.Location {
		err = badRequest("All resources of a batch must be in one region: '%.300s' is in '%s', not in '%s'.", id, r.Location, before[0].Region)
	}
	return r, err
}
