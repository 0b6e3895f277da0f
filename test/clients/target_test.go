// Package clients runs the libraries that people really use with Azure OpenAI
// (the Azure SDKs and the OpenAI libraries for Go and Node.js, LangChain, the AI
// SDK) and checks how they fare, not only that they are answered: a 429 is
// obeyed, leaving a stream makes room, a migration is seen from Updating to
// Succeeded, a quota is kept.
//
// Each test starts an emulator of its own, and the data-plane suites run twice:
// against it, and against a gateway before one. AZPTU_CLIENTS_TARGET names a
// JSON file with the fields of target instead, and these suites then run against
// whatever it points to.
package clients

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"

	"github.com/azptu/azptu/internal/emulator"
)

// apiVersion is what the data-plane clients ask for.
const apiVersion = "2024-10-21"

// target says where clients go: the fields of emulator.json, and beside them
// the data plane that is to be tested.
type target struct {
	ARMURL           string `json:"armUrl"`
	AuthorityURL     string `json:"authorityUrl"`
	AOAIURL          string `json:"aoaiUrl"`
	CAFile           string `json:"caFile"`
	TenantID         string `json:"tenantId"`
	ClientID         string `json:"clientId"`
	ClientSecret     string `json:"clientSecret"`
	SubscriptionID   string `json:"subscriptionId"`
	ResourceGroup    string `json:"resourceGroup"`
	Account          string `json:"account"`
	Location         string `json:"location"`
	AccountKey       string `json:"accountKey"` // of the account itself
	MetricsURL       string `json:"metricsUrl"`
	IMDSURL          string `json:"imdsUrl"`
	AdminURL         string `json:"adminUrl"`
	IdentityEndpoint string `json:"identityEndpoint"`
	IdentityHeader   string `json:"identityHeader"`

	Endpoint       string `json:"endpoint"`       // of the data plane, without a path
	APIKey         string `json:"apiKey"`         // that opens it
	BearerEndpoint string `json:"bearerEndpoint"` // a data plane that takes tokens of Entra
	Chat           string `json:"chat"`           // a provisioned chat deployment with room
	Small          string `json:"small"`          // one of the least size
	Embedding      string `json:"embedding"`

	file string
}

// start runs an emulator for one test. Time on its control plane passes scale
// times as fast as on the wall; its answers come as slowly as a model writes.
func start(t *testing.T, scale float64) *target {
	t.Helper()
	dir := t.TempDir()
	server, err := emulator.Start(t.Context(), emulator.Config{Dir: dir, TimeScale: scale, Latency: true})
	if err != nil {
		t.Fatalf("starting the emulator: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("stopping the emulator: %v", err)
		}
	})
	x := load(t, filepath.Join(dir, "emulator.json"))
	x.AccountKey, x.Endpoint, x.BearerEndpoint = x.APIKey, x.AOAIURL, x.AOAIURL
	x.Chat, x.Small, x.Embedding = "gpt-4o-ptu", "gpt-4.1-ptu-min", "text-embedding-3-large"
	x.file = filepath.Join(dir, "target.json")
	x.write(t)
	return x
}

// dataPlanes are the targets of the data-plane suites: an emulator, and a
// gateway before one; or the one that AZPTU_CLIENTS_TARGET describes.
func dataPlanes() map[string]func(t *testing.T) *target {
	if file := os.Getenv("AZPTU_CLIENTS_TARGET"); file != "" {
		return map[string]func(t *testing.T) *target{"target": func(t *testing.T) *target {
			x := load(t, file)
			x.file = file
			return x
		}}
	}
	return map[string]func(t *testing.T) *target{
		"emulator": func(t *testing.T) *target { return start(t, 1) },
		"gateway":  throughGateway,
	}
}

// onDataPlanes runs a test against each of them, side by side.
func onDataPlanes(t *testing.T, test func(t *testing.T, x *target)) {
	for name, target := range dataPlanes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, target(t))
		})
	}
}

func load(t *testing.T, file string) *target {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	x := &target{}
	if err := json.Unmarshal(raw, x); err != nil {
		t.Fatalf("reading %s: %v", file, err)
	}
	return x
}

// client is an HTTP client that trusts the target's authority and no other.
func (x *target) client(t *testing.T) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(x.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", x.CAFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (x *target) cloud() cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: x.AuthorityURL,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: x.ARMURL, Audience: "https://management.core.windows.net/"},
			azmetrics.ServiceName: {Endpoint: x.MetricsURL, Audience: "https://metrics.monitor.azure.com"},
		},
	}
}

func (x *target) options(t *testing.T) *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: azcore.ClientOptions{Cloud: x.cloud(), Transport: x.client(t)}, DisableRPRegistration: true}
}

func (x *target) credential(t *testing.T, secret string) *azidentity.ClientSecretCredential {
	t.Helper()
	credential, err := azidentity.NewClientSecretCredential(x.TenantID, x.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            azcore.ClientOptions{Cloud: x.cloud(), Transport: x.client(t)},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func (x *target) accountID() string {
	return "/subscriptions/" + x.SubscriptionID + "/resourceGroups/" + x.ResourceGroup +
		"/providers/Microsoft.CognitiveServices/accounts/" + x.Account
}
