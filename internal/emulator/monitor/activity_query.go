package monitor

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	eventsPage = 200
	eventsKept = 90 * 24 * time.Hour
)

// Insights answers all that is asked of Microsoft.Insights: metrics of
// resources, the batch query, and the activity log.
func Insights(m *Monitor, a *Activity) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case Handles(r.URL.Path):
			m.ServeHTTP(w, r)
		case strings.HasSuffix(strings.ToLower(strings.TrimSuffix(r.URL.Path, "/")), insights+"eventtypes/management/values"):
			a.ServeHTTP(w, r)
		default:
			writeProblem(w, true, &problem{http.StatusNotFound, "InvalidResourceType", "The resource type could not be found in the namespace 'microsoft.insights' for api version '" + clip(r.URL.Query().Get("api-version"), 40) + "'."})
		}
	})
}

// ServeHTTP answers …/eventtypes/management/values.
func (a *Activity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		writeProblem(w, true, &problem{http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '" + r.Method + "' is not supported here."})
		return
	}
	args, err := arguments(r.URL.RawQuery)
	if err == nil {
		err = checkVersion("eventtypes", args.get("api-version"))
	}
	if err != nil {
		writeProblem(w, true, err)
		return
	}
	subscription := ""
	if parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); len(parts) > 1 && strings.EqualFold(parts[0], "subscriptions") {
		subscription = parts[1]
	}
	body, err := a.page(subscription, args, r)
	if err != nil {
		// The log spells its refusals with capitals (azure-cli recording
		// test_activity_log_list_scenario.yaml, 2019-06).
		message := err.Error()
		if p, ok := err.(*problem); ok {
			message = p.message
		}
		writeJSON(w, http.StatusBadRequest, map[string]string{"Code": "BadRequest", "Message": message})
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// page picks the entries that a filter asks for, newest first.
func (a *Activity) page(subscription string, args args, r *http.Request) (any, error) {
	f, err := parseEventFilter(args["$filter"])
	if err != nil {
		return nil, err
	}
	now := a.now()
	if f.from.IsZero() {
		return nil, badRequest("The start time must be given: eventTimestamp ge '<time>'.")
	}
	if now.Sub(f.from) > eventsKept {
		return nil, badRequest("The start time cannot be more than 90 days in the past.")
	}
	skip := 0
	if text := args.get("$skiptoken"); text != "" {
		if skip, err = strconv.Atoi(text); err != nil || skip < 0 {
			return nil, badRequest("The skip token is invalid.")
		}
	}
	chosen := a.chosen(subscription, f)
	answer := map[string]any{}
	if skip < len(chosen) {
		chosen = chosen[skip:]
	} else {
		chosen = nil
	}
	if len(chosen) > eventsPage {
		chosen = chosen[:eventsPage]
		u := *r.URL
		q := url.Values{"api-version": {args["api-version"]}, "$filter": {args["$filter"]}, "$skiptoken": {strconv.Itoa(skip + eventsPage)}}
		if s := args.get("$select"); s != "" {
			q.Set("$select", s)
		}
		answer["nextLink"] = "https://" + r.Host + u.EscapedPath() + "?" + q.Encode()
	}
	values := []map[string]any{}
	for i := range chosen {
		values = append(values, selected(chosen[i].document(subscription), args.get("$select")))
	}
	answer["value"] = values
	return answer, nil
}

func (a *Activity) chosen(subscription string, f *eventFilter) []Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	prefix := "/subscriptions/" + strings.ToLower(subscription)
	var out []Event
	for _, e := range slices.Backward(a.events) {
		id := strings.ToLower(e.Resource)
		if subscription != "" && id != prefix && !strings.HasPrefix(id, prefix+"/") {
			continue
		}
		if f.matches(&e) {
			out = append(out, e)
		}
	}
	return out
}

func (e *Event) group() string {
	parts := strings.Split(e.Resource, "/")
	if len(parts) > 4 && strings.EqualFold(parts[3], "resourceGroups") {
		return parts[4]
	}
	return ""
}

func (e *Event) outcome() string {
	switch {
	case e.Begin:
		return "Started"
	case e.Status == http.StatusAccepted:
		return "Accepted"
	case e.Status >= 400:
		return "Failed"
	}
	return "Succeeded"
}

func (e *Event) level() string {
	if !e.Begin && e.Status >= 400 {
		return "Error"
	}
	return "Informational"
}

// document is the entry as Azure writes it.
func (e *Event) document(subscription string) map[string]any {
	name, sub := "EndRequest", localized{}
	if e.Begin {
		name = "BeginRequest"
	} else {
		text := http.StatusText(e.Status)
		sub = localized{strings.ReplaceAll(text, " ", ""), fmt.Sprintf("%s (HTTP Status Code: %d)", text, e.Status)}
	}
	at := e.At.UTC().Format("2006-01-02T15:04:05.0000000Z")
	provider, _, _ := strings.Cut(e.Type, "/")
	claims := e.Claims
	if claims == nil {
		claims = map[string]string{}
	}
	return map[string]any{
		"authorization":        map[string]string{"action": e.Operation, "scope": e.Resource},
		"caller":               e.Caller,
		"category":             localized{"Administrative", "Administrative"},
		"channels":             "Operation",
		"claims":               claims,
		"correlationId":        e.CorrelationID,
		"description":          "",
		"eventDataId":          e.ID,
		"eventName":            localized{name, strings.Replace(name, "Request", " request", 1)},
		"eventTimestamp":       at,
		"httpRequest":          map[string]string{"clientRequestId": e.RequestID, "clientIpAddress": e.IP, "method": e.Method},
		"id":                   fmt.Sprintf("%s/events/%s/ticks/%d", e.Resource, e.ID, ticks(e.At)),
		"level":                e.level(),
		"operationId":          e.OperationID,
		"operationName":        named(e.Operation),
		"properties":           map[string]string{"eventCategory": "Administrative", "entity": e.Resource, "message": e.Operation},
		"resourceGroupName":    e.group(),
		"resourceId":           e.Resource,
		"resourceProviderName": named(provider),
		"resourceType":         named(e.Type),
		"status":               named(e.outcome()),
		"subStatus":            sub,
		"submissionTimestamp":  at,
		"subscriptionId":       subscription,
		"tenantId":             claims["tid"],
	}
}

// ticks counts tenths of a microsecond since the year 1, as .NET does.
func ticks(t time.Time) int64 {
	const epoch = 621355968000000000
	return epoch + t.UnixNano()/100
}

// selected keeps the fields that $select names; the id always stays.
func selected(doc map[string]any, fields string) map[string]any {
	if fields == "" {
		return doc
	}
	wanted := map[string]bool{"id": true}
	for f := range strings.SplitSeq(fields, ",") {
		wanted[strings.ToLower(strings.TrimSpace(f))] = true
	}
	out := map[string]any{}
	for k, v := range doc {
		if wanted[strings.ToLower(k)] {
			out[k] = v
		}
	}
	return out
}
