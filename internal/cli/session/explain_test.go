package session

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

func envOf(lang string) *verb.Env {
	var out bytes.Buffer
	return &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: &out, Err: &out}, Now: time.Now,
		Getenv: func(name string) string { return map[string]string{"AZPTU_LANG": lang}[name] },
	}
}

// Every kind of error from Azure has its exit code and words in each language;
// the remedies of the manual are among its hints.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says map[string]string
		hint map[string]string
	}{
		{&arm.Error{Kind: arm.Validation, Code: "LocationNotAvailableForResourceType", Message: "estus"}, 2, map[string]string{"pt-BR": "não é oferecido nesta região"}, map[string]string{"en": "azptu capacity show"}},
		{&arm.Error{Kind: arm.SignIn, Code: "ExpiredAuthenticationToken", Message: "expired"}, 4, map[string]string{"pt-BR": "expired"}, map[string]string{"pt-BR": "az login", "es": "az login"}},
		{&login.Error{Reason: "no credential"}, 4, map[string]string{"en": "DefaultAzureCredential failed to retrieve a token", "pt-BR": "DefaultAzureCredential failed to retrieve a token"}, map[string]string{"pt-BR": `az account set --subscription "sua-subscription-id"`}},
		{&arm.Error{Kind: arm.Permission, Code: "AuthorizationFailed", Message: "no"}, 4, map[string]string{"es": "no tiene permiso"}, map[string]string{"en": "Contributor"}},
		{&arm.Error{Kind: arm.NoQuota, Code: "InsufficientQuota", Message: "This operation require 30"}, 5, map[string]string{"pt-BR": "Quota insuficiente para esta capacidade PTU"}, map[string]string{"pt-BR": "Solicitar aumento de quota no Azure Portal"}},
		{&arm.Error{Kind: arm.NoCapacity, Message: "region full"}, 5, map[string]string{"pt-BR": "Capacidade PTU não disponível na região"}, map[string]string{"pt-BR": "Usar deployment Global em vez de Regional"}},
		{&arm.Error{Kind: arm.NotFound, Code: "ResourceGroupNotFound", Message: "rg"}, 3, map[string]string{"en": "The resource group was not found", "es": "No se encontró el grupo de recursos"}, map[string]string{"en": "az group list"}},
		{&arm.Error{Kind: arm.NotFound, Code: "SubscriptionNotFound", Message: "s"}, 3, nil, map[string]string{"en": "az account set"}},
		{&arm.Error{Kind: arm.Conflict, Message: "busy"}, 6, map[string]string{"es": "Hay otra operación"}, map[string]string{"en": "Wait"}},
		{&arm.Error{Kind: arm.Throttled, RetryAfter: 17 * time.Second}, 1, nil, map[string]string{"en": "17 seconds", "es": "17 segundos"}},
		{&arm.Error{Kind: arm.Validation, Code: "InvalidResourceProperties", Message: "bad sku"}, 2, map[string]string{"en": "bad sku"}, nil},
		{&arm.Error{Kind: arm.Unavailable, Status: 503, RequestID: "r-1"}, 1, nil, map[string]string{"en": "Try again"}},
		{&arm.Error{Kind: arm.Network, Message: "127.0.0.1: refused"}, 1, map[string]string{"en": "could not be reached"}, map[string]string{"en": "HTTPS_PROXY"}},
		{&arm.Error{Kind: arm.Certificate, Message: "unknown authority"}, 1, nil, map[string]string{"en": "SSL_CERT_FILE"}},
		{&arm.Error{Kind: arm.Broken, Message: "EOF"}, 1, nil, map[string]string{"en": "--debug=http"}},
		{&arm.Error{Kind: arm.NoQuota, Operation: true, Message: "gone"}, 5, map[string]string{"en": "The request was accepted, but the operation failed. Insufficient quota", "pt-BR": "foi aceita, mas a operação falhou"}, nil},
		{errors.New("odd"), 1, map[string]string{"en": "odd"}, nil},
	} {
		for _, lang := range []string{"en", "pt-BR", "es"} {
			env := envOf(lang)
			got := Explain(env, c.err)
			var known *exit.Error
			if exit.CodeOf(got) != c.code || !errors.As(got, &known) {
				t.Errorf("%v in %s: exit code %d, want %d (%T)", c.err, lang, exit.CodeOf(got), c.code, got)
				continue
			}
			if !strings.Contains(known.Message, c.says[lang]) || strings.Contains(known.Message, "azure.error") {
				t.Errorf("%v in %s says %q, want %q", c.err, lang, known.Message, c.says[lang])
			}
			if hints := strings.Join(known.Hints, "\n"); !strings.Contains(hints, c.hint[lang]) {
				t.Errorf("%v in %s hints %q, want %q", c.err, lang, hints, c.hint[lang])
			}
		}
	}
	if Explain(envOf("en"), nil) != nil {
		t.Error("no error is no error")
	}
	var known *exit.Error
	if errors.As(Explain(envOf("en"), &arm.Error{Kind: arm.Unavailable, RequestID: "r-1"}), &known); known.RequestID != "r-1" {
		t.Error("the request id was lost")
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"rg-ai": "rg-ai", "rg (1)": "'rg (1)'", "a'b": `'a'\''b'`, "$(x)": "'$(x)'"} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %q, want %q", in, got, want)
		}
	}
}
