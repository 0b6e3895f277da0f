package migrate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/ptu"
)

// ErrBackend says that a gateway's configuration does not name the deployment,
// or names it more than once.
var ErrBackend = errors.New("the gateway has no single backend for the deployment")

// Backend is the name by which a gateway's configuration knows a deployment of
// an account; name, unless "", is the one that somebody says it is.
func Backend(text []byte, ref arm.DeploymentRef, endpoint, name string) (string, error) {
	_, root, err := parseYAML(text)
	if err != nil {
		return "", err
	}
	host := ""
	if u, err := url.Parse(endpoint); err == nil {
		host = u.Host
	}
	var named, here []string
	for _, b := range list(root, "backends") {
		own := value(b, "name")
		if name != "" && own == name {
			return own, nil
		}
		if value(b, "deployment") != ref.Deployment {
			continue
		}
		named = append(named, own)
		if u, err := url.Parse(value(b, "endpoint")); err == nil && strings.EqualFold(u.Host, host) {
			here = append(here, own)
		}
	}
	switch {
	case name == "" && len(here) == 1:
		return here[0], nil
	case name == "" && len(named) == 1:
		return named[0], nil
	}
	return "", fmt.Errorf("%w %s: %s", ErrBackend, ref.Deployment, strings.Join(named, ", "))
}

// Reweigh changes a gateway's configuration so that a share of the calls of
// every pool with the backend old goes to the new deployment beside it, under
// the same priority. At 0 it stands as it was, at 1 the new one has the old
// one's place. Comments and everything else stay.
func Reweigh(text []byte, old string, to arm.Deployment, share float64) ([]byte, error) {
	doc, root, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	fresh, err := addBackend(root, old, to)
	if err != nil {
		return nil, err
	}
	touched := false
	for _, pool := range list(root, "pools") {
		members := field(pool, "members")
		if members != nil && reweighPool(members, old, fresh, share) {
			touched = true
		}
	}
	if !touched {
		return nil, fmt.Errorf("%w: no pool has %s", ErrBackend, old)
	}
	if share == 0 {
		removeBackend(root, fresh)
	}
	return render(doc)
}

// Forget takes a backend that no pool has out of the configuration.
func Forget(text []byte, backend string) ([]byte, error) {
	doc, root, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	for _, pool := range list(root, "pools") {
		for _, m := range list(pool, "members") {
			if value(m, "backend") == backend {
				return nil, fmt.Errorf("%w: a pool still has %s", ErrBackend, backend)
			}
		}
	}
	removeBackend(root, backend)
	return render(doc)
}

// hundred is what weights are multiplied by while two backends share a place,
// so that one percent is a whole number.
const hundred = 100

// reweighPool rewrites the members of one pool. While both are members the
// weights of their priority are a hundred times what they were; the state is
// read off the pool itself, so that doing it twice changes nothing more.
func reweighPool(members *yaml.Node, old, fresh string, share float64) bool {
	was, is := member(members, old), member(members, fresh)
	anchor := cmp.Or(was, is)
	if anchor == nil {
		return false
	}
	both, wantBoth := was != nil && is != nil, share > 0 && share < 1
	place := number(anchor, "weight")
	if both {
		place = max((number(was, "weight")+number(is, "weight"))/hundred, 1)
	}
	if both != wantBoth {
		rescale(members, old, fresh, number(anchor, "priority"), wantBoth)
	}
	if is == nil {
		is = clone(was)
		set(is, "backend", fresh)
	}
	if was == nil {
		was = clone(is)
		set(was, "backend", old)
	}
	now := []*yaml.Node{was, is}
	switch {
	case share <= 0:
		weigh(was, place)
		now = now[:1]
	case share >= 1:
		weigh(is, place)
		now = now[1:]
	default:
		part := min(max(int(math.Round(share*hundred)), 1), hundred-1)
		set(is, "weight", strconv.Itoa(place*part))
		set(was, "weight", strconv.Itoa(place*(hundred-part)))
	}
	at := slices.Index(members.Content, anchor)
	rest := slices.DeleteFunc(slices.Clone(members.Content[at:]), func(m *yaml.Node) bool { return ours(m, old, fresh) })
	before := slices.DeleteFunc(slices.Clone(members.Content[:at]), func(m *yaml.Node) bool { return ours(m, old, fresh) })
	members.Content = slices.Concat(before, now, rest)
	return true
}

func ours(m *yaml.Node, old, fresh string) bool {
	name := value(m, "backend")
	return name == old || name == fresh
}

func member(members *yaml.Node, backend string) *yaml.Node {
	for _, m := range members.Content {
		if value(m, "backend") == backend {
			return m
		}
	}
	return nil
}

