package config

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/loopback"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/route"
)

// check judges what only the whole shows.
func (p *parser) check() {
	if p.version != 1 {
		p.fault(p.nodes["version"], "version", "expected 1: the version of this format")
	}
	p.checkListeners()
	p.checkHeader()
	p.checkBackends()
	p.checkPools()
	p.checkProducts()
	p.checkKeys()
	p.checkQuotas()
	if l := p.c.Logs; len(l.Sinks) > 0 && (l.Format != Tables || l.Dir == "") {
		p.fault(p.nodes["logs.sinks"], "logs.sinks", "sinks send the tables of logs.dir: a dir is needed, and no other format than tables")
	}
	for i, pattern := range p.c.Logs.Mask {
		if _, err := regexp.Compile(pattern); err != nil {
			p.fault(p.nodes["logs.mask"], fmt.Sprintf("logs.mask[%d]", i), "is no regular expression: %v", err)
		}
	}
}

// quotaName is the file of quotas in the folder of the records.
const quotaName = "quotas.json"

// checkQuotas finds where quotas are noted when the file is not named: beside
// the records.
func (p *parser) checkQuotas() {
	c := p.c
	if c.QuotaFile == "" && c.Logs.Dir != "" {
		c.QuotaFile = filepath.Join(c.Logs.Dir, quotaName)
	}
	if c.QuotaFile == "" && (slices.ContainsFunc(c.Keys, func(k Key) bool { return k.Limits.Calendar() }) ||
		slices.ContainsFunc(c.Pools, func(p Pool) bool { return p.Limits.Calendar() }) ||
		slices.ContainsFunc(c.Products, func(p Product) bool { return p.Limits.Calendar() || p.PerAddress.Calendar() })) {
		p.warn(nil, "quotaFile", "is missing, and so is logs.dir: a restart forgets what was used of days and months")
	}
}

func (p *parser) checkListeners() {
	type listener struct{ path, address string }
	var seen []listener
	for _, l := range []listener{{"listen", p.c.Listen}, {"admin", p.c.Admin}, {"probe", p.c.Probe}} {
		if l.address == "" {
			if l.path == "listen" {
				p.fault(p.nodes["listen"], "listen", "is missing")
			}
			continue
		}
		host, port, err := net.SplitHostPort(l.address)
		number, convErr := strconv.ParseUint(port, 10, 16)
		if err != nil || convErr != nil {
			p.fault(p.nodes[l.path], l.path, "expected host:port, got %q", l.address)
			continue
		}
		if l.path == "admin" && !loopback.Is(host) {
			p.fault(p.nodes[l.path], l.path, "must be on loopback (127.0.0.1, [::1] or localhost): whoever reaches it controls the gateway")
		}
		for _, other := range seen {
			if number != 0 && sharesPort(other.address, l.address) {
				p.fault(p.nodes[l.path], l.path, "%s is taken by %s", l.address, other.path)
			}
		}
		seen = append(seen, l)
	}
}

// sharesPort tells whether two addresses cannot be listened on at once.
func sharesPort(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	if portA != portB {
		return false
	}
	return hostA == hostB || wildcard(hostA) || wildcard(hostB) || loopback.Is(hostA) && loopback.Is(hostB) && (hostA == "localhost" || hostB == "localhost")
}

