package calllog

import (
	"bytes"
	"slices"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// masked is a call as the store's rules let it be written.
func (s *Store) masked(c *call.Call) *call.Call {
	rules := s.opt.Mask
	if rules == nil {
		return c
	}
	copied := *c
	copied.RequestBody, copied.ResponseBody = rules.Body(c.RequestBody), rules.Body(c.ResponseBody)
	copied.ErrorMessage = string(rules.Text([]byte(c.ErrorMessage)))
	return &copied
}

// maskedCell is a JSON value of a row as the store's rules let it be written.
// Bodies are documents inside texts.
func (s *Store) maskedCell(schema *Schema, c scan.Column, raw []byte) []byte {
	rules := s.opt.Mask
	if rules == nil || len(raw) == 0 || !slices.Contains(erasable[schema.Table].said, c.Name) {
		return raw
	}
	if c.Type != value.String || raw[0] != '"' {
		return rules.Body(raw)
	}
	meaning := jsonlex.Unescape(nil, raw[1:len(raw)-1])
	if kept := rules.Body(meaning); !bytes.Equal(kept, meaning) {
		return quote(nil, kept)
	}
	return raw
}
