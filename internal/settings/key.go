package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/locale"
)

// Key is one general setting: its name in the settings section, the variable
// and the flag that go before the file, and what it may be.
type Key struct {
	Name    string   // in the settings section
	Env     string   // environment variable
	Flag    string   // without dashes; "" when there is none
	Allowed []string // the values it may take; nil when Check decides alone
	Check   func(value string) bool
}

// Names of the general settings.
const (
	Language       = "language"
	Output         = "output"
	Cloud          = "cloud"
	Catalog        = "catalog"
	Color          = "color"
	Debug          = "debug"
	CacheMinutes   = "cache_minutes"
	DeploymentType = "deployment_type"
)

const maxCacheMinutes = 24 * 60

// Keys lists the general settings in the order they are shown.
func Keys() []Key {
	return []Key{
		{Name: Language, Env: "AZPTU_LANG", Flag: "lang", Allowed: []string{"en", "pt-BR", "es"}, Check: func(v string) bool {
			_, ok := locale.ParseLanguage(v)
			return ok
		}},
		{Name: Output, Env: "AZPTU_OUTPUT", Flag: "output", Allowed: []string{"table", "json", "yaml", "tsv", "csv", "wide", "name", "none"}},
		{Name: Cloud, Env: "AZPTU_CLOUD", Flag: "cloud"},
		{Name: Catalog, Env: "AZPTU_CATALOG", Flag: "catalog"},
		{Name: Color, Env: "AZPTU_COLOR", Allowed: []string{"auto", "always", "never"}},
		{Name: Debug, Env: "AZPTU_DEBUG", Flag: "debug", Allowed: []string{"off", "on", "http"}},
		{Name: CacheMinutes, Env: "AZPTU_CACHE_MINUTES", Check: func(v string) bool {
			n, err := strconv.Atoi(v)
			return err == nil && n >= 0 && n <= maxCacheMinutes
		}},
		{Name: DeploymentType, Env: "AZPTU_DEPLOYMENT_TYPE", Flag: "deployment-type", Allowed: []string{"regional", "global", "data-zone"}},
	}
}

// FindKey finds a general setting by its name.
func FindKey(name string) (Key, bool) {
	for _, key := range Keys() {
		if key.Name == name {
			return key, true
		}
	}
	return Key{}, false
}

// Misfit is the message that says which values k takes, for a Value it does
// not.
func (k Key) Misfit() string {
	if k.Name == CacheMinutes {
		return "settings.fault.not-minutes"
	}
	return "settings.fault.not-fitting"
}

// Accepts tells whether value fits k.
func (k Key) Accepts(value string) bool {
	switch {
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }):
		return false
	case k.Check != nil:
		return k.Check(value)
	case k.Allowed != nil:
		return slices.Contains(k.Allowed, value)
	}
	return true
}

// Typed is value as JSON writes it: a number where the setting is one.
func (k Key) Typed(value string) any {
	if n, err := strconv.Atoi(value); err == nil && k.Name == CacheMinutes {
		return n
	}
	return value
}

// ValueError says that a setting cannot be what its source wants.
type ValueError struct {
	Key    Key
	Value  string
	Origin string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s: %q is no value for %s", e.Origin, e.Value, e.Key.Name)
}
