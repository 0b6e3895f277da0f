package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Endpoints is what a client has to know to use a running emulator: the
// content of emulator.json. URLs are roots without a path.
type Endpoints struct {
	ArmURL           string `json:"armUrl"`
	AuthorityURL     string `json:"authorityUrl"`
	AoaiURL          string `json:"aoaiUrl"`
	AoaiHTTPURL      string `json:"aoaiHttpUrl"` // the same without TLS
	IngestURL        string `json:"ingestUrl"`
	CAFile           string `json:"caFile"`
	TenantID         string `json:"tenantId"`
	ClientID         string `json:"clientId"`
	ClientSecret     string `json:"clientSecret"`
	SubscriptionID   string `json:"subscriptionId"`
	ResourceGroup    string `json:"resourceGroup"`
	Account          string `json:"account"`
	Location         string `json:"location"`
	APIKey           string `json:"apiKey"`
	MetricsURL       string `json:"metricsUrl"`
	LogsURL          string `json:"logsUrl"`
	WorkspaceID      string `json:"workspaceId"`
	KustoURL         string `json:"kustoUrl"`
	KustoDatabase    string `json:"kustoDatabase"`
	ImdsURL          string `json:"imdsUrl"`
	IdentityEndpoint string `json:"identityEndpoint"` // of App Service, with its path
	IdentityHeader   string `json:"identityHeader"`
	PricesURL        string `json:"pricesUrl"`
	AdminURL         string `json:"adminUrl"`
	PromURL          string `json:"promUrl"`
}

// Names of the files in the emulator's directory.
const (
	EndpointsFile = "emulator.json"
	caFile        = "ca.pem"
	bundleFile    = "ca-bundle.pem"
)

// ReadEndpoints reads emulator.json from a directory.
func ReadEndpoints(dir string) (Endpoints, error) {
	var e Endpoints
	b, err := os.ReadFile(filepath.Join(dir, EndpointsFile))
	if err != nil {
		return e, fmt.Errorf("reading the emulator's endpoints: %w", err)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("reading the emulator's endpoints in %s: %w", dir, err)
	}
	return e, nil
}

// write puts emulator.json into dir in one step, readable by its owner alone:
// it holds a secret and a key.
func (e Endpoints) write(dir string) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the emulator's endpoints: %w", err)
	}
	return replace(filepath.Join(dir, EndpointsFile), append(b, '\n'))
}

// replace writes a file of mode 0600 in one step.
func replace(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// systemBundles are where operating systems keep the authorities they trust.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem", "/opt/homebrew/etc/openssl@3/cert.pem", "/usr/local/etc/openssl@3/cert.pem",
}

// writeCertificates puts the authority's certificate into dir, alone and behind
// those that the system trusts: clients such as the Azure CLI know one bundle.
func writeCertificates(dir string, ca []byte) error {
	if err := replace(filepath.Join(dir, caFile), ca); err != nil {
		return err
	}
	var bundle []byte
	for _, path := range systemBundles {
		if b, err := os.ReadFile(path); err == nil {
			bundle = append(bytes.TrimRight(b, "\n"), '\n')
			break
		}
	}
	return replace(filepath.Join(dir, bundleFile), append(bundle, ca...))
}

// Variable is one environment variable that points a client at the emulator.
type Variable struct{ Name, Value string }

// Environment lists the variables that `azptu emulator env` exports.
func (e Endpoints) Environment() []Variable {
	bundle, dir := e.CAFile, ""
	if e.CAFile != "" {
		dir = filepath.Dir(e.CAFile)
		bundle = filepath.Join(dir, bundleFile)
	}
	return []Variable{
		{"AZURE_TENANT_ID", e.TenantID}, {"AZURE_CLIENT_ID", e.ClientID}, {"AZURE_CLIENT_SECRET", e.ClientSecret}, {"AZURE_AUTHORITY_HOST", e.AuthorityURL},
		{"AZURE_OPENAI_ENDPOINT", e.AoaiURL}, {"AZURE_OPENAI_API_KEY", e.APIKey}, {"SSL_CERT_FILE", bundle}, {"NODE_EXTRA_CA_CERTS", e.CAFile},
		{"REQUESTS_CA_BUNDLE", bundle}, {"IDENTITY_ENDPOINT", e.IdentityEndpoint}, {"IDENTITY_HEADER", e.IdentityHeader}, {"AZPTU_CLOUD", "emulator"},
		{"AZPTU_EMULATOR_DIR", dir}, // where --cloud emulator finds the rest
	}
}

// Exports writes the environment as commands of a shell: "posix" or
// "powershell".
func (e Endpoints) Exports(shell string) (string, error) {
	var b strings.Builder
	for _, v := range e.Environment() {
		switch shell {
		case "posix", "":
			fmt.Fprintf(&b, "export %s='%s'\n", v.Name, strings.ReplaceAll(v.Value, "'", `'\''`))
		case "powershell":
			fmt.Fprintf(&b, "$env:%s = '%s'\n", v.Name, strings.ReplaceAll(v.Value, "'", "''"))
		default:
			return "", fmt.Errorf("unknown shell %q: use posix or powershell", shell)
		}
	}
	return b.String(), nil
}
