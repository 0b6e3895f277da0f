package tokens

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// The vocabularies are those of OpenAI's tiktoken (MIT licence): every token in
// the order of its rank, each behind one byte that holds its length, the whole
// deflated. A test compares them with github.com/tiktoken-go/tokenizer, which
// has them as Go maps eight times the size; with -update it writes them.
//
//go:embed vocabulary/*.flate
var packed embed.FS

// noRank is what lookup returns for bytes that are no token.
const noRank = ^uint32(0)

// vocabulary maps token bytes to ranks: an open hash table whose slots hold
// the rank and a few bits of the hash, so that a miss, the common case while
// merging, rarely touches the token bytes.
type vocabulary struct {
	text  []byte   // every token, in the order of ranks
	ends  []uint32 // where each token ends in text
	slots []uint32 // 0 is free, else tag<<rankBits | rank+1
	mask  uint64
	pairs []uint32 // rank of every two bytes, by first<<8 | second
	most  int      // length of the longest token

	// Whether a piece of up to shortest bytes is a token can be told from one
	// look at a set of packed tokens; most pieces of most texts are.
	short     []uint64
	shortMask uint64
}

// shortest is how many bytes pack takes.
const shortest = 7

const (
	rankBits = 18
	rankMask = 1<<rankBits - 1
)

func loadVocabulary(name string) (*vocabulary, error) {
	file, err := packed.ReadFile("vocabulary/" + name + ".flate")
	if err != nil {
		return nil, fmt.Errorf("opening vocabulary %s: %w", name, err)
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(file)))
	if err != nil {
		return nil, fmt.Errorf("unpacking vocabulary %s: %w", name, err)
	}
	v := &vocabulary{text: raw[:0]}
	for i := 0; i < len(raw); {
		n := int(raw[i])
		// Taking the length bytes out in place: text never overtakes i.
		v.text = append(v.text, raw[i+1:i+1+n]...)
		v.ends = append(v.ends, uint32(len(v.text)))
		v.most = max(v.most, n)
		i += 1 + n
	}
	v.index()
	return v, nil
}

func (v *vocabulary) index() {
	size := 1 << bits.Len(uint(len(v.ends)*2))
	v.slots = make([]uint32, size)
	v.mask = uint64(size - 1)
	v.pairs = make([]uint32, 1<<16)
	for i := range v.pairs {
		v.pairs[i] = noRank
	}
	for rank := range v.ends {
		token := v.token(uint32(rank))
		if len(token) == 2 {
			v.pairs[int(token[0])<<8|int(token[1])] = uint32(rank)
		}
		h := hash(token)
		i := h & v.mask
		for v.slots[i] != 0 {
			i = (i + 1) & v.mask
		}
		v.slots[i] = tag(h) | uint32(rank+1)
	}
	v.indexShort()
}

func (v *vocabulary) indexShort() {
	n := 0
	for rank := range v.ends {
		if len(v.token(uint32(rank))) <= shortest {
			n++
		}
	}
	size := 1 << bits.Len(uint(n*2))
	v.short, v.shortMask = make([]uint64, size), uint64(size-1)
	for rank := range v.ends {
		token := v.token(uint32(rank))
		if len(token) > shortest {
			continue
		}
		key := pack(token, 0, len(token))
		i := shortHash(key) & v.shortMask
		for v.short[i] != 0 {
			i = (i + 1) & v.shortMask
		}
		v.short[i] = key
	}
}

// hasShort tells whether a packed piece is a token.
func (v *vocabulary) hasShort(key uint64) bool {
	for i := shortHash(key) & v.shortMask; ; i = (i + 1) & v.shortMask {
		switch v.short[i] {
		case key:
			return true
		case 0:
			return false
		}
	}
}

func shortHash(key uint64) uint64 {
	key *= 0x9fb21c651e98df25
	return key ^ key>>32
}

// pack makes a number of b[i:i+n], n being at most shortest: its bytes, and its
// length on top, so that no two pieces have the same and none has 0.
func pack(b []byte, i, n int) uint64 {
	if i+8 <= len(b) {
		word := binary.LittleEndian.Uint64(b[i:])
		return word&(1<<(8*uint(n))-1) | uint64(n)<<56
	}
	word := uint64(n) << 56
	for k := range n {
		word |= uint64(b[i+k]) << (8 * k)
	}
	return word
}

func (v *vocabulary) token(rank uint32) []byte {
	start := uint32(0)
	if rank > 0 {
		start = v.ends[rank-1]
	}
	return v.text[start:v.ends[rank]]
}

// rank looks token up.
func (v *vocabulary) rank(token []byte) uint32 {
	if len(token) > v.most {
		return noRank
	}
	h := hash(token)
	want := tag(h)
	for i := h & v.mask; ; i = (i + 1) & v.mask {
		slot := v.slots[i]
		if slot == 0 {
			return noRank
		}
		if slot&^rankMask == want {
			rank := slot&rankMask - 1
			if string(v.token(rank)) == string(token) {
				return rank
			}
		}
	}
}

// tag is the part of a hash that a slot keeps, in place.
func tag(h uint64) uint32 { return uint32(h>>32) &^ rankMask }

// hash mixes up to 16 bytes in one multiplication and longer tokens, which are
// rare, in further ones. Collisions cost time only: tokens are compared.
func hash(b []byte) uint64 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	n := len(b)
	var lo, hi uint64
	switch {
	case n >= 8:
		for len(b) > 16 {
			h, l := bits.Mul64(binary.LittleEndian.Uint64(b)^k0, binary.LittleEndian.Uint64(b[8:])^k1)
			hi ^= h ^ l
			b = b[8:]
		}
		lo = binary.LittleEndian.Uint64(b)
		hi ^= binary.LittleEndian.Uint64(b[len(b)-8:])
	case n >= 4:
		lo = uint64(binary.LittleEndian.Uint32(b))
		hi = uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		lo = uint64(b[0]) | uint64(b[n>>1])<<8 | uint64(b[n-1])<<16
	}
	h, l := bits.Mul64(lo^k0, hi^k1^uint64(n)<<56)
	return h ^ l
}
