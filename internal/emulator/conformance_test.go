package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// rest speaks to Resource Manager as a program without an SDK does.
type rest struct {
	t      *testing.T
	s      *emulator.Server
	client *http.Client
	token  string
}

func newRest(t *testing.T, s *emulator.Server) *rest {
	t.Helper()
	token, err := s.Entra.Token(s.Endpoints.ClientID, "https://management.azure.com/", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &rest{t, s, s.Client(), token}
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   any
}

// expand fills a path in: {s}, {g} and {a} stand for the first subscription,
// group and account, {sub}, {rg} and {acc} for their ids.
func (r *rest) expand(path string) string {
	e := r.s.Endpoints
	sub := "/subscriptions/" + e.SubscriptionID
	rg := sub + "/resourceGroups/" + e.ResourceGroup
	const cs = "/providers/Microsoft.CognitiveServices"
	return strings.NewReplacer("{s}", e.SubscriptionID, "{g}", e.ResourceGroup, "{a}", e.Account,
		"{sub}", sub, "{rg}", rg, "{acc}", rg+cs+"/accounts/"+e.Account, "{cs}", sub+cs, "{gcs}", rg+cs).Replace(path)
}

// do sends a request; its path is expanded.
func (r *rest) do(method, path, version string, body any, header ...string) reply {
	r.t.Helper()
	path = r.expand(path)
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	if version != "" {
		path += separator + "api-version=" + version
	}
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	case []byte:
		content = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			r.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.s.Endpoints.ArmURL+path, content)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.token)
	q.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := reply{status: resp.StatusCode, header: resp.Header}
	if out.raw, err = io.ReadAll(resp.Body); err != nil {
		r.t.Fatal(err)
	}
	if len(out.raw) > 0 {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			r.t.Fatalf("%s %s: %s: %s", method, path, resp.Status, out.raw)
		}
	}
	return out
}

