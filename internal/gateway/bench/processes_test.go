package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// role makes this test binary one of the processes that are measured; folder
// holds a certificate for those that speak TLS.
const (
	role   = "AZPTU_BENCH_ROLE"
	target = "AZPTU_BENCH_TARGET"
	folder = "AZPTU_BENCH_TLS"
)

func TestMain(m *testing.M) {
	var h http.Handler
	switch os.Getenv(role) {
	case "upstream":
		h = http.HandlerFunc(upstream)
	case "proxy":
		to, _ := url.Parse(os.Getenv(target))
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ErrorLog = log.New(io.Discard, "", 0) // clients that close first are none of its business
		h = proxy
	case "gateway", "gateway-tables":
		runGateway(os.Getenv(role) == "gateway-tables")
		return
	case "loader":
		runLoader()
		return
	default:
		code := m.Run()
		printTable(os.Stdout)
		os.Exit(code)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	go exitWithParent()
	if dir := os.Getenv(folder); dir != "" {
		_ = http.ServeTLS(ln, h, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	}
	_ = http.Serve(ln, h)
}

func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

const gatewayText = `version: 1
listen: 127.0.0.1:0
backends:
  - {name: ptu, endpoint: "%s", deployment: d, kind: ptu, capacity: 1000000, model: {name: gpt-4o}, region: eastus, auth: {key: "env:K"}%s}
pools: [{name: gpt-4o, members: [{backend: ptu}]}]
products: [{name: p, pools: [gpt-4o], limits: {tokensPerMinute: 100000000000, requestsPerMinute: 100000000000, concurrent: 1000000}}]
keys: [{name: k, product: p, secret: "env:C"}]
logs: {dir: logs, bodies: full}
%s`

func runGateway(tables bool) {
	dir, err := os.MkdirTemp("", "azptu-bench")
	check(err)
	defer os.RemoveAll(dir)
	trust, secure := "", ""
	if certs := os.Getenv(folder); certs != "" {
		trust = fmt.Sprintf(", caFile: %q", filepath.Join(certs, "cert.pem"))
		secure = fmt.Sprintf("tls: {cert: %q, key: %q}\n", filepath.Join(certs, "cert.pem"), filepath.Join(certs, "key.pem"))
	}
	text := fmt.Sprintf(gatewayText, os.Getenv(target), trust, secure)
	c, err := config.Parse([]byte(text))
	check(err)
	var sink gateway.Sink
	if tables {
		store, err := calllog.Open(filepath.Join(dir, "tables"), calllog.Options{Now: time.Now})
		check(err)
		defer store.Close()
		sink = store
	} else if sink, err = gateway.NewJournal(filepath.Join(dir, "logs"), 0); err != nil {
		panic(err)
	}
	g, err := gateway.New(context.Background(), c, []byte(text), gateway.Options{Now: time.Now, Sink: sink,
		Getenv: func(n string) string { return map[string]string{"K": "backend", "C": "client"}[n] }})
	check(err)
	s, err := g.Listen(context.Background())
	check(err)
	fmt.Println(s.Addr())
	if path := os.Getenv("AZPTU_BENCH_PROFILE"); path != "" {
		defer profile(path + map[bool]string{true: ".tables"}[tables])()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Shutdown(context.Background())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// process is one of the programs that are measured.
type process struct {
	name, addr string
	cmd        *exec.Cmd
	stdin      io.Closer
	out        *bufio.Reader
}

func start(b testing.TB, name, to string, env ...string) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), role+"="+name, target+"="+to), env...)
	p := run(b, name, cmd)
	p.addr = p.line(b)
	return p
}

func run(b testing.TB, name string, cmd *exec.Cmd) *process {
	b.Helper()
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p := &process{name: name, cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	b.Cleanup(p.stop)
	return p
}

func (p *process) stop() {
	p.stdin.Close()
	_ = p.cmd.Wait()
}

func (p *process) line(b testing.TB) string {
	b.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
	return strings.TrimSpace(line)
}

// family is the process and its children: nginx works in those.
func (p *process) family() []int {
	pid := p.cmd.Process.Pid
	all := []int{pid}
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(raw)) {
		n, _ := strconv.Atoi(child)
		all = append(all, n)
	}
	return all
}

// cpu is the processor time used so far; memory the resident set in bytes.
// Both are read from /proc and 0 where there is none.
func (p *process) cpu() (sum time.Duration) {
	for _, pid := range p.family() {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		sum += time.Duration(user+system) * 10 * time.Millisecond
	}
	return sum
}

func (p *process) memory() (sum int64) {
	for _, pid := range p.family() {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			continue
		}
		pages, _ := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
		sum += pages * int64(os.Getpagesize())
	}
	return sum
}

const nginxText = `daemon off; worker_processes 2; pid %[1]s/pid; error_log /dev/null; worker_rlimit_nofile 20000;
events { worker_connections 9900; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	upstream up { server %[2]s; keepalive 256; keepalive_requests 1000000000; }
	server {
		listen 127.0.0.1:%[3]d reuseport;
		location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
	}
}
`

// startNginx runs nginx as a plain proxy; nil where it is not installed.
// AZPTU_BENCH_NGINX names one that is not in the path.
func startNginx(b testing.TB, up string) *process {
	b.Helper()
	binary := os.Getenv("AZPTU_BENCH_NGINX")
	if binary == "" {
		var err error
		if binary, err = exec.LookPath("nginx"); err != nil {
			note("nginx", "is not installed and was left out")
			return nil
		}
	}
	dir := b.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxText, dir, up, port), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(binary, "-c", conf, "-p", dir)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		note("nginx", "could not be started and was left out: %v", err)
		return nil
	}
	p := &process{name: "nginx", addr: fmt.Sprintf("127.0.0.1:%d", port), cmd: cmd}
	b.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", p.addr); err == nil {
			c.Close()
			return p
		}
		time.Sleep(20 * time.Millisecond)
	}
	note("nginx", "did not come up and was left out")
	return nil
}

// certificate makes one for loopback that signs itself.
func certificate(b testing.TB) (dir string) {
	b.Helper()
	dir = b.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	doc := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, doc, doc, &key.PublicKey, key)
	check(err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	check(os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	return dir
}

// clientTLS takes any certificate: the loader is not what is tested.
var clientTLS = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
