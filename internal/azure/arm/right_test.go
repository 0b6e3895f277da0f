package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestRights(t *testing.T) {
	contributor := Right{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Write"}, DataActions: []string{"Microsoft.CognitiveServices/accounts/OpenAI/*"}}
	for action, want := range map[string]bool{
		"Microsoft.CognitiveServices/accounts/write":         true,
		"microsoft.authorization/roleAssignments/write":      false,
		"Microsoft.Authorization/roleAssignments/read":       true,
		"Microsoft.Authorization/roleAssignments/write/more": true,
	} {
		if got := contributor.Allows(action); got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
	reader := Right{Actions: []string{"*/read"}}
	if !reader.Allows("a/b/read") || reader.Allows("a/b/write") || reader.Allows("read") || reader.AllowsData("a/read") {
		t.Error("a reader reads")
	}
	if !contributor.AllowsData("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action") {
		t.Error("data actions")
	}
	for pattern, text := range map[string]string{"a*c*e": "abcde", "*": "", "a*": "a", "*a*a": "aa"} {
		if !wild(pattern, text) {
			t.Errorf("%s does not match %s", pattern, text)
		}
	}
	for pattern, text := range map[string]string{"a*c*e": "abcd", "a*a": "a", "": "x"} {
		if wild(pattern, text) {
			t.Errorf("%s matches %s", pattern, text)
		}
	}
}

// The service tells the caller's rights; where it does not, roles are looked up.
func TestRightsOfRoles(t *testing.T) {
	asked := ""
	c := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked += r.URL.Path + " " + r.URL.Query().Get("$filter") + "\n"
		switch {
		case strings.HasSuffix(r.URL.Path, "/permissions"):
			answer(w, 404, `{"error":{"code":"InvalidResourceType","message":"x"}}`)
		case strings.HasSuffix(r.URL.Path, "/roleAssignments"):
			answer(w, 200, `{"value":[{"properties":{"roleDefinitionId":"/x/roleDefinitions/d1","principalId":"me","scope":"/s"}}]}`)
		default:
			answer(w, 200, `{"properties":{"permissions":[{"actions":["*/read"],"notActions":[]}]}}`)
		}
	}))
	got, err := c.Rights(t.Context(), "/subscriptions/s", "me")
	if err != nil || len(got) != 1 || !got[0].Allows("x/read") {
		t.Errorf("%v %+v", err, got)
	}
	if !strings.Contains(asked, "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/d1") || !strings.Contains(asked, "atScope() and assignedTo('me')") {
		t.Errorf("asked %s", asked)
	}
	told := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, `{"value":[{"actions":["a/b"],"dataActions":["d/e"]}]}`)
	}))
	if got, err := told.Rights(t.Context(), "/subscriptions/s", ""); err != nil || !got[0].AllowsData("d/e") {
		t.Errorf("%v %+v", err, got)
	}
}
