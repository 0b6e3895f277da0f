// Package bench measures the emulator as users run it: a process of its own
// with metrics, request log and accounting on, on the machine that the load
// comes from too. BenchmarkChat asks over 64 connections, with prompts that are
// all distinct and a kilobyte long, and tells requests a second and the CPU time
// that each cost server and loader, next to a net/http server that does
// nothing, in interleaved rounds, because machines are never quiet.
// BenchmarkStreams tells the memory of 5,000 open streams. Everything is in its
// tests, which "make bench-emulator" runs; AZPTU_BENCH_BINARY names an azptu to
// measure in place of the test's own process.
package bench
