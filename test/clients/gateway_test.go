package clients

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// gatewayYAML serves the deployments of the emulator under their own names, to
// a key of the gateway's and to tokens of the emulated tenant.
const gatewayYAML = `version: 1
listen: 127.0.0.1:0
tls: {cert: %[1]q, key: %[2]q}
backends:
  - {name: roomy, endpoint: %[3]q, caFile: %[4]q, deployment: %[5]s, kind: ptu, sku: ProvisionedManaged, capacity: 100, region: eastus, model: {name: gpt-4o, version: "2024-08-06"}, auth: {key: "env:ACCOUNT_KEY"}}
  - {name: small, endpoint: %[3]q, caFile: %[4]q, deployment: %[6]s, kind: ptu, sku: GlobalProvisionedManaged, capacity: 15, region: eastus, model: {name: gpt-4.1, version: "2025-04-14"}, auth: {key: "env:ACCOUNT_KEY"}}
  - {name: embedding, endpoint: %[3]q, caFile: %[4]q, deployment: %[7]s, kind: standard, capacity: 120, region: eastus, model: {name: text-embedding-3-large, version: "1"}, auth: {key: "env:ACCOUNT_KEY"}}
pools:
  - {name: %[5]s, members: [{backend: roomy}]}
  - {name: %[6]s, members: [{backend: small}]}
  - {name: %[7]s, members: [{backend: embedding}]}
products:
  - {name: all, pools: [%[5]s, %[6]s, %[7]s]}
keys:
  - {name: clients, product: all, secret: "env:CLIENTS_KEY"}
entra: {tenant: %[8]s, authority: %[9]q, caFile: %[4]q, audiences: ["https://cognitiveservices.azure.com"], clients: [{id: %[10]s, product: all}]}
`

// throughGateway puts a gateway before an emulator. Clients see its address, its
// certificate and its key; the account's own key would not open it.
func throughGateway(t *testing.T) *target {
	t.Helper()
	x := start(t, 1)
	dir := filepath.Dir(x.file)
	cert, key := filepath.Join(dir, "gateway.pem"), filepath.Join(dir, "gateway.key")
	x.trust(t, certify(t, cert, key))
	text := fmt.Appendf(nil, gatewayYAML, cert, key, x.AOAIURL, x.CAFile, x.Chat, x.Small, x.Embedding, x.TenantID, x.AuthorityURL, x.ClientID)
	c, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{"ACCOUNT_KEY": x.AccountKey, "CLIENTS_KEY": "a-key-of-the-gateway"}
	g, err := gateway.New(t.Context(), c, text, gateway.Options{Now: time.Now, Getenv: func(name string) string { return keys[name] }})
	if err != nil {
		t.Fatal(err)
	}
	server, err := g.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("stopping the gateway: %v", err)
		}
	})
	x.Endpoint, x.APIKey = "https://"+server.Addr(), keys["CLIENTS_KEY"]
	x.BearerEndpoint = x.Endpoint
	x.write(t)
	return x
}

// trust makes clients trust a certificate besides the emulator's authority.
func (x *target) trust(t *testing.T, certificate []byte) {
	t.Helper()
	authority, err := os.ReadFile(x.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	x.CAFile = filepath.Join(filepath.Dir(x.file), "authorities.pem")
	if err := os.WriteFile(x.CAFile, append(authority, certificate...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// write puts the target down for programs that are not this one.
func (x *target) write(t *testing.T) {
	t.Helper()
	raw, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(x.file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// certify makes a certificate that stands for itself.
func certify(t *testing.T, certFile, keyFile string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, text := range map[string][]byte{certFile: certificate, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate
}