func wildcard(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

var token = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") })

func (p *parser) checkHeader() {
	reserved := []string{"authorization", "host", "content-length", "transfer-encoding", "connection", "content-type", "cookie"}
	if !token().MatchString(p.c.KeyHeader) || slices.Contains(reserved, strings.ToLower(p.c.KeyHeader)) {
		p.fault(p.nodes["keyHeader"], "keyHeader", "%q cannot carry a subscription key", p.c.KeyHeader)
	}
}

func (p *parser) checkBackends() {
	if len(p.c.Backends) == 0 {
		p.fault(nil, "backends", "is missing: at least one is needed")
	}
	seen := map[string]bool{}
	for i := range p.c.Backends {
		b := &p.c.Backends[i]
		path := fmt.Sprintf("backends[%d]", i)
		n := p.nodes[path]
		p.checkName(n, path, b.Name, seen)
		if b.Deployment == "" {
			p.fault(n, path+".deployment", "is missing")
		}
		if strings.ContainsAny(b.Deployment, "/\\?#%") {
			p.fault(n, path+".deployment", "%q is no deployment name", b.Deployment)
		}
		if b.Auth == (Auth{}) {
			p.fault(n, path+".auth", "is missing: key, managedIdentity or entra")
		}
		switch b.Kind {
		case PTU:
			p.checkProvisioned(b, n, path)
		case Standard:
			if !ptu.IsStandard(b.SKU) {
				p.fault(n, path+".sku", "%q is not billed by the token; kind ptu, or one of Standard, DataZoneStandard, GlobalStandard", b.SKU)
			}
		default:
			p.fault(n, path+".kind", "is missing: ptu or standard")
		}
	}
}

func (p *parser) checkProvisioned(b *Backend, n *yaml.Node, path string) {
	kind, ok := ptu.TypeOfSKU(b.SKU)
	if !ok {
		p.fault(n, path+".sku", "%q is no provisioned SKU; use ProvisionedManaged, DataZoneProvisionedManaged or GlobalProvisionedManaged", b.SKU)
		return
	}
	if b.Capacity == 0 {
		p.fault(n, path+".capacity", "is missing: the units (PTU) that are deployed")
		return
	}
	if b.Model == "" {
		p.warn(n, path+".model", "is not given: the throughput of a unit is assumed")
		return
	}
	model, ok := catalog.Builtin().Model(b.Model)
	if !ok {
		p.warn(n, path+".model.name", "%q is not in the catalog: the throughput of a unit is assumed", b.Model)
		return
	}
	if rule, offered := model.Rules[kind]; offered {
		if err := rule.Check(b.Capacity); err != nil {
			p.warn(n, path+".capacity", "%v (%s, %s)", err, rule.Source, kind.Label())
		}
	}
}

func (p *parser) checkName(n *yaml.Node, path, name string, seen map[string]bool) {
	switch {
	case name == "":
		p.fault(n, path+".name", "is missing")
	case seen[name]:
		p.fault(n, path+".name", "%q is taken", name)
	}
	seen[name] = true
}

func (p *parser) backendNamed(name string) (Backend, bool) {
	i := slices.IndexFunc(p.c.Backends, func(b Backend) bool { return b.Name == name })
	if i < 0 {
		return Backend{}, false
	}
	return p.c.Backends[i], true
}

func (p *parser) checkPools() {
	if len(p.c.Pools) == 0 {
		p.fault(nil, "pools", "is missing: at least one is needed")
	}
	names := map[string]bool{}
	for i := range p.c.Pools {
		pool := &p.c.Pools[i]
		path := fmt.Sprintf("pools[%d]", i)
		n := p.nodes[path]
		p.checkName(n, path, pool.Name, names)
		for j, alias := range pool.Aliases {
			p.checkName(n, fmt.Sprintf("%s.aliases[%d]", path, j), alias, names)
		}
		if pool.Boundary == "" {
			pool.Boundary = p.c.Boundary
		}
		p.checkMembers(pool, n, path)
	}
}

func (p *parser) checkMembers(pool *Pool, n *yaml.Node, path string) {
	if len(pool.Members) == 0 {
		p.fault(n, path+".members", "is missing: a pool needs at least one backend")
		return
	}
	seen := map[string]bool{}
	members := make([]route.Member, 0, len(pool.Members))
	for j, m := range pool.Members {
		at := fmt.Sprintf("%s.members[%d].backend", path, j)
		b, ok := p.backendNamed(m.Backend)
		switch {
		case !ok:
			p.fault(p.nodes[at], at, "there is no backend %q", m.Backend)
			return
		case seen[m.Backend]:
			p.fault(p.nodes[at], at, "%q is in the pool twice", m.Backend)
			return
		}
		seen[m.Backend] = true
		members = append(members, route.Member{Name: m.Backend, Priority: m.Priority, Weight: m.Weight, Area: route.AreaOf(b.SKU, b.Region)})
	}
	p.checkBoundary(members, pool, n, path)
}

// checkBoundary names the pools whose spill-over leaves, or may leave, the
// data boundary of their first choice, and members that it therefore never
// reaches.
func (p *parser) checkBoundary(members []route.Member, pool *Pool, n *yaml.Node, path string) {
	chosen, err := route.NewPool(members, pool.Strategy, pool.Boundary)
	if err != nil {
		p.fault(n, path, "%v", err)
		return
	}
	if outside := chosen.Outside(); len(outside) > 0 {
		p.warn(n, path, "never spills over to %s: outside the boundary %q of its first choice", strings.Join(outside, ", "), pool.Boundary)
	}
	tight, err := route.NewPool(members, pool.Strategy, route.WithinArea)
	if err != nil {
		return
	}
	var leaving []string
	for _, name := range tight.Outside() {
		if !slices.Contains(chosen.Outside(), name) {
			leaving = append(leaving, name)
		}
	}
	if len(leaving) > 0 {
		p.warn(n, path, "may leave the data boundary of its first choice: %s", strings.Join(leaving, ", "))
	}
	var unknown []string
	for _, m := range members {
		if !m.Area.Known() {
			unknown = append(unknown, m.Name)
		}
	}
	if len(unknown) > 0 && len(members) > 1 && pool.Boundary != route.Anywhere {
		p.warn(n, path, "may leave the data boundary: the region of %s is not given", strings.Join(unknown, ", "))
	}
}

func (p *parser) checkProducts() {
	pools := map[string]bool{}
	for _, pool := range p.c.Pools {
		pools[pool.Name] = true
	}
	seen := map[string]bool{}
	for i := range p.c.Products {
		product := &p.c.Products[i]
		path := fmt.Sprintf("products[%d]", i)
		p.checkName(p.nodes[path], path, product.Name, seen)
		if len(product.Pools) == 0 {
			p.fault(p.nodes[path], path+".pools", "is missing: a product opens at least one pool")
		}
		for j, name := range product.Pools {
			if at := fmt.Sprintf("%s.pools[%d]", path, j); !pools[name] {
				p.fault(p.nodes[at], at, "there is no pool %q", name)
			}
		}
		switch {
		case product.Bodies == "":
			product.Bodies = p.c.Logs.Bodies
		case product.Bodies.rank() > p.c.Logs.Bodies.rank():
			p.fault(p.nodes[path+".bodies"], path+".bodies", "may only say less than logs.bodies (%s)", p.c.Logs.Bodies)
		}
	}
}

func (p *parser) checkKeys() {
	products := map[string]bool{}
	for _, product := range p.c.Products {
		products[product.Name] = true
	}
	if len(p.c.Keys) == 0 && p.c.Entra == nil {
		p.warn(nil, "keys", "no key and no Entra client: nobody can call")
	}
	seen := map[string]bool{}
	for i, k := range p.c.Keys {
		path := fmt.Sprintf("keys[%d]", i)
		p.checkName(p.nodes[path], path, k.Name, seen)
		if !products[k.Product] {
			p.fault(p.nodes[path+".product"], path+".product", "there is no product %q", k.Product)
		}
	}
	if p.c.Entra == nil {
		return
	}
	for i, c := range p.c.Entra.Clients {
		if path := fmt.Sprintf("entra.clients[%d].product", i); !products[c.Product] {
			p.fault(p.nodes[path], path, "there is no product %q", c.Product)
		}
	}
}
