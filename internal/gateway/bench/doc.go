// Package bench measures the gateway against a plain httputil.ReverseProxy,
// and nginx where it is installed, in one run: calls a second and CPU for each
// call with 64 keep-alive clients, what is added to a call and to the first
// event of a stream, CPU on streams paced as a model writes, memory at 64
// clients and for each of 9,000 open streams, in plain and with TLS on both
// sides. The upstream, what is measured and the loader are processes of their
// own. The gateway runs with keys, limits, metering and metrics on and all
// bodies logged, once as lines of JSON and once in log tables. Everything is
// in its tests, which "make bench-gateway" runs; rounds are interleaved and
// medians told in a table at the end, because machines are never quiet.
package bench
