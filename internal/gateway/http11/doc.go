// Package http11 is the HTTP/1.1 client with which calls reach their
// backends. It does one thing at a time: the goroutine that makes a call
// writes the request, head and body in one piece, waits for the answer and
// reads it, on a connection that nobody else touches meanwhile; no goroutine
// stands behind a connection, and none of its memory is held while it is idle.
// What arrives of a body is handed on at once, from the memory it was read
// into. Answers in the form that every server uses are read here; a head in
// any other form is handed to net/http, so that nothing is understood
// differently from there. What this client is not made for goes to
// http.Transport: bodies that are large or of unknown length, upgrades,
// requests through a proxy, backends that speak nothing but HTTP/2.
package http11
