//go:build unix

// Package azcli runs the Azure CLI and azptu against one emulator, as processes
// and over the network as their users would; session.sh is the session.
package azcli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestAzureCLI(t *testing.T) {
	if _, err := exec.LookPath("az"); err != nil {
		t.Skip("azure-cli cannot be had: no az on PATH (apt-get install azure-cli)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	binary := build(ctx, t)
	dir := emulate(ctx, t, binary)

	session := exec.CommandContext(ctx, "./session.sh", binary, dir)
	session.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	session.Cancel = func() error { return syscall.Kill(-session.Process.Pid, syscall.SIGTERM) }
	session.WaitDelay = 10 * time.Second
	out, err := session.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the session ended with %v", err)
	}
}

// build makes the binary that users get, not one with the race detector.
func build(ctx context.Context, t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "azptu")
	if out, err := exec.CommandContext(ctx, "../../packaging/build.sh", binary).CombinedOutput(); err != nil {
		t.Fatalf("building azptu: %v\n%s", err, out)
	}
	return binary
}

// emulate starts azptu emulator run, waits until it has written emulator.json
// and stops it in good order when the test ends.
func emulate(ctx context.Context, t *testing.T, binary string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(binary, "emulator", "run", "--dir", dir)
	cmd.Env = append(os.Environ(), "AZPTU_STATE_DIR="+t.TempDir())
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting the emulator: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		lines := bufio.NewReader(said)
		_, _ = io.Copy(io.Discard, lines)
		ended <- cmd.Wait()
	}()
	t.Cleanup(func() { stop(t, cmd, ended) })
	for {
		if _, err := os.Stat(filepath.Join(dir, "emulator.json")); err == nil {
			return dir
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the emulator ended before it was ready: %v", err)
		case <-ctx.Done():
			t.Fatal("the emulator was not ready in time")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func stop(t *testing.T, cmd *exec.Cmd, ended chan error) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("stopping the emulator: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("the emulator did not stop when asked to")
	}
}
