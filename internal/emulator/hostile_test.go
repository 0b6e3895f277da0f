package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/azptu/azptu/internal/emulator"
)

// Whatever is sent, the answer is an error that Resource Manager could have
// given: JSON, with a code, never a 500.
func TestHostileRequests(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	good := `{"sku":{"name":"ProvisionedManaged","capacity":50},"properties":{"model":{"format":"OpenAI","name":"gpt-4o","version":"2024-08-06"}}}`
	deployment := "{acc}/deployments/new"
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		what, method, path, version string
		body                        any
		status                      int
		code                        string
	}{
		{"no api-version", "GET", "{acc}", "", nil, 400, "MissingApiVersionParameter"},
		{"empty api-version", "GET", "{acc}?api-version=", "", nil, 400, "MissingApiVersionParameter"},
		{"unknown api-version", "GET", "{acc}", "2099-01-01", nil, 400, "NoRegisteredProviderFound"},
		{"api-version with quotes", "GET", "{acc}", "%27%22%3C", nil, 400, "NoRegisteredProviderFound"},
		{"unknown api-version of a group", "GET", "/subscriptions/{s}/resourceGroups/{g}", "1999-01-01", nil, 400, "InvalidApiVersionParameter"},
		{"an operation that is newer than the api-version", "GET", "{acc}/projects", "2023-05-01", nil, 400, "NoRegisteredProviderFound"},
		{"pause before the preview", "POST", "{acc}/deployments/gpt-35-turbo/pause", v2025, nil, 400, "NoRegisteredProviderFound"},
		{"unknown type", "GET", "{acc}/nonsense", v2025, nil, 404, "InvalidResourceType"},
		{"unknown namespace", "GET", "/subscriptions/{s}/providers/Microsoft.Nonsense/things", v2025, nil, 404, "InvalidResourceNamespace"},
		{"no such path", "GET", "/nonsense", v2025, nil, 404, "NotFound"},
		{"wrong method", "POST", "{acc}/deployments", v2025, "{}", 405, "MethodNotAllowed"},
		{"unknown method", "BREW", "{acc}", v2025, nil, 405, "MethodNotAllowed"},
		{"malformed subscription", "GET", "/subscriptions/nonsense/providers/Microsoft.CognitiveServices/accounts", v2025, nil, 400, "InvalidSubscriptionId"},
		{"unknown subscription", "GET", "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.CognitiveServices/accounts", v2025, nil, 404, "SubscriptionNotFound"},
		{"unknown group", "GET", "/subscriptions/{s}/resourceGroups/nonsense/providers/Microsoft.CognitiveServices/accounts", v2025, nil, 404, "ResourceGroupNotFound"},
		{"unknown account", "GET", "{gcs}/accounts/nonsense", v2025, nil, 404, "ResourceNotFound"},
		{"deployment on no account", "PUT", "{gcs}/accounts/nonsense/deployments/x1", v2025, good, 404, "ParentResourceNotFound"},
		{"unknown location", "GET", "{cs}/locations/atlantis/usages", v2025, nil, 400, "LocationNotAvailableForResourceType"},
		{"no body", "PUT", deployment, v2025, "", 400, "MissingRequestBody"},
		{"broken JSON", "PUT", deployment, v2025, `{"sku":`, 400, "InvalidRequestContent"},
		{"not JSON", "PUT", deployment, v2025, "hello", 400, "InvalidRequestContent"},
		{"an array", "PUT", deployment, v2025, "[]", 400, "InvalidRequestContent"},
		{"capacity as words", "PUT", deployment, v2025, strings.Replace(good, "50", `"fifty"`, 1), 400, "InvalidRequestContent"},
		{"capacity as a fraction", "PUT", deployment, v2025, strings.Replace(good, "50", "50.5", 1), 400, "InvalidRequestContent"},
		{"capacity beyond numbers", "PUT", deployment, v2025, strings.Replace(good, "50", strings.Repeat("9", 400), 1), 400, "InvalidRequestContent"},
		{"capacity zero", "PUT", deployment, v2025, strings.Replace(good, "50", "0", 1), 400, "InvalidCapacity"},
		{"capacity huge", "PUT", deployment, v2025, strings.Replace(good, "50", "2000000000", 1), 400, "InvalidCapacity"},
		{"no model", "PUT", deployment, v2025, `{"sku":{"name":"ProvisionedManaged","capacity":50},"properties":{}}`, 400, "InvalidResourceProperties"},
		{"no sku", "PUT", deployment, v2025, `{"properties":{"model":{"format":"OpenAI","name":"gpt-4o","version":"2024-08-06"}}}`, 400, "InvalidResourceProperties"},
		{"unknown sku", "PUT", deployment, v2025, strings.Replace(good, "ProvisionedManaged", "Gold", 1), 400, "InvalidResourceProperties"},
		{"unknown upgrade option", "PUT", deployment, v2025, strings.Replace(good, `"properties":{`, `"properties":{"versionUpgradeOption":"Never",`, 1), 400, "InvalidResourceProperties"},
		{"spill-over to nowhere", "PUT", deployment, v2025, strings.Replace(good, `"properties":{`, `"properties":{"spilloverDeploymentName":"nowhere",`, 1), 400, "InvalidResourceProperties"},
		{"null everywhere", "PUT", deployment, v2025, `{"sku":null,"properties":null,"tags":null}`, 400, "InvalidResourceProperties"},
		{"name with a quote", "PUT", "{acc}/deployments/" + url.PathEscape(`it's"`), v2025, good, 400, "InvalidResourceName"},
		{"name with a newline", "PUT", "{acc}/deployments/" + url.PathEscape("a\nb"), v2025, good, 400, "InvalidResourceName"},
		{"name with a slash", "PUT", "{acc}/deployments/" + url.PathEscape("a/../b"), v2025, good, 400, "InvalidResourceName"},
		{"name of 10 kB", "PUT", "{acc}/deployments/" + long, v2025, good, 400, "InvalidResourceName"},
		{"name with invalid UTF-8", "PUT", "{acc}/deployments/%ff%fe", v2025, good, 400, "InvalidResourceName"},
		{"account name with spaces", "PUT", "{gcs}/accounts/" + url.PathEscape("a b"), v2025, `{"kind":"OpenAI","location":"eastus","sku":{"name":"S0"}}`, 400, "InvalidResourceName"},
		{"account of no kind", "PUT", "{gcs}/accounts/a1", v2025, `{"location":"eastus","sku":{"name":"S0"}}`, 400, "InvalidApiSetId"},
		{"account without a place", "PUT", "{gcs}/accounts/a1", v2025, `{"kind":"OpenAI","sku":{"name":"S0"}}`, 400, "LocationRequired"},
		{"account of an unknown SKU", "PUT", "{gcs}/accounts/a1", v2025, `{"kind":"OpenAI","location":"eastus","sku":{"name":"S9"}}`, 400, "InvalidSkuId"},
		{"account properties of a wrong type", "PUT", "{gcs}/accounts/a1", v2025, `{"kind":"OpenAI","location":"eastus","sku":{"name":"S0"},"properties":{"disableLocalAuth":"maybe"}}`, 400, "InvalidRequestContent"},
		{"patch of what cannot be patched", "PATCH", "{acc}/deployments/gpt-35-turbo", v2025, `{"properties":{}}`, 400, "InvalidRequestContent"},
		{"key of no name", "POST", "{acc}/regenerateKey", v2025, `{"keyName":"key3"}`, 400, "InvalidKeyName"},
		{"deep JSON", "PUT", "{acc}/projects/deep", v2025, `{"properties":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_001), 400, "InvalidRequestContent"},
		{"a body of 10 MB", "PUT", deployment, v2025, []byte(strings.Repeat(" ", 10<<20)), 413, "RequestEntityTooLarge"},
		{"pausing provisioned throughput", "POST", "{acc}/deployments/gpt-4o-ptu/pause", vPreview, nil, 400, "OperationNotSupported"},
		{"an operation nobody started", "GET", "{cs}/locations/eastus/operationResults/nothing", "2017-04-18", nil, 404, "OperationNotFound"},
		{"a page from nowhere", "GET", "{acc}/models?$skipToken=-5", v2025, nil, 400, "InvalidSkipToken"},
		{"stale tag", "PUT", "{acc}/deployments/gpt-4o-ptu", v2025, good, 412, "PreconditionFailed"},
	} {
		var header []string
		if c.what == "stale tag" {
			header = []string{"If-Match", `"stale"`}
		}
		a := r.do(c.method, c.path, c.version, c.body, header...)
		if a.status != c.status || a.code() != c.code || a.message() == "" {
			t.Errorf("%s: %d %q %.200s; want %d %q", c.what, a.status, a.code(), a.message(), c.status, c.code)
		}
		if len(a.message()) > 1000 {
			t.Errorf("%s: a message of %d bytes", c.what, len(a.message()))
		}
	}
}

// Bad token requests get Entra's own errors.
func TestHostileTokenRequests(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	for _, c := range []struct {
		what, path string
		form       url.Values
		status     int
		want       string
	}{
		{"empty", "/oauth2/v2.0/token", url.Values{}, 400, "AADSTS900144"},
		{"unknown grant", "/oauth2/v2.0/token", url.Values{"grant_type": {"password"}, "client_id": {e.ClientID}}, 400, "AADSTS70003"},
		{"unknown client", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"nobody"}, "client_secret": {"x"}}, 400, "AADSTS700016"},
		{"no secret", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}}, 401, "AADSTS7000218"},
		{"wrong secret", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {"x"}}, 401, "AADSTS7000215"},
		{"no scope", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {e.ClientSecret}}, 400, "AADSTS900144"},
		{"scope without /.default", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {e.ClientSecret}, "scope": {"https://x"}}, 400, "AADSTS1002012"},
		{"assertion that is none", "/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_assertion": {"a.b.c"}, "scope": {"x/.default"}}, 401, "AADSTS700027"},
	} {
		resp, err := s.Client().PostForm(e.AuthorityURL+"/"+e.TenantID+c.path, c.form)
		if err != nil {
			t.Fatal(err)
		}
		b := readAll(t, resp)
		if resp.StatusCode != c.status || !strings.Contains(b, c.want) || strings.Contains(b, e.ClientSecret) {
			t.Errorf("%s: %s %s, want %d %s", c.what, resp.Status, b, c.status, c.want)
		}
	}
	resp, err := s.Client().Get(e.AuthorityURL + "/no-such-tenant/v2.0/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	if b := readAll(t, resp); resp.StatusCode != http.StatusBadRequest || !strings.Contains(b, "AADSTS90002") {
		t.Errorf("unknown tenant: %s %s", resp.Status, b)
	}
}

// An assertion counts only when the registered certificate's key signed it, for
// this authority, about this client, and not for ever.
func TestHostileAssertions(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.State.AddCertificate(e.ClientID, der); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
	endpoint := e.AuthorityURL + "/" + e.TenantID + "/oauth2/v2.0/token"
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": e.ClientID, "sub": e.ClientID, "aud": endpoint, "exp": time.Now().Add(10 * time.Minute).Unix(), "jti": "1"}
	}
	with := func(name string, v any) jwt.MapClaims { c := good(); c[name] = v; return c }
	without := func(name string) jwt.MapClaims { c := good(); delete(c, name); return c }
	for _, c := range []struct {
		what   string
		claims jwt.MapClaims
		method jwt.SigningMethod
		key    any
		name   string
		status int
	}{
		{"good", good(), jwt.SigningMethodPS256, key, thumbprint, 200},
		{"good, in the older way", good(), jwt.SigningMethodRS256, key, thumbprint, 200},
		{"another key", good(), jwt.SigningMethodPS256, wrong, thumbprint, 401},
		{"another certificate", good(), jwt.SigningMethodPS256, key, "AAAA", 401},
		{"no certificate", good(), jwt.SigningMethodPS256, key, "", 401},
		{"for somebody else", with("aud", "https://login.microsoftonline.com/x/oauth2/v2.0/token"), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"about somebody else", with("sub", "somebody"), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"by somebody else", with("iss", "somebody"), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"expired", with("exp", time.Now().Add(-time.Hour).Unix()), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"for ever", without("exp"), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"for a year", with("exp", time.Now().Add(365*24*time.Hour).Unix()), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"not yet", with("nbf", time.Now().Add(time.Hour).Unix()), jwt.SigningMethodPS256, key, thumbprint, 401},
		{"signed with the thumbprint", good(), jwt.SigningMethodHS256, []byte(thumbprint), thumbprint, 401},
		{"not signed", good(), jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, thumbprint, 401},
	} {
		token := jwt.NewWithClaims(c.method, c.claims)
		if c.name != "" {
			token.Header["x5t#S256"] = c.name
		}
		signed, err := token.SignedString(c.key)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().PostForm(endpoint, url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "scope": {"https://management.azure.com/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed}})
		if err != nil {
			t.Fatal(err)
		}
		if b := readAll(t, resp); resp.StatusCode != c.status {
			t.Errorf("%s: %s %.300s", c.what, resp.Status, b)
		}
	}
}
