// Package bench measures the emulator as users run it: a process of its own
// with metrics, request log and accounting on, on the machine that the load
// comes from too, with 64 connections and prompts that are all distinct and a
// kilobyte long. It tells requests a second and the CPU time that each cost
// server and loader, next to a net/http server that does nothing, in
// interleaved rounds, because machines are never quiet. Everything is in its
// tests, which "make bench-emulator" runs.
package bench
