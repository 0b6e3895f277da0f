package kustowire

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// properties are those of the request, which some clients send as text.
func (r explorerRequest) properties() map[string]any {
	if text, ok := r.Properties.(string); ok {
		var parsed map[string]any
		if json.Unmarshal([]byte(text), &parsed) != nil {
			return nil
		}
		return parsed
	}
	object, _ := r.Properties.(map[string]any)
	return object
}

// literal is a typed literal of Kusto, such as datetime(2026-01-01).
var literal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^(bool|boolean|int|long|real|double|decimal|datetime|date|timespan|time|guid|dynamic)\s*\(.*\)$|^[hH]?@?(".*"|'.*')$`)
})

// parameters gives the query parameters their values: literals of Kusto as Go's
// client writes them, or the plain values that others send.
func (h *Handler) parameters(ctx context.Context, r explorerRequest) map[string]kql.Value {
	given, _ := r.properties()["Parameters"].(map[string]any)
	if len(given) == 0 {
		return nil
	}
	out := make(map[string]kql.Value, len(given))
	for name, x := range given {
		text, ok := x.(string)
		switch {
		case !ok:
			out[name] = plainValue(x)
		case literal().MatchString(strings.TrimSpace(text)):
			result, err := h.cfg.Engine.Query(ctx, "print x = "+text, kql.Options{Now: h.cfg.Now(), Limits: h.cfg.Limits, Database: kql.Tables{}})
			if err == nil && len(result.Tables) == 1 && result.Tables[0].Len == 1 && len(result.Tables[0].Data) == 1 {
				out[name] = result.Tables[0].Data[0].Value(0)
				continue
			}
			out[name] = value.OfString(text)
		default:
			out[name] = value.OfString(text)
		}
	}
	return out
}

func plainValue(x any) kql.Value {
	raw, err := json.Marshal(x)
	if err != nil {
		return value.NullOf(value.Dynamic)
	}
	tree, _ := value.ParseJSON(string(raw))
	return value.OfDynamic(tree)
}

// database is the tables, of the time that the request's options bound.
func (h *Handler) database(r explorerRequest) kql.Database {
	column, _ := r.option("query_datetimescope_column").(string)
	if column == "" {
		return h.cfg.Database
	}
	bound := func(name string) (int64, bool) {
		text, _ := r.option(name).(string)
		return value.ParseDateTime(text)
	}
	from, hasFrom := bound("query_datetimescope_from")
	to, hasTo := bound("query_datetimescope_to")
	if !hasFrom && !hasTo {
		return h.cfg.Database
	}
	if !hasTo {
		to = value.FromTime(h.cfg.Now())
	}
	return kql.Between(h.cfg.Database, column, value.ToTime(from), value.ToTime(to))
}
