package template

import (
	"fmt"
	"strconv"
	"strings"
)

// node is a part of an expression: a literal, a call, or the property or
// element of another.
type node struct {
	literal any     // a string or an int64; nil in the other kinds
	call    string  // folded name of a function
	args    []*node // of the call
	of      *node   // whose property this is
	key     *node   // its name or index
}

// mostNesting bounds how deep an expression may be.
const mostNesting = 100

// isExpression tells whether a string of a template is an expression; a
// literal that begins with a bracket is written with two.
func isExpression(s string) bool {
	return len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' && s[1] != '['
}

// parser reads one expression.
type parser struct {
	text  string
	at    int
	depth int
}

// parse reads what stands between the brackets.
func parse(text string) (*node, error) {
	p := &parser{text: text}
	n, err := p.operand()
	if err == nil {
		if p.space(); p.at < len(p.text) {
			err = p.fault("end of the expression")
		}
	}
	return n, err
}

func (p *parser) fault(want string) error {
	return invalid("The template language expression '%.200s' is not valid: expected %s at position %d.", p.text, want, p.at+1)
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next takes c if it comes next.
func (p *parser) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// operand reads a literal or a call, and the properties asked of it.
func (p *parser) operand() (*node, error) {
	if p.depth++; p.depth > mostNesting {
		return nil, invalid("The template language expression is nested more than %d deep.", mostNesting)
	}
	defer func() { p.depth-- }()
	p.space()
	n, err := p.primary()
	for err == nil {
		switch {
		case p.next('.'):
			name := p.word()
			if name == "" {
				return nil, p.fault("a property's name")
			}
			n = &node{of: n, key: &node{literal: name}}
		case p.next('['):
			var key *node
			if key, err = p.operand(); err == nil && !p.next(']') {
				err = p.fault("']'")
			}
			n = &node{of: n, key: key}
		default:
			return n, nil
		}
	}
	return nil, err
}

func (p *parser) primary() (*node, error) {
	if p.at == len(p.text) {
		return nil, p.fault("a function, a string or a number")
	}
	switch c := p.text[p.at]; {
	case c == '\'':
		s, err := p.quoted()
		return &node{literal: s}, err
	case c == '-' || c >= '0' && c <= '9':
		from := p.at
		for p.at++; p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9'; p.at++ {
		}
		n, err := strconv.ParseInt(p.text[from:p.at], 10, 64)
		if err != nil {
			return nil, p.fault("a number")
		}
		return &node{literal: n}, nil
	}
	name := p.word()
	for name != "" && p.next('.') { // a function of a namespace
		name += "." + p.word()
	}
	if name == "" || !p.next('(') {
		return nil, p.fault("a function")
	}
	return p.arguments(name)
}

func (p *parser) arguments(name string) (*node, error) {
	n := &node{call: strings.ToLower(name)}
	if p.next(')') {
		return n, nil
	}
	for {
		arg, err := p.operand()
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, arg)
		if p.next(')') {
			return n, nil
		}
		if !p.next(',') {
			return nil, p.fault("',' or ')'")
		}
	}
}

func (p *parser) word() string {
	p.space()
	from := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		p.at++
	}
	return p.text[from:p.at]
}

// quoted reads a string, in which a quote is written twice.
func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] != '\'' {
			b.WriteByte(p.text[p.at])
			continue
		}
		if p.at++; p.at == len(p.text) || p.text[p.at] != '\'' {
			return b.String(), nil
		}
		b.WriteByte('\'')
	}
	return "", p.fault("the end of the string")
}

// Fault is why a template cannot be deployed, in Resource Manager's words where
// they are known.
type Fault struct{ Message string }

func (f *Fault) Error() string { return f.Message }

func invalid(format string, args ...any) error { return &Fault{fmt.Sprintf(format, args...)} }
