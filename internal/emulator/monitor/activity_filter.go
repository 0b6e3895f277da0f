package monitor

import (
	"strings"
	"time"
)

// eventFilter is what a filter of the activity log asks.
type eventFilter struct {
	from, to time.Time
	equal    map[string]string // folded field -> folded value
}

// parseEventFilter reads eventTimestamp ge '…' and eventTimestamp le '…' and
// FIELD eq '…'. Nothing but and joins conditions.
func parseEventFilter(text string) (*eventFilter, error) {
	f := &eventFilter{equal: map[string]string{}}
	if len(text) > maxFilter {
		return nil, badRequest("The filter is longer than %d characters.", maxFilter)
	}
	l := lexer{rest: text}
	for t := l.next(); t.kind != end; {
		op, v := l.next(), l.next()
		if t.kind != word || op.kind != word || v.kind != word && v.kind != quoted {
			return nil, badRequest("The filter is invalid near position %d.", t.at)
		}
		if err := f.add(strings.ToLower(t.text), strings.ToLower(op.text), v.text); err != nil {
			return nil, err
		}
		// Documents show filters with no space before and: '…'and eventChannels.
		if t = l.next(); t.is("and") {
			if t = l.next(); t.kind == end {
				return nil, badRequest("The filter ends too early.")
			}
		} else if t.kind != end {
			return nil, badRequest("The filter is invalid near position %d: only 'and' joins conditions.", t.at)
		}
	}
	return f, nil
}

func (f *eventFilter) add(field, op, value string) error {
	if field != "eventtimestamp" {
		switch field {
		case "resourcegroupname", "resourceuri", "resourceid", "resourceprovider", "resourcetype", "correlationid", "caller", "status", "operations", "levels", "eventchannels":
		default:
			return badRequest("The filter field '%.40s' is not supported.", field)
		}
		if op != "eq" {
			return badRequest("The operator '%.10s' is not supported for '%s'.", op, field)
		}
		f.equal[field] = strings.ToLower(value)
		return nil
	}
	at, ok := instant(value)
	if !ok {
		return badRequest("The time '%.40s' is not valid.", value)
	}
	switch op {
	case "ge", "gt":
		f.from = at
	case "le", "lt":
		f.to = at
	default:
		return badRequest("The operator '%.10s' is not supported for 'eventTimestamp'.", op)
	}
	return nil
}

func (f *eventFilter) matches(e *Event) bool {
	if e.At.Before(f.from) || !f.to.IsZero() && e.At.After(f.to) {
		return false
	}
	for field, want := range f.equal {
		have := want
		switch field {
		case "resourcegroupname":
			have = e.group()
		case "resourceuri", "resourceid":
			have = e.Resource
		case "resourceprovider":
			have, _, _ = strings.Cut(e.Type, "/")
		case "resourcetype":
			have = e.Type
		case "correlationid":
			have = e.CorrelationID
		case "caller":
			have = e.Caller
		case "status":
			have = e.outcome()
		case "operations":
			have = e.Operation
		case "levels":
			have = e.level()
		}
		if !strings.EqualFold(have, want) {
			return false
		}
	}
	return true
}
