package openai

import (
	"encoding/binary"
	"sync"

	"github.com/azptu/azptu/internal/tokens"
	"github.com/cespare/xxhash/v2"
)

// Prompts of at least cacheFrom tokens are cached in steps of cacheStep: the
// longest prefix that an earlier prompt of the deployment had too is not
// charged for (Microsoft, "Prompt caching": 1,024 and 128).
const (
	cacheFrom = 1024
	cacheStep = 128
)

// cacheSize is how many prefixes a deployment remembers; the oldest go first.
// It is ours: the service forgets after minutes of disuse.
const cacheSize = 16384

// promptCache remembers the prefixes of prompts by their hash. The zero value
// is ready; it takes no room before the first long prompt.
type promptCache struct {
	mu    sync.Mutex
	known map[uint64]struct{}
	ring  []uint64
	next  int
}

// lookUp tells how many tokens of the prompt are in the cache, and puts all of
// it there. Models of before GPT-4o have no prompt cache.
func (h *Handler) lookUp(m *meter, f *facts, messages []byte, prompt int) int {
	if prompt < cacheFrom || f.legacy {
		return 0
	}
	// Images lie within the messages; they are not looked through to the end.
	messages = messages[:min(len(messages), exactBytes*prompt+1024)]
	ids := tokens.For(f.name).Append(make([]uint32, 0, prompt), messages)
	return m.cache.touch(ids, prompt)
}

func (c *promptCache) touch(ids []uint32, prompt int) int {
	var hash xxhash.Digest
	hash.Reset()
	var word [4]byte
	var prefixes []uint64
	for i, id := range ids {
		binary.LittleEndian.PutUint32(word[:], id)
		_, _ = hash.Write(word[:]) // never fails
		// The raw messages have a few more tokens than the prompt, so the
		// steps are those of the prompt only to within the markup.
		if n := i + 1; n >= cacheFrom && n%cacheStep == 0 && n <= prompt {
			prefixes = append(prefixes, hash.Sum64())
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cached := 0
	for i, prefix := range prefixes {
		if _, ok := c.known[prefix]; ok {
			cached = cacheFrom + i*cacheStep
			continue
		}
		c.remember(prefix)
	}
	return cached
}

func (c *promptCache) remember(prefix uint64) {
	if c.known == nil {
		c.known = make(map[uint64]struct{})
	}
	if len(c.ring) < cacheSize {
		c.ring = append(c.ring, prefix)
	} else {
		delete(c.known, c.ring[c.next])
		c.ring[c.next] = prefix
		c.next = (c.next + 1) % cacheSize
	}
	c.known[prefix] = struct{}{}
}
