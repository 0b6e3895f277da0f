// Package gateway is the data plane: it serves Azure OpenAI's own paths to
// unchanged clients and decides for each call which of several deployments
// answers it. A call passes the rooms in this order: its path is read
// (operation.go), its key names a product (keys.go), its body is held and
// looked at (body.go), limits are reserved (limits.go), the pool's backends
// are asked in turn (dispatch.go, attempt.go), the answer is passed back whole
// (answer.go) or as a stream (stream.go) while tokens are counted, and one
// record of the call goes to the log (record.go). A provisioned backend is
// asked first and only when it is believed to have room; what does not fit
// spills over, one call at a time. Nothing is tried again once the client has
// seen a byte. Configuration is replaced whole while calls run (runtime.go);
// what was learned about backends and spent of limits survives (memory.go,
// locallimits.go); quotas of days and months outlive the process (quotas.go).
package gateway
