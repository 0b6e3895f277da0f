package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// principal is who a call is made by: a subscription key or the subject of a
// token, with what its product opens.
type principal struct {
	name    string
	product *product
	limits  *account // the key's own; nil: none
}

// keyring finds principals by key. It holds hashes, never keys.
type keyring struct {
	byHash map[[sha256.Size]byte]keyEntry
}

type keyEntry struct {
	hash [sha256.Size]byte
	who  *principal
}

// maxKey bounds a presented key, in bytes, before it is hashed.
const maxKey = 4096

func (k *keyring) add(hash [sha256.Size]byte, who *principal) {
	if k.byHash == nil {
		k.byHash = map[[sha256.Size]byte]keyEntry{}
	}
	k.byHash[hash] = keyEntry{hash, who}
}

// find looks a presented key up. What is looked up is its hash, so the time it
// takes tells nothing about keys that exist; the last comparison is constant.
func (k *keyring) find(key string) *principal {
	if key == "" || len(key) > maxKey {
		return nil
	}
	hash := hashKey(key)
	entry, ok := k.byHash[hash]
	if !ok || subtle.ConstantTimeCompare(entry.hash[:], hash[:]) != 1 {
		return nil
	}
	return entry.who
}

func hashKey(key string) [sha256.Size]byte {
	var small [128]byte
	return sha256.Sum256(append(small[:0], key...))
}

// Headers that can carry a client's credentials; none of them is passed on.
const (
	headerAPIKey       = "Api-Key"
	headerSubscription = "Ocp-Apim-Subscription-Key"
	headerAuth         = "Authorization"
)

// credentials are what a request presents.
type credentials struct {
	key    string // in one of the key headers
	bearer string
}

func presented(h http.Header, keyHeader string) (c credentials) {
	for _, name := range [...]string{keyHeader, headerAPIKey, headerSubscription} {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			c.key = v[0]
			break
		}
	}
	if v := h[headerAuth]; len(v) > 0 {
		c.bearer = bearer(v[0])
	}
	return c
}

// bearer reads "Bearer TOKEN"; anything else is no token.
func bearer(header string) string {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}
