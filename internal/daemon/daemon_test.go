package daemon

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"

	"github.com/azptu/azptu/internal/openai"
)

// A call through the gateway to the emulator is in the log a moment later, and
// a real client of Log Analytics, signed in by the emulator, reads it there.
func TestCallIsServedLoggedAndFound(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	at := s.Emulator.Endpoints
	client := &openai.Client{Endpoint: s.Gateway, Authorize: openai.APIKey(at.APIKey), HTTP: http.DefaultClient, Now: time.Now}
	reply, err := client.Stream(ctx, Pool, openai.Request{Messages: []openai.Message{{Role: "user", Content: "hello"}}, MaxTokens: 20}, func(string) error { return nil })
	if err != nil || reply.Usage.Prompt == 0 {
		t.Fatalf("%v, %+v", err, reply)
	}
	logs := s.logsClient(t)
	const query = "ApiManagementGatewayLogs | where ResponseCode == 200 | project PromptTokens = tolong(parse_json(BackendResponseBody).usage.prompt_tokens), CallerIpAddress"
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		got, err := logs.QueryWorkspace(ctx, at.WorkspaceID, azlogs.QueryBody{Query: to.Ptr(query)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rows := got.Tables[0].Rows; len(rows) == 1 {
			if rows[0][0] != float64(reply.Usage.Prompt) || rows[0][1] != "127.0.0.1" {
				t.Errorf("logged %v; the client counted %d", rows[0], reply.Usage.Prompt)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the call never came into the log")
		}
	}
}

// logsClient is the official client, pointed at this system.
func (s *System) logsClient(t *testing.T) *azlogs.Client {
	t.Helper()
	at := s.Emulator.Endpoints
	options := azcore.ClientOptions{
		Transport: s.Emulator.Client(),
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: at.AuthorityURL,
			Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{azlogs.ServiceName: {Endpoint: at.LogsURL, Audience: "https://api.loganalytics.io"}},
		},
	}
	credential, err := azidentity.NewClientSecretCredential(at.TenantID, at.ClientID, at.ClientSecret, &azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := azlogs.NewClient(credential, &azlogs.ClientOptions{ClientOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func TestLogsNeedAToken(t *testing.T) {
	s, err := Start(context.Background(), Config{Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	client := s.Emulator.Client()
	for path, want := range map[string]int{"/v1/rest/auth/metadata": 200, "/v1/workspaces/any/query?query=Calls": 401} {
		resp, err := client.Get(s.Emulator.Endpoints.LogsURL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}
