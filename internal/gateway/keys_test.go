package gateway

import (
	"net/http"
	"testing"
)

func TestKeysAreFoundByHash(t *testing.T) {
	var ring keyring
	who := &principal{name: "team-a"}
	ring.add(hashKey("right"), who)
	if ring.find("right") != who {
		t.Error("the right key is not found")
	}
	for _, wrong := range []string{"", "wrong", "righ", "right ", string(make([]byte, maxKey+1))} {
		if ring.find(wrong) != nil {
			t.Errorf("%.10q is found", wrong)
		}
	}
}

func TestPlacesOfAKey(t *testing.T) {
	cases := []struct {
		header, value string
		key, bearer   string
	}{
		{"api-key", "a", "a", ""},
		{"Ocp-Apim-Subscription-Key", "b", "b", ""},
		{"X-My-Key", "c", "c", ""},
		{"Authorization", "Bearer d", "", "d"},
		{"Authorization", "bearer  d ", "", "d"},
		{"Authorization", "Basic d", "", ""},
		{"Authorization", "d", "", ""},
	}
	for _, c := range cases {
		h := http.Header{}
		h.Set(c.header, c.value)
		if got := presented(h, "X-My-Key"); got.key != c.key || got.bearer != c.bearer {
			t.Errorf("%s: %q: %+v", c.header, c.value, got)
		}
	}
}

func FuzzPresented(f *testing.F) {
	f.Add("Bearer abc", "k")
	f.Add("bearer", "")
	f.Add("Bearer \x00", "x y")
	f.Fuzz(func(t *testing.T, auth, key string) {
		h := http.Header{headerAuth: {auth}, headerAPIKey: {key}}
		c := presented(h, headerAPIKey)
		if c.key != key {
			t.Errorf("key %q read as %q", key, c.key)
		}
		if len(c.bearer) > len(auth) {
			t.Errorf("token %q out of %q", c.bearer, auth)
		}
	})
}
