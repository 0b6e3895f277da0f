package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// The environment of a benchmark: serverMode makes this test binary a server,
// so that its CPU time can be told from the loader's; folder is where it says
// where it is; profile names a file for its CPU profile; binary is an azptu to
// measure instead, by its own command line.
const (
	serverMode = "EMULATOR_BENCHMARK_SERVER"
	folder     = "EMULATOR_BENCHMARK_FOLDER"
	profile    = "EMULATOR_BENCHMARK_PROFILE"
	binary     = "AZPTU_BENCH_BINARY"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(serverMode); mode != "" {
		if err := serve(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve serves until standard input ends.
func serve(mode string) error {
	if path := os.Getenv(profile); path != "" {
		f, err := os.Create(path + "." + mode)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if mode == "nothing" {
		return serveNothing()
	}
	known, err := os.Open(filepath.Join(os.Getenv(folder), catalogFile))
	if err != nil {
		return err
	}
	defer known.Close()
	fast, err := catalog.Read(known)
	if err != nil {
		return err
	}
	ctx := context.Background()
	count, latency := strings.CutSuffix(mode, "+latency")
	s, err := emulator.Start(ctx, emulator.Config{Dir: os.Getenv(folder), Tokens: count, Latency: latency, Catalog: fast})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Close(ctx)
}

var nothing = bytes.Repeat([]byte("x"), 1700)

// serveNothing reads requests and answers as many bytes as the emulator.
func serveNothing() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		h := w.Header()
		h["Content-Type"], h["Content-Length"] = []string{"application/json"}, []string{"1700"}
		_, _ = w.Write(nothing)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	fmt.Println(l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// catalogFile holds Microsoft's catalog with one figure changed: gpt-4o is so
// fast that its provisioned deployment is never full.
const catalogFile = "catalog.json"

func writeCatalog(b *testing.B, dir string) string {
	text, err := os.ReadFile("../../catalog/tables/microsoft-2026-05.json")
	if err != nil {
		b.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		b.Fatal(err)
	}
	for _, m := range doc["models"].([]any) {
		if model := m.(map[string]any); model["name"] == "gpt-4o" {
			model["inputTPMPerPTU"] = 1_000_000_000
		}
	}
	if text, err = json.Marshal(doc); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, catalogFile)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// child is a server in a process of its own.
type child struct {
	cmd  *exec.Cmd
	in   io.Closer
	addr string
	head string // of a request, up to its length
	key  string
}

func start(b *testing.B, mode string) *child {
	b.Helper()
	dir := b.TempDir()
	known := writeCatalog(b, dir)
	cmd := exec.Command(os.Args[0])
	if path := os.Getenv(binary); path != "" && mode != "nothing" {
		count, latency := strings.CutSuffix(mode, "+latency")
		cmd = exec.Command(path, "emulator", "run", "--dir", dir, "--tokens", count, "--latency="+strconv.FormatBool(latency), "--catalog", known, "--lang", "en")
	}
	cmd.Env = append(os.Environ(), serverMode+"="+mode, folder+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	c := &child{cmd: cmd, in: in, addr: strings.TrimSpace(line)}
	key := "none"
	if mode != "nothing" {
		at, err := emulator.ReadEndpoints(dir)
		if err != nil {
			b.Fatal(err)
		}
		c.addr, key = strings.TrimPrefix(at.AoaiHTTPURL, "http://"), at.APIKey
	}
	c.key = key
	c.head = "POST /openai/deployments/" + state.RoomyDeployment + "/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: " + c.addr +
		"\r\nUser-Agent: bench\r\nAccept: application/json\r\nContent-Type: application/json\r\napi-key: " + key + "\r\nContent-Length: "
	return c
}

// cpu is the CPU time that the server has taken so far; 0 where the system does
// not tell.
func (c *child) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond // Linux counts hundredths of a second
}

// stop ends the server and tells the CPU time that it took.
func (c *child) stop(b *testing.B) time.Duration {
	b.Helper()
	if err := c.in.Close(); err != nil {
		b.Fatal(err)
	}
	if os.Getenv(binary) != "" {
		_ = c.cmd.Process.Signal(syscall.SIGINT) // the test binary ends with its input, and may have by now
	}
	err := c.cmd.Wait()
	var interrupted *exec.ExitError
	if err != nil && (os.Getenv(binary) == "" || !errors.As(err, &interrupted)) {
		b.Fatal(err)
	}
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
}
