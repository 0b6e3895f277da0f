package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/emulator"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"azptu": func() { os.Exit(cli.Main("2.0.0")) }})
}

// TestScripts runs azptu gateway against an emulator of each script's own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			dir := filepath.Join(env.WorkDir, "emulator")
			server, err := emulator.Start(context.Background(), emulator.Config{Dir: dir})
			if err != nil {
				return fmt.Errorf("starting the emulator: %w", err)
			}
			env.Defer(func() { _ = server.Close(context.Background()) })
			for name, value := range map[string]string{
				"HOME": env.WorkDir + "/home", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8",
				"NO_COLOR": "1", "AZPTU_CLOUD": "emulator", "AZPTU_EMULATOR_DIR": dir, "AZPTU_GATEWAY_KEY": "client-key",
				"MEU_AI_FOUNDRY_KEY": server.Endpoints.APIKey, "HTTPS_PROXY": "", "HTTP_PROXY": "",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"address": address, "ask": ask, "lasting": lasting},
	})
}

// address waits until a running gateway has written where it serves and puts
// it into a variable: address FILE VARIABLE WORD.
func address(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		raw, _ := os.ReadFile(ts.MkAbs(args[0]))
		for line := range strings.SplitSeq(string(raw), "\n") {
			if fields := strings.Fields(line); strings.Contains(line, args[2]) && len(fields) > 0 {
				ts.Setenv(args[1], strings.TrimPrefix(fields[len(fields)-1], "http://"))
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s never told of %s", args[0], args[2])
}

// ask sends a chat call and prints its status and answer: ask ADDRESS MODEL.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	body := `{"model":"` + args[1] + `","messages":[{"role":"user","content":"hi"}],"max_tokens":9}`
	r, err := http.NewRequest(http.MethodPost, "http://"+args[0]+"/openai/v1/chat/completions", strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("api-key", "client-key")
	res, err := http.DefaultTransport.RoundTrip(r)
	ts.Check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s %s\n", res.StatusCode, res.Header.Get("X-Azptu-Backend"), raw)
}

// lasting runs a command over and over until its file holds a word:
// lasting FILE WORD.
func lasting(ts *testscript.TestScript, _ bool, args []string) {
	for range 300 {
		if raw, _ := os.ReadFile(ts.MkAbs(args[0])); strings.Contains(string(raw), args[1]) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s never holds %s", args[0], args[1])
}
