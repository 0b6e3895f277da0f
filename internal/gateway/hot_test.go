package gateway

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// rawBackend answers whatever comes on a connection with answer; it allocates
// nothing, so that what a benchmark counts is the gateway's.
func rawBackend(b *testing.B, answer func(c net.Conn)) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				p := make([]byte, 16<<10)
				for {
					if _, err := c.Read(p); err != nil {
						return
					}
					answer(c)
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

func hotBench(b *testing.B, url string) *bench {
	text := configText("", &upstream{Server: &httptest.Server{URL: url}})
	return benchOf(b, strings.Replace(text, "logs: {bodies: full}", "logs: {bodies: none}", 1))
}

func hotRequest(body string) []byte {
	return []byte("POST " + chatPath + " HTTP/1.1\r\nHost: gateway\r\napi-key: " + testKey + "\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: OpenAI/Python 1.51\r\nX-Stainless-Lang: python\r\nX-Stainless-Retry-Count: 0\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// BenchmarkCall is one call after another over a connection that is kept,
// with everything on but the log.
func BenchmarkCall(b *testing.B) {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nApim-Request-Id: d32bb19e-6dd2-4cb1-94fb-20c75c437b32\r\nX-Ms-Region: East US\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: " + strconv.Itoa(len(answerText)) + "\r\n\r\n" + answerText)
	g := hotBench(b, rawBackend(b, func(c net.Conn) { _, _ = c.Write(answer) }))
	at, _ := url.Parse(g.server.URL)
	c, err := net.Dial("tcp", at.Host)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	raw := hotRequest(strings.Replace(chatBody, "Say hello", strings.Repeat("some words to think about ", 36), 1))
	p := make([]byte, 16<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(raw); err != nil {
			b.Fatal(err)
		}
		n, err := c.Read(p)
		for err == nil && !bytes.HasSuffix(p[:n], []byte("}}")) {
			var m int
			m, err = c.Read(p[n:])
			n += m
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChunk is one chunk of a stream after another, each read here before
// the next is written.
func BenchmarkChunk(b *testing.B) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunk := `data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"delta":{"content":" word"},"finish_reason":null,"index":0,"logprobs":null}],"created":1774963446,"id":"chatcmpl-DPTMcvrtSm0g72urr2OfecoBbwKEN","model":"gpt-4o-2024-08-06","obfuscation":"zFctC1y5","object":"chat.completion.chunk","system_fingerprint":"fp_b6f445fc1c","usage":null}` + "\n\n"
	framed := []byte(strconv.FormatInt(int64(len(chunk)), 16) + "\r\n" + chunk + "\r\n")
	next, stop := make(chan bool), make(chan bool)
	g := hotBench(b, rawBackend(b, func(c net.Conn) {
		_, _ = io.WriteString(c, head)
		for {
			select {
			case <-next:
				_, _ = c.Write(framed)
			case <-stop:
				_, _ = io.WriteString(c, "0\r\n\r\n")
				return
			}
		}
	}))
	at, _ := url.Parse(g.server.URL)
	c, err := net.Dial("tcp", at.Host)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	if _, err := c.Write(hotRequest(chatStream())); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		next <- true
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if bytes.HasPrefix(line, []byte("data: ")) {
				break
			}
		}
	}
	close(stop)
}
