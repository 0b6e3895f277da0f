package exec

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// networkKey tells networks apart, together with what must be equal beside them.
type networkKey struct {
	net  netip.Prefix
	rest string
}

// matchNetworks matches addresses to the networks that they are in, the narrowest first.
// The first key of each side is the address or network; the others must be equal.
func (x *Runner) matchNetworks(ctx context.Context, kind string, lk, rk []*value.Vector, n, m int) (*pairs, error) {
	six := strings.HasSuffix(kind, "6")
	rows, lengths := map[networkKey][]int32{}, map[int]bool{}
	for i := range m {
		if net, ok := networkOf(rk[0].Text(i), six); ok {
			k := networkKey{net.Masked(), restOf(rk, i)}
			rows[k] = append(rows[k], int32(i))
			lengths[net.Bits()] = true
		}
	}
	narrow := slices.Sorted(maps.Keys(lengths))
	slices.Reverse(narrow)
	p := &pairs{}
	for i := range n {
		before := len(p.left)
		if at, ok := networkOf(lk[0].Text(i), six); ok {
			rest := restOf(lk, i)
			for _, bits := range narrow {
				net, err := at.Addr().Prefix(bits)
				if err != nil {
					continue
				}
				for _, row := range rows[networkKey{net, rest}] {
					p.left, p.right = append(p.left, int32(i)), append(p.right, row)
				}
			}
		}
		if len(p.left) == before && strings.HasPrefix(kind, "leftouter") {
			p.left, p.right = append(p.left, int32(i)), append(p.right, -1)
		}
		if err := x.checkPairs(ctx, i*batchRows, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// networkOf reads an address or a network; for version 6 those of version 4 are mapped.
func networkOf(s string, six bool) (netip.Prefix, bool) {
	s = strings.TrimSpace(s)
	net, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		net = netip.PrefixFrom(a, a.BitLen())
	}
	switch {
	case !six:
		return net, net.Addr().Is4()
	case net.Addr().Is4():
		net = netip.PrefixFrom(netip.AddrFrom16(net.Addr().As16()), net.Bits()+96)
	}
	return net, true
}

func restOf(keys []*value.Vector, i int) string {
	var buf []byte
	for _, k := range keys[1:] {
		buf = value.AppendKey(buf, k, i)
	}
	return string(buf)
}