// must sends a request that has to succeed.
func (r *rest) must(method, path, version string, body any) reply {
	r.t.Helper()
	a := r.do(method, path, version, body)
	if a.status >= 300 {
		r.t.Fatalf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a
}

// code and message are those of an error body.
func (a reply) code() string    { return a.member("code") }
func (a reply) message() string { return a.member("message") }

func (a reply) member(name string) string {
	body, _ := a.body.(map[string]any)
	fault, _ := body["error"].(map[string]any)
	s, _ := fault[name].(string)
	return s
}

// document is one published or recorded document and the request that it
// answers.
type document struct {
	file    string // below the folder of documents
	method  string
	path    string
	version string
	status  []int                    // those that the operation may have
	body    any                      // nil: the request in the document, or its .req.json
	before  func(r *rest)            // what has to be there first
	against func(reply, *rest) reply // looks further, where the document shows a later answer
}

const (
	v2025    = "2025-09-01"
	vPreview = "2026-05-15-preview"
)

// makeAccount makes an account of a kind for documents that want one.
func makeAccount(name, kind, sku, location string) func(*rest) {
	return func(r *rest) {
		r.must("PUT", "{gcs}/accounts/"+name, v2025, map[string]any{"kind": kind, "location": location, "sku": map[string]any{"name": sku},
			"tags": map[string]string{"Owner": "somebody"}, "properties": map[string]any{}})
	}
}

// makeStandard makes a Standard deployment on the first account.
func makeStandard(name string) func(*rest) {
	return func(r *rest) {
		r.must("PUT", "{acc}/deployments/"+name, v2025, map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 1},
			"properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}}})
	}
}

var aPlan = map[string]any{"kind": "SpeechServices", "location": "West US", "sku": map[string]any{"name": "S0"},
	"properties": map[string]any{"autoRenew": true, "current": map[string]any{"tier": "T1"}, "hostingModel": "Web", "planType": "STT"}}

func makePlan(r *rest) { r.must("PUT", "{gcs}/commitmentPlans/plan", v2025, aPlan) }

func makeAssociation(r *rest) {
	makePlan(r)
	r.must("PUT", "{gcs}/commitmentPlans/plan/accountAssociations/one", v2025, map[string]any{"properties": map[string]any{"accountId": state.Account{}.ID()}})
}

func makeAccountPlan(r *rest) { r.must("PUT", "{acc}/commitmentPlans/plan", v2025, aPlan) }

func makePolicy(r *rest) {
	r.must("PUT", "{acc}/raiPolicies/strict", v2025, map[string]any{"properties": map[string]any{"basePolicyName": "Microsoft.Default", "mode": "Asynchronous_filter",
		"contentFilters": []any{map[string]any{"name": "Hate", "source": "Prompt", "blocking": true, "enabled": true, "severityThreshold": "High"}}}})
}

func makeProject(r *rest) {
	r.must("PUT", "{acc}/projects/one", v2025, map[string]any{"location": "eastus", "tags": map[string]string{"Owner": "x"},
		"properties": map[string]any{"displayName": "p1", "description": "first"}, "identity": map[string]any{"type": "SystemAssigned"}})
}

func inOrder(steps ...func(*rest)) func(*rest) {
	return func(r *rest) {
		for _, step := range steps {
			step(r)
		}
	}
}

func deleteAccount(name string) func(*rest) {
	return func(r *rest) { r.must("DELETE", "{gcs}/accounts/"+name, v2025, nil) }
}

// documents are all documents that concern Resource Manager.
func documents() []document {
	gpt4 := "modelFormat=OpenAI&modelName=gpt-4o&modelVersion=2024-08-06"
	return []document{
		{file: "recorded/account-create-201.json", method: "PUT", path: "{gcs}/accounts/cs_cli_test_000002", version: vPreview, status: []int{201}},
		{file: "recorded/account-get-200.json", method: "GET", path: "{gcs}/accounts/cs_cli_test", version: vPreview, status: []int{200}, before: makeAccount("cs_cli_test", "OpenAI", "S0", "JAPANEAST")},
		{file: "recorded/account-delete-200.json", method: "DELETE", path: "{gcs}/accounts/cs_cli_test", version: vPreview, status: []int{200}, before: makeAccount("cs_cli_test", "OpenAI", "S0", "JAPANEAST")},
		{file: "recorded/account-aiservices-excerpt.json", method: "GET", path: "{acc}", version: v2025, status: []int{200}},
		{file: "recorded/operation-result-200-succeeded.json", method: "PUT", path: "{gcs}/accounts/op", version: vPreview, status: []int{200},
			body: map[string]any{"kind": "OpenAI", "location": "JAPANEAST", "sku": map[string]any{"name": "S0"}, "properties": map[string]any{}},
			against: func(a reply, r *rest) reply {
				url := strings.TrimPrefix(a.header.Get("Azure-AsyncOperation"), r.s.Endpoints.ArmURL)
				time.Sleep(2 * time.Millisecond) // of virtual time, with the test's scale plenty
				return r.do("GET", url, "", nil)
			}},
		{file: "recorded/deployments-list-empty-200.json", method: "GET", path: "{gcs}/accounts/empty/deployments", version: vPreview, status: []int{200}, before: makeAccount("empty", "OpenAI", "S0", "japaneast")},
		{file: "recorded/deployment-create-standard-201.json", method: "PUT", path: "{acc}/deployments/dpy", version: vPreview, status: []int{201}},
		{file: "recorded/deployment-get-200.json", method: "GET", path: "{acc}/deployments/dpy", version: vPreview, status: []int{200}, before: makeStandard("dpy")},
		{file: "recorded/project-create-201.json", method: "PUT", path: "{acc}/projects/prj000003", version: v2025, status: []int{201}},
		{file: "recorded/projects-list-200.json", method: "GET", path: "{acc}/projects", version: v2025, status: []int{200}, before: makeProject},
		{file: "recorded/commitment-plan-create-201.json", method: "PUT", path: "{acc}/commitmentPlans/plan", version: "2021-10-01", status: []int{201}},
		{file: "recorded/location-commitment-tiers-200.json", method: "GET", path: "{cs}/locations/westus/commitmentTiers", version: "2021-10-01", status: []int{200}},
		{file: "recorded/location-models-westeurope-2025-10.json", method: "GET", path: "{cs}/locations/westeurope/models", version: v2025, status: []int{200}},
		{file: "recorded/location-usages-westeurope-2025-10.json", method: "GET", path: "{cs}/locations/westeurope/usages", version: v2025, status: []int{200}},

		{file: "rest-examples/Accounts_Create_createAccount", method: "PUT", path: "{gcs}/accounts/testCreate1", version: v2025, status: []int{200, 201, 202}},
		{file: "rest-examples/Accounts_Create_createAccountMin", method: "PUT", path: "{gcs}/accounts/testCreate1", version: v2025, status: []int{200, 201, 202}},
		{file: "rest-examples/Accounts_Get", method: "GET", path: "{gcs}/accounts/myAccount", version: v2025, status: []int{200}, before: makeAccount("myAccount", "Emotion", "F0", "westus")},
		{file: "rest-examples/Accounts_List", method: "GET", path: "{cs}/accounts", version: v2025, status: []int{200}, before: makeAccount("myAccount", "Emotion", "F0", "westus")},
		{file: "rest-examples/Accounts_ListByResourceGroup", method: "GET", path: "{gcs}/accounts", version: v2025, status: []int{200}, before: makeAccount("myAccount", "Emotion", "F0", "westus")},
		{file: "rest-examples/Accounts_Update", method: "PATCH", path: "{gcs}/accounts/bingSearch", version: v2025, status: []int{200, 202}, before: makeAccount("bingSearch", "SpeechTranslation", "S1", "westus")},
		{file: "rest-examples/Accounts_ListKeys", method: "POST", path: "{acc}/listKeys", version: v2025, status: []int{200}},
		{file: "rest-examples/Accounts_RegenerateKey", method: "POST", path: "{acc}/regenerateKey", version: v2025, status: []int{200}},
		{file: "rest-examples/Accounts_ListSKUs", method: "GET", path: "{gcs}/accounts/myAccount/skus", version: v2025, status: []int{200}, before: makeAccount("myAccount", "Emotion", "F0", "westus")},
		{file: "rest-examples/Accounts_ListUsages", method: "GET", path: "{acc}/usages", version: v2025, status: []int{200}},
		{file: "rest-examples/Accounts_ListModels", method: "GET", path: "{gcs}/accounts/tuner/models", version: v2025, status: []int{200}, before: makeTuned},
		{file: "rest-examples/Deployments_CreateOrUpdate", method: "PUT", path: "{acc}/deployments/deploymentName", version: v2025, status: []int{200, 201},
			body: map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 1}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}}}},
		{file: "rest-examples/Deployments_Get", method: "GET", path: "{acc}/deployments/gpt-35-turbo", version: v2025, status: []int{200}},
		{file: "rest-examples/Deployments_List", method: "GET", path: "{acc}/deployments", version: v2025, status: []int{200}},
		{file: "rest-examples/Deployments_Update", method: "PATCH", path: "{acc}/deployments/gpt-35-turbo", version: v2025, status: []int{200, 202}},
		{file: "rest-examples/Deployments_ListSKUs", method: "GET", path: "{acc}/deployments/odd/skus", version: v2025, status: []int{200}, before: func(r *rest) {
			r.must("PUT", "{acc}/deployments/odd", v2025, map[string]any{"sku": map[string]any{"name": "ProvisionedManaged", "capacity": 25}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "o1", "version": "2024-12-17"}}})
		}},
		{file: "rest-examples/Deployments_Pause", method: "POST", path: "{acc}/deployments/gpt-35-turbo/pause", version: vPreview, status: []int{200}},
		{file: "rest-examples/Models_List", method: "GET", path: "{cs}/locations/swedencentral/models", version: v2025, status: []int{200}},
		{file: "rest-examples/Usages_List", method: "GET", path: "{cs}/locations/westus/usages", version: v2025, status: []int{200}},
		{file: "rest-examples/ModelCapacities_List", method: "GET", path: "{cs}/modelCapacities?" + gpt4, version: v2025, status: []int{200}},
		{file: "rest-examples/LocationBasedModelCapacities_List", method: "GET", path: "{cs}/locations/westus/modelCapacities?" + gpt4, version: v2025, status: []int{200}},
		{file: "rest-examples/Management_CalculateModelCapacity", method: "POST", path: "{cs}/calculateModelCapacity", version: v2025, status: []int{200}},
		{file: "rest-examples/Management_CheckSKUAvailability", method: "POST", path: "{cs}/locations/westus/checkSkuAvailability", version: v2025, status: []int{200}},
		{file: "rest-examples/Management_CheckDomainAvailability", method: "POST", path: "{cs}/checkDomainAvailability", version: v2025, status: []int{200},
			body: map[string]any{"subdomainName": "-not valid-", "type": "Microsoft.CognitiveServices/accounts"}},
		{file: "rest-examples/ResourceSKUs_List", method: "GET", path: "{cs}/skus", version: v2025, status: []int{200}},
		{file: "rest-examples/CommitmentTiers_List", method: "GET", path: "{cs}/locations/westus/commitmentTiers", version: v2025, status: []int{200}},
		{file: "rest-examples/CommitmentPlans_CreateOrUpdate", method: "PUT", path: "{acc}/commitmentPlans/plan", version: v2025, status: []int{200, 201}},
		{file: "rest-examples/CommitmentPlans_Get", method: "GET", path: "{acc}/commitmentPlans/plan", version: v2025, status: []int{200}, before: makeAccountPlan},
		{file: "rest-examples/CommitmentPlans_List", method: "GET", path: "{acc}/commitmentPlans", version: v2025, status: []int{200}, before: makeAccountPlan},
		{file: "rest-examples/CommitmentPlans_CreateOrUpdatePlan", method: "PUT", path: "{gcs}/commitmentPlans/plan", version: v2025, status: []int{200, 201}},
		{file: "rest-examples/CommitmentPlans_GetPlan", method: "GET", path: "{gcs}/commitmentPlans/plan", version: v2025, status: []int{200}, before: makePlan},
		{file: "rest-examples/CommitmentPlans_UpdatePlan", method: "PATCH", path: "{gcs}/commitmentPlans/plan", version: v2025, status: []int{200, 202}, before: makePlan},
		{file: "rest-examples/CommitmentPlans_ListPlansByResourceGroup", method: "GET", path: "{gcs}/commitmentPlans", version: v2025, status: []int{200}, before: makePlan},
		{file: "rest-examples/CommitmentPlans_ListPlansBySubscription", method: "GET", path: "{cs}/commitmentPlans", version: v2025, status: []int{200}, before: makePlan},
		{file: "rest-examples/CommitmentPlans_CreateOrUpdateAssociation", method: "PUT", path: "{gcs}/commitmentPlans/plan/accountAssociations/one", version: v2025, status: []int{200, 201}, before: makePlan},
		{file: "rest-examples/CommitmentPlans_GetAssociation", method: "GET", path: "{gcs}/commitmentPlans/plan/accountAssociations/one", version: v2025, status: []int{200}, before: makeAssociation},
		{file: "rest-examples/CommitmentPlans_ListAssociations", method: "GET", path: "{gcs}/commitmentPlans/plan/accountAssociations", version: v2025, status: []int{200}, before: makeAssociation},
		{file: "rest-examples/RaiPolicies_CreateOrUpdate", method: "PUT", path: "{acc}/raiPolicies/strict", version: v2025, status: []int{200, 201}},
		{file: "rest-examples/RaiPolicies_Get", method: "GET", path: "{acc}/raiPolicies/strict", version: v2025, status: []int{200}, before: makePolicy},
		{file: "rest-examples/RaiPolicies_List", method: "GET", path: "{acc}/raiPolicies", version: v2025, status: []int{200}, before: makePolicy},
		{file: "rest-examples/RaiContentFilters_Get", method: "GET", path: "{cs}/locations/westus/raiContentFilters/IndirectAttack", version: v2025, status: []int{200}},
		{file: "rest-examples/RaiContentFilters_List", method: "GET", path: "{cs}/locations/westus/raiContentFilters", version: v2025, status: []int{200}},
		{file: "rest-examples/DeletedAccounts_Get", method: "GET", path: "{cs}/locations/westus/resourceGroups/{g}/deletedAccounts/myAccount", version: v2025, status: []int{200},
			before: inOrder(makeAccount("myAccount", "Emotion", "F0", "westus"), deleteAccount("myAccount"))},
		{file: "rest-examples/DeletedAccounts_List", method: "GET", path: "{cs}/deletedAccounts", version: v2025, status: []int{200},
			before: inOrder(makeAccount("myAccount", "Emotion", "F0", "westus"), deleteAccount("myAccount"))},
		{file: "rest-examples/Projects_Create_createProject", method: "PUT", path: "{acc}/projects/testProject1", version: v2025, status: []int{200, 201, 202}},
		{file: "rest-examples/Projects_Create_createProjectMin", method: "PUT", path: "{acc}/projects/testProject1", version: v2025, status: []int{200, 201, 202}},
		{file: "rest-examples/Projects_Get", method: "GET", path: "{acc}/projects/one", version: v2025, status: []int{200}, before: makeProject},
		{file: "rest-examples/Projects_List", method: "GET", path: "{acc}/projects", version: v2025, status: []int{200}, before: makeProject},
		{file: "rest-examples/Projects_Update", method: "PATCH", path: "{acc}/projects/one", version: v2025, status: []int{200, 202}, before: makeProject},
		{file: "rest-examples/QuotaTiers_CreateOrUpdate", method: "PUT", path: "{cs}/quotaTiers/default", version: v2025, status: []int{200, 201}},
	}
}

