package config

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/azptu/azptu/internal/loopback"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/route"
)

// MaxFile bounds a configuration file, in bytes.
const MaxFile = 4 << 20

// defaults is a configuration with everything that may be left out.
func defaults() *Config {
	return &Config{
		Name:         "azptu",
		Listen:       "127.0.0.1:8080",
		KeyHeader:    "api-key",
		Telemetry:    Telemetry{Sample: 1, Interval: time.Minute},
		Logs:         Logs{Bodies: MaskedBodies, MaxBody: 256 << 10, Format: Tables},
		Retry:        Retry{Attempts: 3, Budget: 0.2, MaxWait: 10 * time.Second},
		Breaker:      route.BreakerRule{Failures: 5, Window: 30 * time.Second, Open: 15 * time.Second},
		Timeouts:     Timeouts{Header: 10 * time.Second, FirstByte: 120 * time.Second, Idle: 60 * time.Second, Total: 10 * time.Minute},
		Prediction:   Prediction{Enabled: true, Window: 30 * time.Second, DefaultCompletion: 256},
		Boundary:     route.WithinArea,
		OnClientGone: Cancel,
		Sizes:        Sizes{Body: 16 << 20, Upload: 512 << 20, Held: 1 << 20, Header: 64 << 10},
		Affinity:     Affinity{Prefix: 4096},
		Drain:        30 * time.Second,
		Prices:       map[string]ptu.TokenPrice{},
		PTUHour:      map[string]float64{},
	}
}

// Parse reads a gateway.yaml. The error is *Invalid and holds every fault.
func Parse(data []byte) (*Config, error) {
	if len(data) > MaxFile {
		return nil, &Invalid{[]Fault{{Path: "(file)", Message: fmt.Sprintf("longer than %d bytes", MaxFile)}}}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, &Invalid{[]Fault{{Path: "(file)", Message: strings.ReplaceAll(err.Error(), "\n", " ")}}}
	}
	r := &reader{open: map[*yaml.Node]bool{}}
	p := &parser{reader: r, c: defaults(), nodes: map[string]*yaml.Node{}}
	if len(doc.Content) == 0 {
		return nil, &Invalid{[]Fault{{Path: "(file)", Message: "is empty"}}}
	}
	p.file(doc.Content[0])
	p.check()
	p.c.Warnings = r.warnings
	if len(r.faults) > 0 {
		return nil, &Invalid{r.faults}
	}
	return p.c, nil
}

// parser turns the document into a Config. nodes remembers where each path is
// written, for faults that show only when everything has been read.
type parser struct {
	*reader
	c       *Config
	version int
	nodes   map[string]*yaml.Node
}

func (p *parser) file(n *yaml.Node) {
	c := p.c
	p.object(n, "", fields{
		"version":        p.noted(whole(p.reader, &p.version, 0)),
		"name":           p.text(&c.Name),
		"listen":         p.noted(p.text(&c.Listen)),
		"admin":          p.noted(p.text(&c.Admin)),
		"probe":          p.noted(p.text(&c.Probe)),
		"tls":            p.noted(p.tls),
		"keyHeader":      p.noted(p.text(&c.KeyHeader)),
		"trustedProxies": p.proxies,
		"backends": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) { c.Backends = append(c.Backends, p.backend(n, path)) })
		},
		"pools": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) { c.Pools = append(c.Pools, p.pool(n, path)) })
		},
		"products": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) { c.Products = append(c.Products, p.product(n, path)) })
		},
		"keys": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) { c.Keys = append(c.Keys, p.key(n, path)) })
		},
		"quotaFile": p.noted(p.text(&c.QuotaFile)),
		"entra":     p.entra,
		"policies":  p.policies,
		"logs":      p.logs,
		"telemetry": p.telemetry,
		"retry": func(n *yaml.Node, path string) {
			p.object(n, path, fields{
				"attempts": whole(p.reader, &c.Retry.Attempts, 1),
				"budget":   p.share(&c.Retry.Budget),
				"maxWait":  p.duration(&c.Retry.MaxWait, 0),
			})
		},
		"breaker": func(n *yaml.Node, path string) {
			p.object(n, path, fields{
				"failures": whole(p.reader, &c.Breaker.Failures, 0),
				"window":   p.duration(&c.Breaker.Window, time.Millisecond),
				"open":     p.duration(&c.Breaker.Open, time.Millisecond),
			})
		},
		"timeouts": func(n *yaml.Node, path string) {
			p.object(n, path, fields{
				"header":    p.duration(&c.Timeouts.Header, time.Millisecond),
				"firstByte": p.duration(&c.Timeouts.FirstByte, time.Millisecond),
				"idle":      p.duration(&c.Timeouts.Idle, time.Millisecond),
				"total":     p.duration(&c.Timeouts.Total, time.Millisecond),
			})
		},
		"prediction":   p.prediction,
		"boundary":     oneOf(p.reader, &c.Boundary, route.WithinArea, route.WithinZone, route.Anywhere),
		"onClientGone": oneOf(p.reader, &c.OnClientGone, Cancel, Drain),
		"sizes":        p.sizes,
		"affinity": func(n *yaml.Node, path string) {
			p.object(n, path, fields{"prefix": whole(p.reader, &c.Affinity.Prefix, 0)})
		},
		"drain":  p.duration(&c.Drain, 0),
		"prices": p.prices,
	})
}

