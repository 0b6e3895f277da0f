package trace

import (
	"net/url"
	"strings"
	"testing"
)

func TestSignedOperationAddressIsMasked(t *testing.T) {
	u, err := url.Parse("https://arm.example/operationResults/8d9ebbb9?api-version=2017-04-18&t=638972489021234567&c=MIIHhzCCBm-gAwIBAgITfAlg&s=h0dPdQ1sYyZ&h=K7kq8rVtWnA")
	if err != nil {
		t.Fatal(err)
	}
	shown := MaskURL(u)
	if !strings.Contains(shown, "api-version=2017-04-18") || !strings.Contains(shown, "8d9ebbb9") {
		t.Errorf("too much is masked: %s", shown)
	}
	for _, secret := range []string{"638972489021234567", "MIIHhzCCBm", "h0dPdQ1sYyZ", "K7kq8rVtWnA"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown: %s", secret, shown)
		}
	}
}