// exceptions names every difference that is meant, by document and path, or by
// path alone for all documents, with its reason. There is none.
var exceptions = map[string]string{}

// beyond are members that answers have beside those of any document, with where
// they come from. They are checked for nothing but their names.
var beyond = map[string]string{
	"properties.deletionDate":        "soft-deleted accounts say when they were deleted (AccountProperties of the specification)",
	"properties.customSubDomainName": "AccountProperties of the specification; in the recorded excerpt",
	"properties.endpoints":           "in every recorded account",
	"tags":                           "the examples show them where they were set; ours were",
	"model.replacementConfig":        "recorded models have it where a replacement is announced",
	"etag":                           "every resource of the specification may have one",
	"systemData":                     "every resource of the specification may have it",
	"tierUpgradeEligibilityInfo":     "QuotaTier of the specification",
}

// openMaps are objects whose members are data, not shape.
var openMaps = map[string]bool{"capabilities": true, "finetuneCapabilities": true, "endpoints": true, "tags": true}

func TestConformance(t *testing.T) {
	root := sharedAzure(t)
	if root == "" {
		t.Log("the published and recorded documents are not here: their shapes were left out")
		return
	}
	unused := map[string]bool{}
	for k := range exceptions {
		unused[k] = true
	}
	families := familyShapes(t, root)
	for _, d := range documents() {
		t.Run(d.file, func(t *testing.T) { d.check(t, root, families, unused) })
	}
	for k := range unused {
		t.Errorf("exception %q is not needed", k)
	}
}

