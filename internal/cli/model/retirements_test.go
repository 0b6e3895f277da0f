package model

import (
	"testing"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

var today = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)

func inDays(n int) time.Time { return today.Truncate(24*time.Hour).AddDate(0, 0, n) }

// Every verdict, where what the region answers today contradicts what was
// published: the region counts, the published figures fill its gaps.
func TestTheRegionCounts(t *testing.T) {
	published := catalog.New("published", "2026-05-01", "a table", []catalog.Model{{
		Name: "gpt-4o", Format: "OpenAI",
		Versions: []catalog.Version{{Name: "2024-08-06", Retirement: inDays(400), Replacement: "gpt-4.1"}, {Name: "2024-05-13"}, {Name: "0301", Retirement: inDays(-700)}},
	}})
	live := func(version string, retires time.Time, change func(*arm.Model)) []arm.Model {
		m := arm.Model{ModelRef: arm.ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: version}, Retirement: retires}
		for _, sku := range []string{ptu.SKURegional, "Standard"} {
			m.SKUs = append(m.SKUs, arm.SKU{Name: sku})
		}
		if change != nil {
			change(&m)
		}
		return []arm.Model{m}
	}
	for _, c := range []struct {
		name, sku, version, upgrade string
		models                      []arm.Model
		want, source                string
		days                        int // -9999: not known
		command                     string
	}{
		{"moved nearer", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", inDays(40), nil), stops, "eastus", 40,
			"azptu deployment migrate d --account-name a --model-name gpt-4.1 --model-version VERSION --in-place"},
		{"moved into the past", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", inDays(-1), nil), stopped, "eastus", -1,
			"azptu deployment migrate d --account-name a --model-name gpt-4.1 --model-version VERSION --in-place"},
		{"today is the first day without it", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", inDays(0), nil), stopped, "eastus", 0, ""},
		{"published as long gone, and lives", ptu.SKURegional, "0301", "", live("0301", inDays(90), nil), stops, "eastus", 90, ""},
		{"a date of the SKU's own", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", inDays(300), func(m *arm.Model) { m.SKUs[0].Retirement = inDays(20) }), stops, "eastus", 20, ""},
		{"automatic, moved", "Standard", "2024-08-06", "", live("2024-08-06", inDays(10), nil), upgrades, "eastus", 10, ""},
		{"automatic, on every new default", "Standard", "2024-08-06", "OnceNewDefaultVersionAvailable", live("2024-08-06", inDays(10), nil), follows, "eastus", 10, ""},
		{"never upgraded", "Standard", "2024-08-06", "NoAutoUpgrade", live("2024-08-06", inDays(10), nil), stops, "eastus", 10,
			"azptu deployment upgrade-policy d --account-name a --set OnceCurrentVersionExpired"},
		{"never upgraded, and gone", "Standard", "2024-08-06", "NoAutoUpgrade", live("2024-08-06", inDays(-10), nil), stopped, "eastus", -10, ""},
		{"an option that provisioned types do not have", ptu.SKURegional, "2024-08-06", "OnceNewDefaultVersionAvailable", live("2024-08-06", inDays(10), nil), stops, "eastus", 10, ""},
		{"the region names no date", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", time.Time{}, nil), stops, "published", 400, ""},
		{"the region does not list it any more", ptu.SKURegional, "0301", "", live("2024-08-06", inDays(10), nil), stopped, "published", -700, ""},
		{"the region cannot be asked", ptu.SKURegional, "2024-08-06", "", nil, stops, "published", 400, ""},
		{"nobody names a date", ptu.SKURegional, "2024-05-13", "", live("2024-05-13", time.Time{}, nil), unknown, "eastus", -9999, ""},
		{"nobody knows it", ptu.SKURegional, "9", "", nil, unknown, "", -9999, ""},
		{"the region's replacement", ptu.SKURegional, "2024-08-06", "", live("2024-08-06", inDays(40), func(m *arm.Model) { m.Replacement = arm.Replacement{Model: "gpt-4o", Version: "2024-11-20"} }), stops, "eastus", 40,
			"azptu deployment migrate d --account-name a --model-version 2024-11-20 --in-place"},
	} {
		d := arm.Deployment{DeploymentRef: arm.DeploymentRef{AccountRef: arm.AccountRef{SubscriptionID: "s", ResourceGroup: "g", Account: "a"}, Deployment: "d"},
			SKU: c.sku, Model: arm.ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: c.version}, Upgrade: c.upgrade, State: "Succeeded"}
		got := judge(d, "eastus", c.models, published, today)
		if got.WhatHappens != c.want || got.Source != c.source {
			t.Errorf("%s: %s by %q, want %s by %q", c.name, got.WhatHappens, got.Source, c.want, c.source)
		}
		switch {
		case c.days == -9999 && got.DaysLeft != nil:
			t.Errorf("%s: %d days were made up", c.name, *got.DaysLeft)
		case c.days != -9999 && (got.DaysLeft == nil || *got.DaysLeft != c.days):
			t.Errorf("%s: %v days left, want %d", c.name, got.DaysLeft, c.days)
		}
		if c.command != "" && got.Command != c.command {
			t.Errorf("%s: %s\nwant %s", c.name, got.Command, c.command)
		}
	}
	if row := judge(arm.Deployment{SKU: ptu.SKURegional, Model: arm.ModelRef{Name: "gpt-4o", Version: "2024-08-06"}}, "eastus", live("2024-08-06", inDays(40), func(m *arm.Model) { m.Tentative = true }), published, today); !row.Tentative {
		t.Error("a date that is not settled is told as if it were")
	}
}
