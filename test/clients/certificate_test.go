package clients

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	v2 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// selfSigned makes a key and its certificate.
func selfSigned(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// post sends JSON to the emulator's own API.
func (x *target) post(t *testing.T, path string, body any, answer any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := x.client(t).Post(x.AdminURL+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		t.Fatalf("POST %s: %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// Another application signs in with a certificate that is registered for it,
// and with no other; without a role it may do nothing.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	x := start(t, 1)
	var app struct{ ClientID, ObjectID string }
	x.post(t, "/clients", map[string]string{"name": "certified"}, &app)
	certificate, key := selfSigned(t)
	list := func(certificate *x509.Certificate, key *rsa.PrivateKey) error {
		credential, err := azidentity.NewClientCertificateCredential(x.TenantID, app.ClientID, []*x509.Certificate{certificate}, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: azcore.ClientOptions{Cloud: x.cloud(), Transport: x.client(t)}, DisableInstanceDiscovery: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		client, err := v2.NewAccountsClient(x.SubscriptionID, credential, x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Get(t.Context(), x.ResourceGroup, x.Account, nil)
		return err
	}
	if err := list(certificate, key); err == nil || !strings.Contains(err.Error(), "AADSTS700027") {
		t.Errorf("a certificate that nobody registered: %v", err)
	}
	var clock any
	x.post(t, "/clients/"+app.ClientID+"/certificates", map[string]string{"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))}, &clock)
	if status, code := statusOf(list(certificate, key)); status != http.StatusForbidden || code != "AuthorizationFailed" {
		t.Errorf("signed in, without a role: %d %s", status, code)
	}
}