// The members that clients read are there; this needs no documents.
func TestShapes(t *testing.T) {
	b, err := os.ReadFile("testdata/shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var shapes map[string][]string
	if err := json.Unmarshal(b, &shapes); err != nil {
		t.Fatal(err)
	}
	r := newRest(t, start(t, emulator.Config{}))
	for request, members := range shapes {
		method, path, _ := strings.Cut(request, " ")
		seen := shape{}
		seen.add("", r.must(method, path, v2025, nil).body)
		for _, m := range members {
			if seen[m] == nil {
				t.Errorf("%s: %s is missing", request, m)
			}
		}
	}
}

// Every document must be in the list, or named here with the reason.
func TestEveryDocumentIsListed(t *testing.T) {
	root := sharedAzure(t)
	if root == "" {
		t.Log("the published and recorded documents are not here: nothing to list")
		return
	}
	elsewhere := map[string]string{
		"recorded/arm-errors.json":               "TestRecordedErrors",
		"recorded/chat-completion-200-2024.json": "data plane",
		"recorded/chat-stream-2026-excerpt.sse":  "data plane",
		"recorded/chat-stream-2026-headers.json": "data plane",
		"recorded/chat-stream-usage-chunk.json":  "data plane",
		"recorded/data-plane-errors.json":        "data plane",
	}
	listed := map[string]bool{}
	for _, d := range documents() {
		listed[d.file] = true
	}
	for _, dir := range []string{"recorded", "rest-examples"} {
		files, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name := dir + "/" + f.Name()
			bare := strings.TrimSuffix(strings.TrimSuffix(name, ".resp.json"), ".req.json")
			if !listed[name] && !listed[bare] && elsewhere[name] == "" {
				t.Errorf("%s is checked nowhere", name)
			}
		}
	}
}

