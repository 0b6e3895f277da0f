package fn

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/azptu/azptu/internal/kql/value"
	"github.com/cespare/xxhash/v2"
)

var hashFuncs = func() group {
	return group{
		"hash": {Row: hash}, "hash_xxhash64": {Row: hash},
		"hash_many": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			h := Hash64(a[0])
			for _, v := range a[1:] {
				h = combine(h, Hash64(v))
			}
			return value.OfLong(int64(h))
		}},
		"hash_combine": {Row: func(_ *Context, a []value.Value) value.Value {
			h := uint64(a[0].I)
			for _, v := range a[1:] {
				h = combine(h, uint64(v.I))
			}
			return value.OfLong(int64(h))
		}},
		"hash_md5": {Row: func(_ *Context, a []value.Value) value.Value {
			s := md5.Sum([]byte(text(a[0])))
			return value.OfString(hex.EncodeToString(s[:]))
		}},
		"hash_sha1": {Row: func(_ *Context, a []value.Value) value.Value {
			s := sha1.Sum([]byte(text(a[0])))
			return value.OfString(hex.EncodeToString(s[:]))
		}},
		"hash_sha256": {Row: func(_ *Context, a []value.Value) value.Value {
			s := sha256.Sum256([]byte(text(a[0])))
			return value.OfString(hex.EncodeToString(s[:]))
		}},
		"new_guid": {Volatile: true, Row: func(c *Context, _ []value.Value) value.Value {
			var u value.UUID
			for i := range u {
				u[i] = byte(c.Random() * 256)
			}
			u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
			return value.OfGUID(u)
		}},
	}
}

func combine(a, b uint64) uint64 { return a ^ (b + 0x9e3779b97f4a7c15 + a<<6 + a>>2) }

// hashBytes gives the bytes that xxhash takes for a value; the other hashes take its text.
func hashBytes(v value.Value) []byte {
	switch {
	case v.T.Ints():
		return binary.LittleEndian.AppendUint64(nil, uint64(v.I))
	case v.T == value.Real:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.F))
	case v.T == value.GUID:
		b := v.UUID().NetBytes()
		return b[:]
	}
	return []byte(text(v))
}

// Hash64 is the xxhash of a value.
func Hash64(v value.Value) uint64 {
	if v.T == value.String {
		return xxhash.Sum64String(v.S)
	}
	return xxhash.Sum64(hashBytes(v))
}

func hash(_ *Context, a []value.Value) value.Value {
	h := int64(Hash64(a[0]))
	if len(a) > 1 && a[1].I > 0 {
		h = (h%a[1].I + a[1].I) % a[1].I
	}
	return value.OfLong(h)
}
