package gateway

import (
	"net/http"
	"strings"
)

// copyRequestHeaders copies what a backend may see of the client's headers:
// nothing about the connection, no credentials, nothing by which a client
// could steer where the call goes.
func (x *exchange) copyRequestHeaders(dst http.Header) {
	src := x.r.Header
	for name, values := range src {
		if withheld(name) || name == x.rt.keyHeader || strings.HasPrefix(name, "X-Azptu-") {
			continue
		}
		dst[name] = values
	}
	for _, named := range src["Connection"] {
		for name := range strings.SplitSeq(named, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && name != "Content-Type" {
				delete(dst, name)
			}
		}
	}
	if _, ok := dst["User-Agent"]; !ok {
		dst["User-Agent"] = noHeader // else the transport adds its own
	}
}

var noHeader = []string{""}

// withheld lists request headers that stay at the gateway.
func withheld(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Host", "Content-Length", "Accept-Encoding", "Expect", "Cookie", "Http2-Settings",
		headerAuth, headerAPIKey, headerSubscription,
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-Ip", "X-Original-Url", "X-Rewrite-Url",
		"X-Http-Method-Override", "X-Ms-Spillover-Deployment":
		return true
	}
	return false
}

// copyResponseHeaders copies what a client may see of a backend's headers.
func (x *exchange) copyResponseHeaders(dst, src http.Header) {
	limited := x.limited()
	for name, values := range src {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Trailer", "Transfer-Encoding", "Upgrade",
			"Content-Length", "Set-Cookie", "Www-Authenticate", "Alt-Svc":
			continue
		}
		if limited && strings.HasPrefix(name, "X-Ratelimit-") {
			continue // the backend's limits are not the client's
		}
		dst[name] = values
	}
	for _, named := range src["Connection"] {
		for name := range strings.SplitSeq(named, ",") {
			delete(dst, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
}

// limited tells whether the client has limits of its own here.
func (x *exchange) limited() bool {
	return x.who != nil && (x.who.limits != nil || x.product.limits != nil || x.product.perAddress.Any()) || x.pool != nil && x.pool.limits != nil
}