// noted remembers where a path is written.
func (p *parser) noted(read func(*yaml.Node, string)) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		p.nodes[path] = n
		read(n, path)
	}
}

func (p *parser) tls(n *yaml.Node, path string) {
	p.object(n, path, fields{"cert": p.text(&p.c.TLS.Cert), "key": p.text(&p.c.TLS.Key)})
	if (p.c.TLS.Cert == "") != (p.c.TLS.Key == "") {
		p.fault(n, path, "cert and key go together")
	}
}

func (p *parser) proxies(n *yaml.Node, path string) {
	p.list(n, path, func(n *yaml.Node, path string) {
		var v string
		p.text(&v)(n, path)
		prefix, err := netip.ParsePrefix(v)
		if addr, addrErr := netip.ParseAddr(v); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			p.fault(n, path, "expected an address or a prefix such as 10.0.0.0/8, got %q", v)
			return
		}
		p.c.TrustedProxies = append(p.c.TrustedProxies, prefix)
	})
}

func (p *parser) backend(n *yaml.Node, path string) Backend {
	var b Backend
	var endpoint string
	p.nodes[path] = n
	p.object(n, path, fields{
		"name":       p.text(&b.Name),
		"endpoint":   p.noted(p.text(&endpoint)),
		"deployment": p.text(&b.Deployment),
		"kind":       oneOf(p.reader, &b.Kind, PTU, Standard),
		"sku":        p.noted(p.text(&b.SKU)),
		"capacity":   p.noted(whole(p.reader, &b.Capacity, 0)),
		"model": func(n *yaml.Node, path string) {
			p.object(n, path, fields{"name": p.text(&b.Model), "version": p.text(&b.Version)})
		},
		"region":     p.text(&b.Region),
		"apiVersion": p.text(&b.APIVersion),
		"caFile":     p.text(&b.CAFile),
		"auth":       func(n *yaml.Node, path string) { b.Auth = p.auth(n, path) },
	})
	b.Endpoint = p.endpoint(path+".endpoint", endpoint)
	if b.SKU == "" {
		b.SKU = ptu.SKUStandard
		if b.Kind == PTU {
			b.SKU = ptu.SKURegional
		}
	}
	return b
}

func (p *parser) endpoint(path, text string) *url.URL {
	n := p.nodes[path]
	u, err := url.Parse(text)
	switch {
	case text == "":
		p.fault(n, path, "is missing")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.fault(n, path, "expected an address such as https://contoso.openai.azure.com, got %q", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		p.fault(n, path, "expected an address without user, query or fragment")
	case strings.Trim(u.Path, "/") != "":
		p.fault(n, path, "expected the root of the resource, without the path %q", u.Path)
	default:
		if u.Scheme == "http" && !loopback.Is(u.Hostname()) {
			p.warn(n, path, "plain http: prompts and credentials travel unencrypted")
		}
		return &url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	return &url.URL{Scheme: "https", Host: "invalid.invalid"}
}

func (p *parser) auth(n *yaml.Node, path string) Auth {
	var a Auth
	ways := 0
	token := func(kind TokenKind) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) {
			a.Token = kind
			ways++
			p.object(n, path, fields{"clientId": p.text(&a.ClientID), "tenant": p.text(&a.Tenant)})
		}
	}
	p.object(n, path, fields{
		"key":             func(n *yaml.Node, path string) { a.Key = p.secret(n, path); ways++ },
		"managedIdentity": token(ManagedIdentity),
		"entra":           token(EntraDefault),
	})
	if ways != 1 {
		p.fault(n, path, "expected exactly one of key, managedIdentity and entra")
	}
	return a
}

func (p *parser) secret(n *yaml.Node, path string) Secret {
	var ref string
	p.text(&ref)(n, path)
	s, err := ParseSecret(ref)
	if err != nil {
		p.fault(n, path, "%v", err)
	}
	return s
}

