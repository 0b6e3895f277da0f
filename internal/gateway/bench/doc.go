// Package bench measures the gateway against a plain httputil.ReverseProxy in
// one run, as processes of their own on one machine: requests a second and CPU
// for each request with 64 keep-alive clients, the time that is added to a
// call and to the first byte of a stream, memory, CPU on streams paced as a
// model writes. Everything is in its tests, which "make bench-gateway" runs;
// rounds are interleaved and medians told, because machines are never quiet.
package bench
