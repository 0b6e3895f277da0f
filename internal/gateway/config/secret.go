package config

import (
	"fmt"
	"net/url"
	"strings"
)

// Secret names where a secret is kept. The zero Secret names none.
type Secret struct {
	Scheme string // env, file or keyvault
	Name   string // variable, path, or https address of the secret
}

// IsZero tells whether no secret is named.
func (s Secret) IsZero() bool { return s == Secret{} }

// String is the reference, which is no secret itself.
func (s Secret) String() string { return s.Scheme + ":" + s.Name }

// ParseSecret reads a reference such as "env:TEAM_A_KEY",
// "file:/run/secrets/key" or "keyvault:https://v.vault.azure.net/secrets/key".
// The error never repeats what was given: it may be a secret.
func ParseSecret(ref string) (Secret, error) {
	scheme, name, ok := strings.Cut(ref, ":")
	if !ok || name == "" {
		return Secret{}, fmt.Errorf("secrets are given by reference (env:NAME, file:PATH or keyvault:URL), never written into the file")
	}
	switch scheme {
	case "env":
		if strings.ContainsAny(name, "= \x00") {
			return Secret{}, fmt.Errorf("env: expected the name of an environment variable")
		}
	case "file":
		if strings.ContainsRune(name, 0) {
			return Secret{}, fmt.Errorf("file: expected a path")
		}
	case "keyvault":
		u, err := url.Parse(name)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || !strings.HasPrefix(u.Path, "/secrets/") {
			return Secret{}, fmt.Errorf("keyvault: expected https://VAULT/secrets/NAME")
		}
	default:
		return Secret{}, fmt.Errorf("secrets are given by reference (env:NAME, file:PATH or keyvault:URL), never written into the file")
	}
	return Secret{scheme, name}, nil
}
