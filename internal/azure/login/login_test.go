package login

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("emulator.json", `{"armUrl":"https://127.0.0.1:1","authorityUrl":"https://127.0.0.1:2","caFile":"ca.pem","clientId":"c","clientSecret":"s","tenantId":"t","subscriptionId":"sub","resourceGroup":"rg","apiKey":"k"}`)
	stack := write("stack.json", `{"armUrl":"https://management.local.azurestack.external","armAudience":"https://management.x","authorityUrl":"https://login.local"}`)
	for _, c := range []struct {
		source                  Source
		name, arm, authority, s string
		private                 bool
	}{
		{Source{}, "public", "https://management.azure.com", "https://login.microsoftonline.com/", "", false},
		{Source{Name: "USGov"}, "usgov", "https://management.usgovcloudapi.net", "https://login.microsoftonline.us/", "", false},
		{Source{Name: "china"}, "china", "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn/", "", false},
		{Source{Name: "public", AuthorityHost: "https://login.private"}, "public", "https://management.azure.com", "https://login.private", "", true},
		{Source{Name: "emulator", EmulatorDirs: []string{filepath.Join(dir, "none"), dir}}, "emulator", "https://127.0.0.1:1", "https://127.0.0.1:2", "sub", true},
		{Source{Name: stack}, "stack.json", "https://management.local.azurestack.external", "https://login.local", "", true},
	} {
		got, err := Resolve(c.source)
		if err != nil || got.Name != c.name || strings.TrimSuffix(got.ARM, "/") != c.arm || got.Authority != c.authority || got.SubscriptionID != c.s || got.private() != c.private {
			t.Errorf("Resolve(%+v) = %+v, %v", c.source, got, err)
		}
	}
	for _, c := range []struct{ name, says string }{
		{"azure", "unknown cloud"},
		{"emulator", "no running emulator"},
		{filepath.Join(dir, "nothing.json"), "nothing.json"},
		{write("http.json", `{"armUrl":"http://127.0.0.1:1","authorityUrl":"https://x"}`), "armUrl must be an https address"},
		{write("bad.json", `[1]`), "not a JSON object"},
		{write("empty.json", ``), "not a JSON object"},
		{write("user.json", `{"armUrl":"https://a@b","authorityUrl":"https://x"}`), "armUrl must be"},
	} {
		if _, err := Resolve(Source{Name: c.name}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Resolve(%q): %v, want %q", c.name, err, c.says)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(`{"armUrl":"https://a","authorityUrl":"https://b"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := parseFile(raw); err == nil && (!strings.HasPrefix(strings.ToLower(c.ARM), "https://") || !strings.HasPrefix(strings.ToLower(c.Authority), "https://")) {
			t.Fatalf("%+v is not https", c)
		}
	})
}

// entra answers OIDC discovery and refuses or grants every token.
func entra(grant bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		root := "https://" + r.Host
		switch {
		case strings.HasSuffix(r.URL.Path, "openid-configuration"):
			_, _ = io.WriteString(w, `{"token_endpoint":"`+root+`/t/oauth2/v2.0/token","authorization_endpoint":"`+root+`/t/oauth2/v2.0/authorize","issuer":"`+root+`/t/v2.0"}`)
		case grant:
			_, _ = io.WriteString(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"granted"}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value.\r\nTrace ID: 1"}`)
		}
	})
}

func TestCredentialOfACloudFile(t *testing.T) {
	for _, grant := range []bool{true, false} {
		server := httptest.NewTLSServer(entra(grant))
		cloud := Cloud{ARM: "https://arm.example", Audience: "https://management.core.windows.net/", Authority: server.URL, TenantID: "t", ClientID: "c", ClientSecret: "hush"}
		credential, err := Credential(cloud, "", server.Client().Transport, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://management.core.windows.net/.default"}})
		server.Close()
		if grant {
			if err != nil || token.Token != "granted" {
				t.Errorf("%+v, %v", token, err)
			}
			// Kept: the authority is gone by now.
			if again, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://management.core.windows.net/.default"}}); err != nil || again.Token != "granted" {
				t.Errorf("again: %+v, %v", again, err)
			}
			continue
		}
		var failed *Error
		if !errors.As(err, &failed) || failed.Code != "AADSTS7000215" || !strings.HasPrefix(failed.Reason, "AADSTS7000215: Invalid client secret") || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "Trace ID") {
			t.Errorf("refused: %v", err)
		}
	}
}

func TestTrust(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Trust(&http.Transport{}, bad); err == nil || !strings.Contains(err.Error(), "no PEM certificate") {
		t.Errorf("a bad bundle: %v", err)
	}
	if err := Trust(&http.Transport{}, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing bundle was taken")
	}
	plain := &http.Transport{}
	if err := Trust(plain, "", ""); err != nil || plain.TLSClientConfig != nil {
		t.Errorf("nothing to trust changed the transport: %+v, %v", plain.TLSClientConfig, err)
	}

	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	good := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(good, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	private := &http.Transport{}
	if err := Trust(private, good); err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: private}).Get(server.URL)
	if err != nil {
		t.Fatalf("a private authority is not trusted: %v", err)
	}
	resp.Body.Close()
}
