package monitor

import (
	"strings"
)

// condition is what a $filter asks of one dimension.
type condition struct {
	name   string   // as written
	any    bool     // eq '*'
	equal  []string // one of these, folded; empty: no such demand
	not    []string // none of these, folded
	prefix string   // sw, folded
}

// matches judges a value of the dimension.
func (c *condition) matches(v string) bool {
	v = strings.ToLower(v)
	for _, n := range c.not {
		if v == n {
			return false
		}
	}
	if !strings.HasPrefix(v, c.prefix) {
		return false
	}
	if c.any || len(c.equal) == 0 {
		return true
	}
	for _, e := range c.equal {
		if v == e {
			return true
		}
	}
	return false
}

const maxFilter = 4096 // bytes; ours

// parseFilter reads a metrics filter: conditions NAME eq 'VALUE', NAME ne
// 'VALUE', NAME sw 'VALUE' joined by and, or and parentheses, where or only
// joins conditions of one dimension ("A eq 'a1' and B eq 'b1' or B eq 'b2' and
// C eq '*'" is A with either B). Conditions come back in the order in which
// their dimensions were first named.
func parseFilter(text string) ([]condition, error) {
	if len(text) > maxFilter {
		return nil, badRequest("The filter is longer than %d characters.", maxFilter)
	}
	p := filterParser{lexer: lexer{rest: text}}
	if err := p.expression(0); err != nil {
		return nil, err
	}
	if t := p.next(); t.kind != end {
		return nil, p.syntax(t)
	}
	return p.conditions, nil
}

type filterParser struct {
	lexer
	conditions []condition
	last       string // dimension of the condition just read, folded
	lastOp     string
	afterOr    bool
}

func (p *filterParser) syntax(t token) error {
	return badRequest("Invalid filter: unexpected %s at position %d.", t, t.at)
}

func (p *filterParser) expression(depth int) error {
	if depth > 20 {
		return badRequest("Invalid filter: parentheses are nested too deeply.")
	}
	for {
		t := p.next()
		var err error
		if t.kind == open {
			if err = p.expression(depth + 1); err == nil {
				if t = p.next(); t.kind != closed {
					err = p.syntax(t)
				}
			}
		} else {
			err = p.condition(t)
		}
		if err != nil {
			return err
		}
		ahead := p.lexer
		t = p.next()
		switch {
		case t.is("and"):
			p.afterOr = false
		case t.is("or"):
			p.afterOr = true
		default:
			p.lexer = ahead
			return nil
		}
	}
}

// condition reads NAME OPERATOR VALUE, whose first word was read.
func (p *filterParser) condition(name token) error {
	op, text := p.next(), p.next()
	switch {
	case name.kind != word:
		return p.syntax(name)
	case op.kind != word:
		return p.syntax(op)
	case text.kind != quoted && text.kind != word:
		return p.syntax(text)
	}
	folded, verb := strings.ToLower(name.text), strings.ToLower(op.text)
	if err := p.joins(folded, verb); err != nil {
		return err
	}
	p.last, p.lastOp = folded, verb
	c, v := p.at(name.text), strings.ToLower(text.text)
	switch verb {
	case "eq":
		if !p.afterOr && (c.any || len(c.equal) > 0) {
			return badRequest("Invalid filter: dimension '%s' cannot equal two values; join them with 'or'.", name.text)
		}
		if v == "*" {
			c.any = true
		} else {
			c.equal = append(c.equal, v)
		}
	case "ne":
		c.not = append(c.not, v)
	case "sw":
		if c.prefix != "" {
			return badRequest("Dimension name detected in multiple 'sw' values")
		}
		c.prefix = v
	default:
		return p.syntax(op)
	}
	return nil
}

// joins checks what 'or' puts together. The refusals of 'sw' here and above are
// Azure's words (grafana/grafana PR 128316, 2026-07).
func (p *filterParser) joins(name, verb string) error {
	switch {
	case !p.afterOr:
		return nil
	case name != p.last:
		return badRequest("Invalid filter: 'or' can only join conditions of one dimension, not '%s' and '%s'.", p.last, name)
	case verb != "eq" || p.lastOp != "eq":
		return badRequest("Only 'eq' operator are supported for 'or' clause")
	}
	return nil
}

// at finds the condition of a dimension, or begins it.
func (p *filterParser) at(name string) *condition {
	for i := range p.conditions {
		if strings.EqualFold(p.conditions[i].name, name) {
			return &p.conditions[i]
		}
	}
	p.conditions = append(p.conditions, condition{name: name})
	return &p.conditions[len(p.conditions)-1]
}
