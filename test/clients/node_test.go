package clients

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// suite is a program in node.
type suite struct {
	name, file string
	scale      float64                  // of time on the control plane
	env        func(x *target) []string // beside the target and its authority
	local      bool                     // wants an emulator, not just any data plane
}

// suites are each a process of its own because the libraries keep tokens and
// credentials for the life of one.
var suites = []suite{
	{name: "openai", file: "openai.test.mjs"},
	{name: "langchain", file: "langchain.test.mjs"},
	{name: "ai-sdk", file: "ai-sdk.test.mjs"},
	{name: "arm-cognitiveservices", file: "arm.test.mjs", scale: 600, local: true},
	{name: "identity", file: "identity.test.mjs"},
	{name: "managed identity of App Service", file: "managed-identity.test.mjs", local: true, env: func(x *target) []string {
		return []string{"IDENTITY_ENDPOINT=" + x.IdentityEndpoint, "IDENTITY_HEADER=" + x.IdentityHeader}
	}},
	{name: "managed identity of a virtual machine", file: "managed-identity.test.mjs", local: true, env: func(x *target) []string {
		return []string{"AZURE_POD_IDENTITY_AUTHORITY_HOST=" + x.IMDSURL}
	}},
	{name: "monitor-query-metrics", file: "metrics.test.mjs", local: true},
}

func TestNodeClients(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("npm packages cannot be had: no node on PATH")
	}
	if _, err := os.Stat("node_modules/.ready"); err != nil {
		t.Skip("npm packages cannot be had: not installed (make clients)")
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			if s.local {
				t.Parallel()
				runNode(t, node, s, start(t, max(s.scale, 1)))
				return
			}
			onDataPlanes(t, func(t *testing.T, x *target) { runNode(t, node, s, x) })
		})
	}
}

func runNode(t *testing.T, node string, s suite, x *target) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "--test-reporter=spec", "--test-concurrency=1", "node/"+s.file)
	cmd.Env = append(plainEnvironment(), "AZPTU_CLIENTS_TARGET="+x.file, "NODE_EXTRA_CA_CERTS="+x.CAFile)
	if s.env != nil {
		cmd.Env = append(cmd.Env, s.env(x)...)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.file, err, out)
	}
	if !strings.Contains(string(out), "pass ") || strings.Contains(string(out), "pass 0\n") {
		t.Fatalf("%s tested nothing:\n%s", s.file, out)
	}
	t.Logf("%s", out)
}

// plainEnvironment is the environment without what would lead a client to
// another Azure than the target.
func plainEnvironment() []string {
	var out []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "AZURE_") && !strings.HasPrefix(name, "OPENAI_") && !strings.HasPrefix(name, "IDENTITY_") && !strings.HasPrefix(name, "MSI_") {
			out = append(out, v)
		}
	}
	return out
}
