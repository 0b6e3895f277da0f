package fn

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

var ipFuncs = func() group {
	return group{
		"parse_ipv4":           {Row: parseIPv4},
		"parse_ipv4_mask":      {Row: parseIPv4Mask},
		"parse_ipv6":           {Row: parseIPv6},
		"parse_ipv6_mask":      {Row: parseIPv6},
		"format_ipv4":          {Row: formatIPv4(false)},
		"format_ipv4_mask":     {Row: formatIPv4(true)},
		"ipv4_compare":         {Row: compareIP(4, false)},
		"ipv4_is_match":        {Row: compareIP(4, true)},
		"ipv6_compare":         {Row: compareIP(6, false)},
		"ipv6_is_match":        {Row: compareIP(6, true)},
		"ipv4_is_in_range":     {Row: inRange(4)},
		"ipv6_is_in_range":     {Row: inRange(6)},
		"ipv4_is_in_any_range": {Row: inAnyRange(4)},
		"ipv6_is_in_any_range": {Row: inAnyRange(6)},
		"ipv4_is_private": {Row: func(_ *Context, a []value.Value) value.Value {
			p, ok := prefix(a[0].S, 4)
			if !ok {
				return null(value.Bool)
			}
			return value.OfBool(p.Addr().IsPrivate())
		}},
		"ipv4_netmask_suffix": {Row: func(_ *Context, a []value.Value) value.Value {
			p, ok := prefix(a[0].S, 4)
			if !ok {
				return null(value.Long)
			}
			return value.OfLong(int64(p.Bits()))
		}},
		// There is no database of places here: nothing is known of any address.
		"geo_info_from_ip_address": {Row: func(*Context, []value.Value) value.Value { return null(value.Dynamic) }},
		"ipv4_range_to_cidr_list":  {Row: cidrList},
		"has_ipv4":                 {Row: hasIPv4(false)},
		"has_any_ipv4":             {Row: hasIPv4(false)},
		"has_ipv4_prefix":          {Row: hasIPv4(true)},
		"has_any_ipv4_prefix":      {Row: hasIPv4(true)},
	}
}

// prefix reads an address with or without a /bits suffix. For version 6 an IPv4 address
// is taken in its mapped form.
func prefix(s string, version int) (netip.Prefix, bool) {
	addr, bitsText, cut := strings.Cut(strings.TrimSpace(s), "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" || version == 4 && !a.Is4() {
		return netip.Prefix{}, false
	}
	if b := a.As16(); a.Is6() && strings.Contains(addr, ".") && [12]byte(b[:12]) == [12]byte{} {
		a = netip.AddrFrom4([4]byte(b[12:])) // ::1.2.3.4 is an IPv4 address, too
	}
	bits := a.BitLen()
	if cut {
		n, err := strconv.Atoi(bitsText)
		if err != nil || n < 0 || n > bits {
			return netip.Prefix{}, false
		}
		bits = n
	}
	if version == 6 && a.Is4() {
		a, bits = netip.AddrFrom16(a.As16()), bits+96
	}
	return netip.PrefixFrom(a, bits), true
}

func ipNumber(a netip.Addr) int64 {
	b := a.As4()
	return int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
}

func parseIPv4(_ *Context, a []value.Value) value.Value {
	p, ok := prefix(a[0].S, 4)
	if !ok {
		return null(value.Long)
	}
	return value.OfLong(ipNumber(p.Masked().Addr()))
}

func parseIPv4Mask(_ *Context, a []value.Value) value.Value {
	p, ok := prefix(a[0].S, 4)
	if !ok || a[1].I < 0 || a[1].I > 32 {
		return null(value.Long)
	}
	return value.OfLong(ipNumber(netip.PrefixFrom(p.Addr(), int(a[1].I)).Masked().Addr()))
}

func parseIPv6(_ *Context, a []value.Value) value.Value {
	p, ok := prefix(a[0].S, 6)
	if !ok {
		return value.OfString("")
	}
	bits := p.Bits()
	if len(a) > 1 {
		bits = int(min(max(a[1].I, 0), 128))
		bits = min(bits, p.Bits())
	}
	b := netip.PrefixFrom(p.Addr(), bits).Masked().Addr().As16()
	parts := make([]string, 8)
	for i := range parts {
		parts[i] = fmt.Sprintf("%02x%02x", b[2*i], b[2*i+1])
	}
	return value.OfString(strings.Join(parts, ":"))
}

func formatIPv4(mask bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		var p netip.Prefix
		if a[0].T == value.String {
			var ok bool
			if p, ok = prefix(a[0].S, 4); !ok {
				return value.OfString("")
			}
		} else {
			n := value.Convert(a[0], value.Long)
			if n.Null || n.I < 0 || n.I > 1<<32-1 {
				return value.OfString("")
			}
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n.I >> 24), byte(n.I >> 16), byte(n.I >> 8), byte(n.I)}), 32)
		}
		bits := arg(a, 1, value.OfLong(32)).I
		if bits < 0 || bits > 32 {
			return value.OfString("")
		}
		bits = min(bits, int64(p.Bits()))
		m := netip.PrefixFrom(p.Addr(), int(bits)).Masked()
		if mask {
			return value.OfString(m.String())
		}
		return value.OfString(m.Addr().String())
	}
}

