// Package pages reads what the pages and the footer of a Parquet file say of
// themselves, and checks that before anybody believes it: a file from elsewhere
// may claim two billion values in ten bytes, and a reader that makes room for them
// is at an end. Footer and Check go over a whole file; Read is for readers of single pages.
package pages

import "errors"

// Header is what a page of a column says of itself (Apache Parquet format,
// PageHeader), as far as anybody here goes by it.
type Header struct {
	Kind     int64 // see the constants below
	Unpacked int64 // bytes of the page when it is not compressed
	Size     int64 // bytes of the page after its header
	CRC      uint32
	HasCRC   bool
	Values   int64
	Encoding int64
	Nulls    int64
	// Repetition and Definition are bytes of levels before the values of a page of
	// the second version.
	Repetition, Definition int64
	levelEncodings         [2]int64 // of a page of the first version
	plainV2                bool     // the values of a page of the second version are not compressed
}

// Kinds of pages.
const (
	Data       = 0
	Dictionary = 2
	DataV2     = 3
)

// Encodings of values.
const (
	Plain           = 0
	PlainDictionary = 2
	Runs            = 3
	DeltaPacked     = 5
	DeltaLengths    = 6
	DeltaTexts      = 7
	Codes           = 8
	StreamSplit     = 9
)

const (
	maxHeaderBytes    = 1 << 16
	maxHeaderNesting  = 16
	thriftTrue        = 1
	thriftFalse       = 2
	thriftByte        = 3
	thriftDouble      = 7
	thriftBinary      = 8
	thriftList        = 9
	thriftSet         = 10
	thriftMap         = 11
	thriftStruct      = 12
	maxHeaderElements = 1 << 16
)

var errHeader = errors.New("a page's header cannot be read")

// Read reads the header at the beginning of b and tells how long it is.
func Read(b []byte) (h Header, n int, err error) {
	t := thrift{b: b[:min(len(b), maxHeaderBytes)], elementsLeft: maxHeaderElements}
	t.fields(0, h.take)
	if t.bad || h.Size < 0 || h.Unpacked < 0 || h.Values < 0 || h.Nulls < 0 || h.Repetition < 0 || h.Definition < 0 {
		return h, 0, errHeader
	}
	return h, t.at, nil
}

// The structures inside a page header, by their field.
const (
	inDataPage   = 5
	inDictionary = 7
	inDataPageV2 = 8
)

// take notes a number of the header: field id of the structure in.
func (h *Header) take(id, v, in int64) {
	switch in {
	case 0:
		h.own(id, v)
	case inDataPage, inDictionary:
		switch id {
		case 1:
			h.Values = v
		case 2:
			h.Encoding = v
		case 3, 4:
			h.levelEncodings[id-3] = v
		}
	case inDataPageV2:
		switch id {
		case 1:
			h.Values = v
		case 2:
			h.Nulls = v
		case 4:
			h.Encoding = v
		case 5:
			h.Definition = v
		case 6:
			h.Repetition = v
		case 7:
			h.plainV2 = v == thriftFalse
		}
	}
}

func (h *Header) own(id, v int64) {
	switch id {
	case 1:
		h.Kind = v
	case 2:
		h.Unpacked = v
	case 3:
		h.Size = v
	case 4:
		h.CRC, h.HasCRC = uint32(v), true //nolint:gosec // 32 bits, signed in the format
	}
}
