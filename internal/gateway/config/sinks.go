package config

import (
	"net/url"
	"regexp"
	"sync"

	"go.yaml.in/yaml/v4"
)

// SinkKind is where a sink sends rows.
type SinkKind string

// The kinds of sinks.
const (
	WorkspaceSink SinkKind = "workspace" // Log Analytics, by the Logs Ingestion API
	ExplorerSink  SinkKind = "adx"       // Data Explorer, by streaming ingestion
)

// Sink sends the rows of the log elsewhere besides. It signs in as the gateway's
// own identity.
type Sink struct {
	Name     string
	Kind     SinkKind
	Endpoint *url.URL // of the data collection rule or endpoint, or the cluster
	Rule     string   // immutable id of the data collection rule
	Database string   // of Data Explorer
	// Tables are those that are sent and what they are called there: a stream
	// or a table, "" for the default name. None means all that speak of calls.
	Tables map[string]string
}

var (
	sinkName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`) })
	ruleID   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^dcr-[0-9a-f]{32}$`) })
)

// sinks reads logs.sinks.
func (p *parser) sinks(n *yaml.Node, path string) {
	seen := map[string]bool{}
	p.list(n, path, func(n *yaml.Node, path string) {
		s := p.sink(n, path)
		switch {
		case !sinkName().MatchString(s.Name):
			p.fault(n, path+".name", "expected letters, digits and dashes, got %q", s.Name)
		case seen[s.Name]:
			p.fault(n, path+".name", "%q is the name of another sink", s.Name)
		}
		seen[s.Name] = true
		p.c.Logs.Sinks = append(p.c.Logs.Sinks, s)
	})
}

func (p *parser) sink(n *yaml.Node, path string) Sink {
	var s Sink
	var endpoint string
	p.object(n, path, fields{
		"name":     p.text(&s.Name),
		"kind":     oneOf(p.reader, &s.Kind, WorkspaceSink, ExplorerSink),
		"endpoint": p.noted(p.text(&endpoint)),
		"rule":     p.text(&s.Rule),
		"database": p.text(&s.Database),
		"tables": func(n *yaml.Node, path string) {
			s.Tables = map[string]string{}
			p.each(n, path, func(name string, n *yaml.Node, path string) {
				var there string
				p.text(&there)(n, path)
				s.Tables[name] = there
			})
		},
	})
	s.Endpoint = p.endpoint(path+".endpoint", endpoint)
	switch {
	case s.Kind == "":
		p.fault(n, path+".kind", "is missing: workspace or adx")
	case s.Kind == WorkspaceSink && !ruleID().MatchString(s.Rule):
		p.fault(n, path+".rule", "expected the immutable id of a data collection rule, dcr- and 32 digits, got %q", s.Rule)
	case s.Kind == ExplorerSink && s.Database == "":
		p.fault(n, path+".database", "is missing")
	}
	return s
}
