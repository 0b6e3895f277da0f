//go:build unix

package azcli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
)

// block is the code that docs/lifecycle.md shows under a heading in bold.
func block(t *testing.T, heading string) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/lifecycle.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(raw), "\n**"+heading+"**")
	_, rest, fenced := strings.Cut(rest, "\n```")
	_, rest, _ = strings.Cut(rest, "\n")
	code, _, closed := strings.Cut(rest, "\n```")
	if !found || !fenced || !closed {
		t.Fatalf("docs/lifecycle.md shows no code for %s", heading)
	}
	return code
}

// world is an emulator on a fast clock and the variables that the documents'
// code expects.
func world(t *testing.T) (*emulator.Server, []string) {
	t.Helper()
	emu, err := emulator.Start(t.Context(), emulator.Config{Dir: t.TempDir(), TimeScale: 600})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close(context.Background()) })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, emu.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	at := emu.Endpoints
	return emu, append(os.Environ(), "S="+at.SubscriptionID, "G="+at.ResourceGroup, "A="+at.Account, "L="+at.Location, "ARM="+at.ArmURL,
		"CURL_CA_BUNDLE="+ca, "REQUESTS_CA_BUNDLE="+ca, "AZURE_CONFIG_DIR="+t.TempDir(), "AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_ONLY_SHOW_ERRORS=yes")
}

// run runs code by bash and shows what it said when it fails.
func run(t *testing.T, environment []string, code string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", code)
	cmd.Env = environment
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.8000s", err, out)
	}
	return string(out)
}

// gone makes sure that a session ended where it should: what it made is not
// there any more.
func gone(t *testing.T, emu *emulator.Server, name string) {
	t.Helper()
	for range 200 {
		if _, err := emu.State.Deployment("/subscriptions/"+emu.Endpoints.SubscriptionID+"/resourceGroups/"+emu.Endpoints.ResourceGroup+"/providers/Microsoft.CognitiveServices/accounts/"+emu.Endpoints.Account, name); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%s is still there", name)
}

func TestLifecycleByREST(t *testing.T) {
	code := block(t, "REST")
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("not run: there is no curl on PATH")
		return
	}
	emu, environment := world(t)
	client := emu.Endpoints.ClientID
	token, err := emu.Entra.Token(client, "https://management.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, append(environment, "TOKEN="+token), code)
	for _, want := range []string{"OpenAI.ProvisionedManaged", "availableCapacity", "deprecation", `"version":"2024-11-20"`, "AzureOpenAIRequests"} {
		if !strings.Contains(strings.ReplaceAll(out, ": ", ":"), want) {
			t.Errorf("nothing was said of %s", want)
		}
	}
	gone(t, emu, "by-rest")
}

func TestLifecycleByAzureCLI(t *testing.T) {
	code := block(t, "Azure CLI")
	if out, err := exec.Command("bash", "-n", "-c", code).CombinedOutput(); err != nil {
		t.Fatalf("the code does not parse: %v\n%s", err, out)
	}
	if _, err := exec.LookPath("az"); err != nil {
		t.Log("parsed, not run: there is no az on PATH")
		return
	}
	emu, environment := world(t)
	environment = append(environment, "CLIENT="+emu.Endpoints.ClientID, "SECRET="+emu.Endpoints.ClientSecret, "TENANT="+emu.Endpoints.TenantID)
	out := run(t, environment, `az cloud register -n azptu-lifecycle --endpoint-resource-manager "$ARM"
az cloud set -n azptu-lifecycle
az login --service-principal -u "$CLIENT" -p "$SECRET" --tenant "$TENANT" -o none
`+code)
	for _, want := range []string{"OpenAI.ProvisionedManaged", "2024-11-20"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing was said of %s:\n%.4000s", want, out)
		}
	}
	gone(t, emu, "by-az")
}

// PowerShell's code is parsed by PowerShell where there is one; everywhere its
// brackets and quotes must match, and each line begin with what may begin one.
func TestLifecycleByPowerShell(t *testing.T) {
	code := block(t, "PowerShell")
	known := map[string]bool{}
	for _, name := range []string{"Get-AzCognitiveServicesUsage", "Get-AzCognitiveServicesModel", "Get-AzCognitiveServicesAccountDeployment", "Remove-AzCognitiveServicesAccountDeployment", "Invoke-AzRestMethod", "Get-AzMetric", "while"} {
		known[name] = true
	}
	for _, line := range strings.Split(code, "\n") {
		word, _, _ := strings.Cut(line, " ")
		if !known[word] && !strings.HasPrefix(line, "$") && !strings.HasPrefix(line, "#") {
			t.Errorf("%q begins a line: %s", word, line)
		}
		if fault := unmatched(line); fault != "" {
			t.Errorf("%s: %s", fault, line)
		}
	}
	pwsh, err := exec.LookPath("pwsh")
	if err != nil {
		t.Log("looked at, not parsed by PowerShell: there is no pwsh on PATH")
		return
	}
	path := filepath.Join(t.TempDir(), "code.ps1")
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	parse := `$e = $null; [void][System.Management.Automation.Language.Parser]::ParseFile('` + path + `', [ref]$null, [ref]$e); if ($e) { $e; exit 1 }`
	if out, err := exec.Command(pwsh, "-NoProfile", "-Command", parse).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// unmatched names the first bracket or quote of a line that has no partner.
func unmatched(line string) string {
	var open []rune
	quote := rune(0)
	pairs := map[rune]rune{')': '(', '}': '{', ']': '['}
	for _, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '#':
			return ""
		case r == '"' || r == '\'':
			quote = r
		case strings.ContainsRune("({[", r):
			open = append(open, r)
		case pairs[r] != 0:
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return "an unmatched " + string(r)
			}
			open = open[:len(open)-1]
		}
	}
	if quote != 0 || len(open) > 0 {
		return "something is not closed"
	}
	return ""
}
