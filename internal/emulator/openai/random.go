package openai

import (
	"encoding/hex"

	"github.com/cespare/xxhash/v2"
)

// random is a stream of numbers that its seed decides (splitmix64).
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1; n is small, so the bias is nothing.
func (r *random) below(n int) int { return int(r.next() >> 33 % uint64(max(n, 1))) }

// share returns a number from 0 to 1.
func (r *random) share() float64 { return float64(r.next()>>11) / (1 << 53) }

// mix makes one seed of several.
func mix(a uint64, bytes []byte) uint64 {
	r := random(a ^ xxhash.Sum64(bytes))
	return r.next()
}

// newID returns a number that no other call of this handler gets.
func (h *Handler) newID() random {
	return random(mix(h.cfg.Seed, nil) + h.ids.Add(1)*0xd1342543de82ef95)
}

// newUUID returns an id in the form of request ids.
func (h *Handler) newUUID() string {
	r := h.newID()
	var raw [16]byte
	for i := 0; i < 16; i += 8 {
		n := r.next()
		for k := range 8 {
			raw[i+k] = byte(n >> (8 * k))
		}
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	var b [36]byte
	hex.Encode(b[:8], raw[:4])
	hex.Encode(b[9:13], raw[4:6])
	hex.Encode(b[14:18], raw[6:8])
	hex.Encode(b[19:23], raw[8:10])
	hex.Encode(b[24:], raw[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// appendLetters appends n random letters and digits.
func (r *random) appendLetters(dst []byte, n int) []byte {
	for n > 0 {
		word := r.next()
		for range min(n, 10) {
			dst = append(dst, alphanumeric[word%62])
			word /= 62
		}
		n -= 10
	}
	return dst
}

// letters returns prefix and n random letters and digits.
func (r *random) letters(prefix string, n int) string {
	var room [64]byte
	return string(r.appendLetters(append(room[:0], prefix...), n))
}
