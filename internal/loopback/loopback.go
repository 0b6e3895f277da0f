// Package loopback knows the names by which only this machine reaches itself,
// and guards servers that trust whoever can reach them for that reason. A web
// page can make its visitor's browser call such a server: across origins, or
// under a name of its own that it lets point to 127.0.0.1. Programs never send
// what gives a browser away, so that refusing it costs them nothing.
package loopback

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Is tells whether a host, a name or an address with or without brackets,
// can be reached from this machine alone.
func Is(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.IsLoopback()
}

// Guard lets through requests that ask for a name of this machine and were not
// sent by another site's page. What it refuses, refuse answers, with a status that
// fits and a reason for people.
func Guard(next http.Handler, refuse func(w http.ResponseWriter, status int, reason string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !Is(hostOf(r.Host)):
			refuse(w, http.StatusMisdirectedRequest, "this address answers to names of this machine only")
		case fromElsewhere(r):
			refuse(w, http.StatusForbidden, "this address does not serve the pages of other sites")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

func fromElsewhere(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return true
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}