func (p *parser) pool(n *yaml.Node, path string) Pool {
	pool := Pool{Strategy: route.Priority}
	p.nodes[path] = n
	p.object(n, path, fields{
		"name":     p.text(&pool.Name),
		"aliases":  p.texts(&pool.Aliases),
		"strategy": oneOf(p.reader, &pool.Strategy, route.Strategies()...),
		"boundary": oneOf(p.reader, &pool.Boundary, route.WithinArea, route.WithinZone, route.Anywhere),
		"members": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) {
				m := Member{Priority: 1, Weight: 1}
				p.object(n, path, fields{
					"backend":  p.noted(p.text(&m.Backend)),
					"priority": whole(p.reader, &m.Priority, 1),
					"weight":   whole(p.reader, &m.Weight, 1),
				})
				pool.Members = append(pool.Members, m)
			})
		},
		"limits": p.limits(&pool.Limits),
	})
	return pool
}

func (p *parser) limits(l *Limits) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		p.object(n, path, fields{
			"tokensPerMinute":   whole(p.reader, &l.TokensPerMinute, 1),
			"requestsPerMinute": whole(p.reader, &l.RequestsPerMinute, 1),
			"concurrent":        whole(p.reader, &l.Concurrent, 1),
			"tokensPerDay":      whole(p.reader, &l.TokensPerDay, 1),
			"tokensPerMonth":    whole(p.reader, &l.TokensPerMonth, 1),
		})
	}
}

func (p *parser) product(n *yaml.Node, path string) Product {
	product := Product{Class: Interactive}
	p.nodes[path] = n
	p.object(n, path, fields{
		"name": p.text(&product.Name),
		"pools": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) {
				var name string
				p.noted(p.text(&name))(n, path)
				product.Pools = append(product.Pools, name)
			})
		},
		"class":      oneOf(p.reader, &product.Class, Interactive, Batch),
		"limits":     p.limits(&product.Limits),
		"perAddress": p.limits(&product.PerAddress),
		"queue": func(n *yaml.Node, path string) {
			product.Queue.Wait = 10 * time.Second
			p.object(n, path, fields{
				"max":  whole(p.reader, &product.Queue.Max, 1),
				"wait": p.duration(&product.Queue.Wait, time.Millisecond),
			})
			if product.Queue.Max == 0 {
				p.fault(n, path, "max is missing: a waiting room is bounded")
			}
		},
		"bodies": p.noted(oneOf(p.reader, &product.Bodies, NoBodies, MaskedBodies, FullBodies)),
	})
	return product
}

func (p *parser) key(n *yaml.Node, path string) Key {
	var k Key
	ways := 0
	p.nodes[path] = n
	p.object(n, path, fields{
		"name":    p.text(&k.Name),
		"product": p.noted(p.text(&k.Product)),
		"secret":  func(n *yaml.Node, path string) { k.Secret = p.secret(n, path); ways++ },
		"hash":    func(n *yaml.Node, path string) { k.Hash = p.hash(n, path); ways++ },
		"limits":  p.limits(&k.Limits),
	})
	if ways != 1 {
		p.fault(n, path, "expected exactly one of secret and hash")
	}
	return k
}

func (p *parser) hash(n *yaml.Node, path string) (sum [32]byte) {
	var text string
	p.text(&text)(n, path)
	digits, ok := strings.CutPrefix(text, "sha256:")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != len(sum) {
		p.fault(n, path, "expected sha256: and 64 hexadecimal digits, as `azptu gateway key` prints them")
		return sum
	}
	return [32]byte(raw)
}

func (p *parser) entra(n *yaml.Node, path string) {
	e := &Entra{Authority: "https://login.microsoftonline.com"}
	p.nodes[path] = n
	p.object(n, path, fields{
		"tenant":    p.text(&e.Tenant),
		"audiences": p.texts(&e.Audiences),
		"authority": p.text(&e.Authority),
		"caFile":    p.text(&e.CAFile),
		"clients": func(n *yaml.Node, path string) {
			p.list(n, path, func(n *yaml.Node, path string) {
				var c EntraClient
				p.object(n, path, fields{"id": p.text(&c.ID), "name": p.text(&c.Name), "product": p.noted(p.text(&c.Product))})
				if c.ID == "" {
					p.fault(n, path, "id is missing: an application or object id, or \"*\"")
				}
				e.Clients = append(e.Clients, c)
			})
		},
	})
	if e.Tenant == "" || len(e.Audiences) == 0 || len(e.Clients) == 0 {
		p.fault(n, path, "tenant, audiences and clients are needed")
	}
	if u, err := url.Parse(e.Authority); err != nil || u.Scheme != "https" || u.Host == "" {
		p.fault(n, path+".authority", "expected an https address, got %q", e.Authority)
	}
	p.c.Entra = e
}

