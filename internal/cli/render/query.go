package render

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jmespath-community/go-jmespath"
)

// query runs a JMESPath expression over v as its JSON would be read.
func query(v any, expression string) (any, error) {
	data, err := generic(v)
	if err != nil {
		return nil, err
	}
	answer, err := jmespath.Search(expression, data)
	if err != nil {
		return nil, &QueryError{Query: expression, Err: err}
	}
	return answer, nil
}

// ofAny is the View of a query's answer: objects become rows with their fields
// as columns, other values stand in one column.
func ofAny(answer any) View {
	v := View{Value: answer}
	items, isList := answer.([]any)
	if !isList {
		items = []any{answer}
		if answer == nil {
			items = nil
		}
		_, v.Card = answer.(map[string]any)
	}
	keys := map[string]bool{}
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			for key := range object {
				keys[key] = true
			}
		}
	}
	order := slices.Sorted(maps.Keys(keys))
	for _, key := range order {
		v.Columns = append(v.Columns, Column{Title: key})
	}
	width := 0
	for _, item := range items {
		row := cellsOf(item, order)
		width = max(width, len(row))
		v.Rows = append(v.Rows, row)
		if name := nameOf(item); name != "" {
			v.Names = append(v.Names, name)
		}
	}
	for len(v.Columns) < width { // a multiselect list has columns without names
		v.Columns = append(v.Columns, Column{})
	}
	return v
}

func cellsOf(item any, order []string) []any {
	switch item := item.(type) {
	case map[string]any:
		row := make([]any, len(order))
		for i, key := range order {
			row[i] = item[key]
		}
		return row
	case []any:
		return item
	}
	return []any{item}
}

func nameOf(item any) string {
	switch item := item.(type) {
	case map[string]any:
		name, _ := item["name"].(string)
		return name
	case nil, []any:
		return ""
	}
	return fmt.Sprint(item)
}