// sharedAzure is the folder of documents, "" where there is none.
func sharedAzure(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("AZPTU_SHARED"); dir != "" {
		return filepath.Join(dir, "azure")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			shared := filepath.Join(dir, "..", "shared", "azure")
			if _, err := os.Stat(shared); err == nil {
				return shared
			}
			return ""
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

// published reads a document: its request and answer, and recorded headers.
func published(t *testing.T, root, file string) (request, body any, header map[string]string) {
	t.Helper()
	read := func(name string) any {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if strings.HasPrefix(file, "rest-examples/") {
		return read(file + ".req.json"), read(file + ".resp.json"), nil
	}
	doc, _ := read(file).(map[string]any)
	if doc == nil {
		t.Fatalf("%s cannot be read", file)
	}
	if req, ok := doc["request"].(map[string]any); ok {
		request = req["body"]
	}
	resp, ok := doc["response"].(map[string]any)
	if !ok {
		return request, doc["body"], nil
	}
	header = map[string]string{}
	if h, ok := resp["headers"].(map[string]any); ok {
		for k, v := range h {
			header[k] = fmt.Sprint(v)
		}
	}
	return request, resp["body"], header
}

// family is what kind of answer a document is: those of one family share
// members, for the examples are abridged and each shows a few.
func family(file string) string {
	name := strings.ToLower(filepath.Base(file))
	for _, f := range []string{"operation-result", "commitment", "tiers", "modelcapacit", "capacit", "rai", "quota", "usages", "skus", "models", "keys", "check", "deployment", "project", "account"} {
		if strings.Contains(name, f) {
			return f
		}
	}
	return name
}

func familyShapes(t *testing.T, root string) map[string]shape {
	t.Helper()
	all := map[string]shape{}
	for _, d := range documents() {
		_, body, _ := published(t, root, d.file)
		f := family(d.file)
		if all[f] == nil {
			all[f] = shape{}
		}
		all[f].add("", body)
	}
	return all
}

// shape is the JSON types seen at each path of a document.
type shape map[string][]string

func (s shape) add(path string, v any) {
	typ := jsonType(v)
	if !slices.Contains(s[path], typ) {
		s[path] = append(s[path], typ)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if openMaps[path[strings.LastIndexByte(path, '.')+1:]] {
				s.add(path+".*", member)
			} else {
				s.add(strings.TrimPrefix(path+"."+name, "."), member)
			}
		}
	case []any:
		for _, member := range v {
			s.add(path+"[]", member)
		}
	}
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}

func (d document) check(t *testing.T, root string, families map[string]shape, unused map[string]bool) {
	s := start(t, emulator.Config{TimeScale: 50})
	r := newRest(t, s)
	if d.before != nil {
		d.before(r)
	}
	request, want, header := published(t, root, d.file)
	if d.body != nil {
		request = d.body
	}
	got := r.do(d.method, d.path, d.version, request)
	if d.against != nil {
		got = d.against(got, r)
	}
	if !slices.Contains(d.status, got.status) {
		t.Fatalf("status %d, want one of %v: %s", got.status, d.status, got.raw)
	}
	for name, value := range header {
		seen := got.header.Get(name)
		switch {
		case seen == "":
			t.Errorf("header %s is missing", name)
		case strings.HasPrefix(name, "x-ms-ratelimit"), name == "etag", name == "azure-asyncoperation", name == "content-length":
		case seen != value:
			t.Errorf("header %s is %q, recorded %q", name, seen, value)
		}
	}
	if want == nil || want == "" {
		if len(got.raw) > 0 {
			t.Errorf("a body where none was recorded: %s", got.raw)
		}
		return
	}
	d.compare(t, want, got.body, families[family(d.file)], unused)
}

// compare finds members that the document has and the answer lacks, other
// types, and members that no document of the family knows.
func (d document) compare(t *testing.T, want, got any, known shape, unused map[string]bool) {
	wanted, seen := shape{}, shape{}
	wanted.add("", want)
	seen.add("", got)
	for _, path := range paths(wanted) {
		if strings.HasSuffix(path, ".*") || strings.HasSuffix(path, "[]") && seen[strings.TrimSuffix(path, "[]")] != nil && seen[path] == nil {
			continue
		}
		if reason := d.excepted(path, unused); reason {
			continue
		}
		if seen[path] == nil {
			t.Errorf("%s is missing", path)
			continue
		}
		for _, typ := range seen[path] {
			if !slices.Contains(wanted[path], typ) && !slices.Contains(known[path], typ) {
				t.Errorf("%s is a %s, published as %v", path, typ, wanted[path])
			}
		}
	}
	for _, path := range paths(seen) {
		if known[path] == nil && !inFamily(known, path) {
			t.Errorf("%s is in no document", path)
		}
	}
}

// inFamily also looks for the path as a member of lists, and of single answers.
func inFamily(known shape, path string) bool {
	single := strings.TrimPrefix(strings.TrimPrefix(path, "value[]"), ".")
	for _, p := range []string{single, strings.TrimPrefix("value[]."+path, "."), "value[].model." + single, strings.TrimPrefix(single, "model.")} {
		if known[p] != nil {
			return true
		}
	}
	for tail := range beyond {
		if strings.HasSuffix(path, tail) || strings.Contains(path, tail+".") {
			return true
		}
	}
	return strings.HasSuffix(path, ".*") || path == "nextLink"
}

func (d document) excepted(path string, unused map[string]bool) bool {
	for at := path; ; at = at[:strings.LastIndexAny(at, ".[")] {
		for _, key := range []string{d.file + " " + at, at} {
			if exceptions[key] != "" {
				delete(unused, key)
				return true
			}
		}
		if !strings.ContainsAny(at, ".[") {
			return false
		}
	}
}

func paths(s shape) []string {
	list := make([]string, 0, len(s))
	for p := range s {
		if p != "" {
			list = append(list, p)
		}
	}
	sort.Strings(list)
	return list
}

// The error texts that were recorded come out to the letter.
func TestRecordedErrors(t *testing.T) {
	s := start(t, emulator.Config{})
	r := newRest(t, s)
	turbo := func(capacity int) map[string]any {
		return map[string]any{"sku": map[string]any{"name": "Standard", "capacity": capacity}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}}}
	}
	makeAccount("fr", "OpenAI", "S0", "francecentral")(r)
	makeAccount("jp", "OpenAI", "S0", "japaneast")(r)
	if err := s.State.SetQuota(s.Endpoints.SubscriptionID, "japaneast", "OpenAI.Standard.gpt-35-turbo", 1); err != nil {
		t.Fatal(err)
	}
	r.must("PUT", "{gcs}/accounts/jp/deployments/one", v2025, turbo(1))
	for _, c := range []struct {
		what, path, version string
		body                map[string]any
		status              int
		code, message       string
	}{
		{"quota", "{gcs}/accounts/jp/deployments/two", v2025, turbo(30), 400, "InsufficientQuota",
			"This operation require 30 new capacity in quota Tokens Per Minute (thousands) - GPT-35-Turbo, which is bigger than the current available capacity 0. The current quota usage is 1 and the quota limit is 1 for quota Tokens Per Minute (thousands) - GPT-35-Turbo"},
		{"region", "{gcs}/accounts/fr/deployments/one", v2025, map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 1}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-4o", "version": "2024-05-13"}}}, 400, "InvalidResourceProperties",
			"The specified SKU 'Standard' for model 'gpt-4o 2024-05-13' is not supported in this region 'francecentral'."},
		{"scale type", "{acc}/deployments/one", "2022-12-01", map[string]any{"properties": map[string]any{"scaleSettings": map[string]any{"scaleType": "Standard", "capacity": 1}, "model": map[string]any{"format": "OpenAI", "name": "gpt-4.1", "version": "2025-04-14"}}}, 400, "InvalidResourceProperties",
			"The specified scale type 'Standard' of account deployment is not supported by the model 'gpt-4.1'."},
	} {
		a := r.do("PUT", c.path, c.version, c.body)
		if a.status != c.status || a.code() != c.code || a.message() != c.message {
			t.Errorf("%s: %d %s\n got %s\nwant %s", c.what, a.status, a.code(), a.message(), c.message)
		}
	}
	if err := s.State.SetCapacity("eastus", "ProvisionedManaged", 0); err != nil {
		t.Fatal(err)
	}
	a := r.do("PUT", "{acc}/deployments/none", v2025, map[string]any{"sku": map[string]any{"name": "ProvisionedManaged", "capacity": 50}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}})
	if want := "The region 'eastus' currently does not have enough resources available to provision services with the SKU 'ProvisionedManaged'."; !strings.HasPrefix(a.message(), want) {
		t.Errorf("capacity: %s", a.message())
	}
}
