package openai

import (
	"maps"
	"slices"
	"strconv"
)

// lengthHeader lets a test say how many tokens an answer has. It is ours; the
// service has nothing like it and passes it over.
const lengthHeader = "X-Emulator-Completion-Tokens"

// wantedLength is what the header asks for, 0 for nothing.
func (x *exchange) wantedLength() int {
	v := x.r.Header[lengthHeader]
	if len(v) == 0 {
		return 0
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 1 || n > 1<<20 {
		return 0
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
