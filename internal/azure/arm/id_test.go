package arm

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	for in, want := range map[string]ID{
		"/subscriptions/s":                  {SubscriptionID: "s"},
		"/SUBSCRIPTIONS/s/resourcegroups/g": {SubscriptionID: "s", ResourceGroup: "g"},
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/deployments/d": {
			"s", "g", "Microsoft.CognitiveServices", []string{"accounts", "deployments"}, []string{"a", "d"}},
		"/subscriptions/s/providers/Microsoft.CognitiveServices/locations/WestUS/": {
			SubscriptionID: "s", Provider: "Microsoft.CognitiveServices", Types: []string{"locations"}, Names: []string{"WestUS"}},
	} {
		got, err := ParseID(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseID(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "s", "/", "/subscriptions", "/subscriptions/", "/subscriptions//x", "/resourceGroups/g", "/subscriptions/s/x", "/subscriptions/s/providers/P", "/subscriptions/s/providers/P/accounts",
		"/subscriptions/s/resourceGroups/../providers/P/a/b", "/subscriptions/s\n/resourceGroups/g", "/subscriptions/s?x", strings.Repeat("/a", 5000)} {
		if got, err := ParseID(in); err == nil {
			t.Errorf("ParseID(%.60q) = %+v, want an error", in, got)
		}
	}
}

func TestIDOfAccount(t *testing.T) {
	ref := DeploymentRef{AccountRef{"s", "g", "a"}, "d"}
	id, err := ParseID(strings.ToUpper(ref.ID()))
	if err != nil {
		t.Fatal(err)
	}
	account, ok := id.Account()
	if !ok || account != (AccountRef{"S", "G", "A"}) || id.Name() != "D" {
		t.Errorf("account %+v %v, name %q", account, ok, id.Name())
	}
	if _, ok := (ID{Provider: "Microsoft.Web"}).Account(); ok {
		t.Error("a web site is no account")
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"/subscriptions/s/resourceGroups/g/providers/P/t/n", "/subscriptions/s", "//", "/subscriptions/s/providers/P/t/n/u/m", "/Subscriptions/é/resourcegroups/g"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		if len(id.Types) != len(id.Names) {
			t.Fatalf("%q: %d types, %d names", s, len(id.Types), len(id.Names))
		}
		again, err := ParseID(id.String())
		if err != nil || !reflect.DeepEqual(id, again) {
			t.Fatalf("%q writes %q, which reads %+v, %v", s, id, again, err)
		}
	})
}

func TestCheckName(t *testing.T) {
	for _, c := range []struct {
		kind NameKind
		name string
		good bool
	}{
		{DeploymentName, "gpt4o-production", true}, {DeploymentName, "gpt-4.1_mini", true}, {DeploymentName, "", false},
		{DeploymentName, "a b", false}, {DeploymentName, `a"b`, false}, {DeploymentName, "a\nb", false}, {DeploymentName, "a/b", false},
		{DeploymentName, "..", false}, {DeploymentName, strings.Repeat("a", 10_000), false}, {DeploymentName, "-a", false},
		{AccountName, "meu-ai-foundry", true}, {AccountName, "a", false}, {AccountName, "a/b", false},
		{ResourceGroupName, "rg-ai-foundry", true}, {ResourceGroupName, "grüße_(1)", true}, {ResourceGroupName, "rg.", false}, {ResourceGroupName, "r/g", false},
		{SubscriptionName, "fad729f9-287d-4b9d-baa0-ee7a900f3f93", true}, {SubscriptionName, "my subscription", false},
		{LocationName, "eastus", true}, {LocationName, "East US", false},
	} {
		err := CheckName(c.kind, c.name)
		var named *NameError
		if (err == nil) != c.good || err != nil && !errors.As(err, &named) {
			t.Errorf("CheckName(%s, %.40q) = %v", c.kind, c.name, err)
		}
	}
}