// rescale multiplies the weights of the other members of a priority by a
// hundred, or divides them again.
func rescale(members *yaml.Node, old, fresh string, priority int, up bool) {
	for _, m := range members.Content {
		if ours(m, old, fresh) || number(m, "priority") != priority {
			continue
		}
		if up {
			set(m, "weight", strconv.Itoa(number(m, "weight")*hundred))
		} else {
			weigh(m, max(number(m, "weight")/hundred, 1))
		}
	}
}

// weigh writes a weight; 1 is what a member has that says nothing.
func weigh(m *yaml.Node, w int) {
	if w == 1 {
		unset(m, "weight")
		return
	}
	set(m, "weight", strconv.Itoa(w))
}

// addBackend makes sure that there is a backend for the new deployment, a copy
// of the old one's with what differs, and returns its name.
func addBackend(root *yaml.Node, old string, to arm.Deployment) (string, error) {
	backends := field(root, "backends")
	var model *yaml.Node
	taken := map[string]bool{}
	for _, b := range list(root, "backends") {
		taken[value(b, "name")] = true
		if value(b, "name") == old {
			model = b
		}
	}
	name := to.DeploymentRef.Deployment
	if name == old {
		name += "-new"
	}
	for _, b := range list(root, "backends") {
		if value(b, "name") == name && value(b, "deployment") == to.DeploymentRef.Deployment {
			return name, nil
		}
	}
	if model == nil || backends == nil {
		return "", fmt.Errorf("%w: %s is not there", ErrBackend, old)
	}
	if taken[name] {
		return "", fmt.Errorf("%w: the name %s is taken", ErrBackend, name)
	}
	b := clone(model)
	set(b, "name", name)
	set(b, "deployment", to.DeploymentRef.Deployment)
	set(b, "sku", to.SKU)
	set(b, "kind", "standard")
	if _, provisioned := ptu.TypeOfSKU(to.SKU); provisioned {
		set(b, "kind", "ptu")
	}
	set(b, "capacity", strconv.Itoa(to.Capacity))
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	set(m, "name", to.Model.Name)
	set(m, "version", to.Model.Version)
	put(b, "model", m)
	backends.Content = append(backends.Content, b)
	return name, nil
}

func removeBackend(root *yaml.Node, name string) {
	if backends := field(root, "backends"); backends != nil {
		backends.Content = slices.DeleteFunc(backends.Content, func(b *yaml.Node) bool { return value(b, "name") == name })
	}
}

func parseYAML(text []byte) (doc, root *yaml.Node, err error) {
	doc = &yaml.Node{}
	if err := yaml.Unmarshal(text, doc); err != nil {
		return nil, nil, fmt.Errorf("reading the gateway's configuration: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil, errors.New("reading the gateway's configuration: it is no mapping")
	}
	return doc, doc.Content[0], nil
}

func render(doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("writing the gateway's configuration: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("writing the gateway's configuration: %w", err)
	}
	return b.Bytes(), nil
}

// field is the value of a key of a mapping, nil when it has none.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func list(n *yaml.Node, key string) []*yaml.Node {
	if f := field(n, key); f != nil && f.Kind == yaml.SequenceNode {
		return f.Content
	}
	return nil
}

func value(n *yaml.Node, key string) string {
	if f := field(n, key); f != nil {
		return f.Value
	}
	return ""
}

// number is a whole number of a member; 1 where it has none.
func number(n *yaml.Node, key string) int {
	v, err := strconv.Atoi(value(n, key))
	if err != nil || v < 1 {
		return 1
	}
	return v
}

// set writes a text or number as YAML needs it written.
func set(n *yaml.Node, key, text string) {
	v := &yaml.Node{}
	v.SetString(text)
	if _, err := strconv.Atoi(text); err == nil && key != "version" && key != "name" && key != "deployment" && key != "backend" {
		v.Tag = "!!int"
	}
	if key == "version" {
		v.Style = yaml.DoubleQuotedStyle
	}
	put(n, key, v)
}

func put(n *yaml.Node, key string, v *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v.LineComment, v.HeadComment, v.FootComment = n.Content[i+1].LineComment, n.Content[i+1].HeadComment, n.Content[i+1].FootComment
			n.Content[i+1] = v
			return
		}
	}
	k := &yaml.Node{}
	k.SetString(key)
	n.Content = append(n.Content, k, v)
}

func unset(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// clone copies a node and all below it, without its comments.
func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.LineComment, c.HeadComment, c.FootComment = "", "", ""
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, clone(child))
	}
	return &c
}