// compareIP compares two addresses after cutting both to the shortest prefix in play.
func compareIP(version int, match bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		typ := value.Long
		if match {
			typ = value.Bool
		}
		x, ok1 := prefix(a[0].S, version)
		y, ok2 := prefix(a[1].S, version)
		if !ok1 || !ok2 {
			return null(typ)
		}
		bits := min(x.Bits(), y.Bits())
		if len(a) > 2 {
			bits = min(bits, int(max(a[2].I, 0)))
		}
		c := netip.PrefixFrom(x.Addr(), bits).Masked().Addr().Compare(netip.PrefixFrom(y.Addr(), bits).Masked().Addr())
		if match {
			return value.OfBool(c == 0)
		}
		return value.OfLong(int64(c))
	}
}

func inRange(version int) Row {
	return func(_ *Context, a []value.Value) value.Value {
		x, ok1 := prefix(a[0].S, version)
		y, ok2 := prefix(a[1].S, version)
		if !ok1 || !ok2 {
			return null(value.Bool)
		}
		return value.OfBool(y.Masked().Contains(x.Addr()))
	}
}

func inAnyRange(version int) Row {
	return func(_ *Context, a []value.Value) value.Value {
		x, ok := prefix(text(a[0]), version)
		if !ok {
			return null(value.Bool)
		}
		for _, r := range texts(a[1:]) {
			if y, ok := prefix(r, version); ok && y.Masked().Contains(x.Addr()) {
				return value.OfBool(true)
			}
		}
		return value.OfBool(false)
	}
}

// texts gives the strings among arguments, members of arrays included.
func texts(a []value.Value) []string {
	var out []string
	for _, v := range a {
		if l, ok := list(v); ok {
			for _, x := range l {
				out = append(out, text(value.FromDynamic(x)))
			}
		} else {
			out = append(out, text(v))
		}
	}
	return out
}

func cidrList(_ *Context, a []value.Value) value.Value {
	x, ok1 := prefix(a[0].S, 4)
	y, ok2 := prefix(a[1].S, 4)
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	from, to := ipNumber(x.Addr()), ipNumber(y.Addr())
	out := []any{}
	for from <= to {
		size := int64(1) << 32
		if from != 0 {
			size = new(big.Int).And(big.NewInt(from), big.NewInt(-from)).Int64()
		}
		for size > to-from+1 {
			size /= 2
		}
		bits := 32
		for s := size; s > 1; s /= 2 {
			bits--
		}
		addr := netip.AddrFrom4([4]byte{byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from)})
		out = append(out, netip.PrefixFrom(addr, bits).String())
		from += size
	}
	return dyn(out)
}

// ipv4InText finds addresses that stand alone in a text.
var ipv4InText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:[0-9]{1,3}\.){3}[0-9]{1,3}`) })

func hasIPv4(byPrefix bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		s := text(a[0])
		for _, m := range ipv4InText().FindAllStringIndex(s, -1) {
			if m[0] > 0 && isTermRune(rune(s[m[0]-1])) || m[1] < len(s) && isTermRune(rune(s[m[1]])) {
				continue
			}
			found := s[m[0]:m[1]]
			if _, ok := prefix(found, 4); !ok {
				continue
			}
			for _, want := range texts(a[1:]) {
				if want == found || byPrefix && strings.HasSuffix(want, ".") && strings.HasPrefix(found, want) {
					return value.OfBool(true)
				}
			}
		}
		return value.OfBool(false)
	}
}
