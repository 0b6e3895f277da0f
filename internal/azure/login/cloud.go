// Package login knows where an Azure cloud lives and who the caller is: the
// public, US Government and China clouds, clouds described by a file (the
// running emulator writes one), the order in which credentials are tried, and
// which private certificate authorities to trust. A sign-in that fails comes
// back as *Error with what Entra said.
package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"github.com/azptu/azptu/internal/loopback"
)

// Cloud says where the services of one Azure cloud answer, and, for a cloud
// read from a file, which identity and defaults come with it. URLs are roots
// without a path.
type Cloud struct {
	Name         string // public, usgov, china, emulator or the file's name
	ARM          string // Resource Manager
	Audience     string // what Resource Manager's tokens are for
	Authority    string // Microsoft Entra
	CAFile       string // PEM bundle trusted besides the system's; "" means none
	TenantID     string // "" leaves the tenant to the credential
	ClientID     string // with ClientSecret: sign in as this application
	ClientSecret string // never printed

	SubscriptionID string // default of a cloud file; "" means none
	ResourceGroup  string // default of a cloud file; "" means none

	Prices  string // Retail Prices API; "" means that the cloud has none
	Logs    string // Log Analytics query API
	Metrics string // metrics data plane; "" means the regional default
}

// known lists the authorities that instance discovery at
// login.microsoftonline.com vouches for. All others are private: asking there
// would fail without a network and tell Microsoft about them.
var known = []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn", "login.partner.microsoftonline.cn"}

// builtin describes the clouds Microsoft runs.
func builtin(name string) (Cloud, bool) {
	from := func(name string, c cloud.Configuration, prices, logs string) Cloud {
		arm := c.Services[cloud.ResourceManager]
		return Cloud{Name: name, ARM: arm.Endpoint, Audience: arm.Audience, Authority: c.ActiveDirectoryAuthorityHost, Prices: prices, Logs: logs}
	}
	switch strings.ToLower(name) {
	case "", "public", "azurecloud":
		return from("public", cloud.AzurePublic, "https://prices.azure.com", "https://api.loganalytics.io"), true
	case "usgov", "azureusgovernment":
		return from("usgov", cloud.AzureGovernment, "https://prices.azure.com", "https://api.loganalytics.us"), true
	case "china", "azurechinacloud":
		return from("china", cloud.AzureChina, "", "https://api.loganalytics.azure.cn"), true
	}
	return Cloud{}, false
}

// Source says how a cloud is chosen.
type Source struct {
	Name          string   // public, usgov, china, emulator or a file; "" means public
	EmulatorDirs  []string // where "emulator" looks for emulator.json, best first
	AuthorityHost string   // AZURE_AUTHORITY_HOST: replaces the authority of a built-in cloud
}

// ErrNoEmulator is returned when no running emulator left an emulator.json.
var ErrNoEmulator = errors.New("no running emulator was found")

// ErrUnknownCloud is returned for a name that is no cloud and no file.
var ErrUnknownCloud = errors.New("unknown cloud")

// Resolve finds the cloud that s names.
func Resolve(s Source) (Cloud, error) {
	if c, ok := builtin(s.Name); ok {
		if s.AuthorityHost != "" {
			c.Authority = s.AuthorityHost
		}
		return c, c.check()
	}
	if s.Name != "emulator" {
		c, err := readFile(s.Name)
		if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(s.Name, `/\.`) {
			return Cloud{}, fmt.Errorf("%w %q: use public, usgov, china, emulator or a file", ErrUnknownCloud, s.Name)
		}
		return c, err
	}
	for _, dir := range s.EmulatorDirs {
		c, err := readFile(filepath.Join(dir, "emulator.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = c.local()
		}
		if err != nil {
			return Cloud{}, fmt.Errorf("emulator.json in %s: %w", dir, err)
		}
		c.Name = "emulator"
		return c, nil
	}
	return Cloud{}, fmt.Errorf("%w (looked in %s)", ErrNoEmulator, strings.Join(s.EmulatorDirs, ", "))
}

// cloudFile is a cloud as a file describes it; emulator.json has this shape.
type cloudFile struct {
	ARM            string `json:"armUrl"`
	Audience       string `json:"armAudience"`
	Authority      string `json:"authorityUrl"`
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
	SubscriptionID string `json:"subscriptionId"`
	ResourceGroup  string `json:"resourceGroup"`
	Prices         string `json:"pricesUrl"`
	Logs           string `json:"logsUrl"`
	Metrics        string `json:"metricsUrl"`
}

func readFile(path string) (Cloud, error) {
	f, err := os.Open(path)
	if err != nil {
		return Cloud{}, fmt.Errorf("reading cloud file: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return Cloud{}, fmt.Errorf("reading cloud file %s: %w", path, err)
	}
	c, err := parseFile(raw)
	if err != nil {
		return Cloud{}, fmt.Errorf("cloud file %s: %w", path, err)
	}
	if c.CAFile != "" && !filepath.IsAbs(c.CAFile) {
		c.CAFile = filepath.Join(filepath.Dir(path), c.CAFile)
	}
	c.Name = filepath.Base(path)
	return c, nil
}

func parseFile(raw []byte) (Cloud, error) {
	var f cloudFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return Cloud{}, fmt.Errorf("not a JSON object of text fields: %w", err)
	}
	c := Cloud{
		ARM: f.ARM, Audience: f.Audience, Authority: f.Authority, CAFile: f.CAFile,
		TenantID: f.TenantID, ClientID: f.ClientID, ClientSecret: f.ClientSecret,
		SubscriptionID: f.SubscriptionID, ResourceGroup: f.ResourceGroup,
		Prices: f.Prices, Logs: f.Logs, Metrics: f.Metrics,
	}
	if c.Audience == "" {
		c.Audience = cloud.AzurePublic.Services[cloud.ResourceManager].Audience
	}
	return c, c.check()
}

// check refuses addresses that a token must not be sent to.
func (c Cloud) check() error {
	for _, field := range []struct{ name, value string }{{"armUrl", c.ARM}, {"authorityUrl", c.Authority}} {
		u, err := url.Parse(field.value)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return fmt.Errorf("%s must be an https address, not %q", field.name, field.value)
		}
	}
	return nil
}

// authorityHost is the host, with its port, that tokens come from.
func (c Cloud) authorityHost() string {
	u, err := url.Parse(c.Authority)
	if err != nil {
		return ""
	}
	return u.Host
}

// local refuses an emulator.json that is not of an emulator on this machine: a
// file that lies in a folder one happens to stand in must never make azptu
// hand a real identity's token to an address of its choice.
func (c Cloud) local() error {
	for _, field := range []struct{ name, value string }{{"armUrl", c.ARM}, {"authorityUrl", c.Authority}} {
		u, err := url.Parse(field.value)
		if err != nil {
			return fmt.Errorf("%s is not an address", field.name)
		}
		if !loopback.Is(u.Hostname()) {
			return fmt.Errorf("%s is not an address of this machine: %q; name the file itself with --cloud to use an emulator elsewhere", field.name, field.value)
		}
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return errors.New("clientId or clientSecret is missing: an emulator brings an identity of its own")
	}
	return nil
}

// private tells whether instance discovery must be left out.
func (c Cloud) private() bool {
	u, err := url.Parse(c.Authority)
	return err != nil || !slices.Contains(known, strings.ToLower(u.Hostname()))
}

// Configuration is the cloud as the Azure SDK wants it.
func (c Cloud) Configuration() cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: strings.TrimSuffix(c.Authority, "/") + "/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: strings.TrimSuffix(c.ARM, "/"), Audience: c.Audience},
		},
	}
}
