package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// callerAddress is the address a request really comes from: the peer's, or,
// when the peer is a trusted proxy, the last address of X-Forwarded-For that
// is not itself one.
func callerAddress(r *http.Request, trusted []netip.Prefix) string {
	if len(trusted) == 0 {
		// net/http writes addresses of IPv4 as they are to be shown.
		if host, _, _ := strings.Cut(r.RemoteAddr, ":"); len(host) > 0 && host[0] != '[' {
			return host
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := peer.Addr().Unmap().WithZone("")
	if len(trusted) == 0 || !contains(trusted, addr) {
		return addr.String()
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := parseHop(hops[i])
		if err != nil {
			break // what stands before it was written by somebody untrusted
		}
		addr = hop
		if !contains(trusted, hop) {
			break
		}
	}
	return addr.String()
}

// parseHop reads an address with or without port; Azure's gateways add one.
func parseHop(s string) (netip.Addr, error) {
	s = strings.TrimSpace(s)
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap().WithZone(""), err
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