func (p *parser) policies(n *yaml.Node, path string) {
	p.list(n, path, func(n *yaml.Node, path string) {
		p.fault(n, path, "policy documents are not run by this gateway")
	})
}

func (p *parser) telemetry(n *yaml.Node, path string) {
	t := &p.c.Telemetry
	var otlp string
	p.object(n, path, fields{
		"otlp": p.noted(p.text(&otlp)),
		"headers": func(n *yaml.Node, path string) {
			p.each(n, path, func(name string, n *yaml.Node, path string) {
				if !token().MatchString(name) {
					p.fault(n, path, "%q is no name of a header", name)
				}
				t.Headers = append(t.Headers, Header{Name: name, Value: p.secret(n, path)})
			})
		},
		"caFile":   p.text(&t.CAFile),
		"sample":   p.share(&t.Sample),
		"interval": p.duration(&t.Interval, time.Second),
	})
	if otlp != "" {
		t.OTLP = p.collector(path+".otlp", otlp)
	}
}

// collector reads the address of an OpenTelemetry collector, which may have a
// path.
func (p *parser) collector(path, text string) *url.URL {
	n := p.nodes[path]
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.fault(n, path, "expected an address such as http://127.0.0.1:4318, got %q", text)
		return nil
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		p.fault(n, path, "expected an address without user, query or fragment")
		return nil
	case strings.HasSuffix(u.Path, "/v1/traces") || strings.HasSuffix(u.Path, "/v1/metrics"):
		p.fault(n, path, "expected the collector's root: /v1/traces and /v1/metrics are added")
		return nil
	case u.Scheme == "http" && !loopback.Is(u.Hostname()):
		p.warn(n, path, "plain http: names of keys, products and callers travel unencrypted")
	}
	return u
}

func (p *parser) logs(n *yaml.Node, path string) {
	l := &p.c.Logs
	p.nodes[path] = n
	p.object(n, path, fields{
		"dir":       p.text(&l.Dir),
		"bodies":    oneOf(p.reader, &l.Bodies, NoBodies, MaskedBodies, FullBodies),
		"retention": p.duration(&l.Retention, time.Hour),
		"maxBody":   p.size(&l.MaxBody),
		"format":    oneOf(p.reader, &l.Format, Tables, Lines),
		"mask":      p.noted(p.texts(&l.Mask)),
		"sinks":     p.noted(p.sinks),
	})
}

func (p *parser) prediction(n *yaml.Node, path string) {
	d := &p.c.Prediction
	seconds := int(d.Window / time.Second)
	p.object(n, path, fields{
		"enabled":           p.truth(&d.Enabled),
		"bucketSeconds":     whole(p.reader, &seconds, 1),
		"defaultCompletion": whole(p.reader, &d.DefaultCompletion, 1),
		"reserve":           p.share(&d.Reserve),
	})
	d.Window = time.Duration(seconds) * time.Second
}

func (p *parser) sizes(n *yaml.Node, path string) {
	header := int64(p.c.Sizes.Header)
	p.object(n, path, fields{
		"body":   p.size(&p.c.Sizes.Body),
		"upload": p.size(&p.c.Sizes.Upload),
		"held":   p.size(&p.c.Sizes.Held),
		"header": p.size(&header),
	})
	p.c.Sizes.Header = int(header)
}

// prices reads negotiated prices: by model in US dollars per million tokens,
// and by SKU for one unit and hour.
func (p *parser) prices(n *yaml.Node, path string) {
	p.object(n, path, fields{
		"tokens": func(n *yaml.Node, path string) {
			p.each(n, path, func(name string, n *yaml.Node, path string) {
				var t ptu.TokenPrice
				p.object(n, path, fields{"input": p.amount(&t.Input), "cachedInput": p.amount(&t.CachedInput), "output": p.amount(&t.Output)})
				p.c.Prices[name] = t
			})
		},
		"ptuHour": func(n *yaml.Node, path string) {
			p.each(n, path, func(name string, n *yaml.Node, path string) {
				var usd float64
				p.amount(&usd)(n, path)
				if _, ok := ptu.TypeOfSKU(name); !ok {
					p.fault(n, path, "%q is no provisioned SKU", name)
				}
				p.c.PTUHour[name] = usd
			})
		},
	})
}

// each reads a mapping whose keys are names of the user's own.
func (p *parser) each(n *yaml.Node, path string, read func(name string, n *yaml.Node, path string)) {
	n = p.follow(n, path)
	if n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.fault(n, path, "expected keys and values, got %s", describe(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		read(n.Content[i].Value, n.Content[i+1], join(path, n.Content[i].Value))
	}
}
