package tokens

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	_ "image/gif"  // reads the size of a GIF
	_ "image/jpeg" // reads the size of a JPEG
	_ "image/png"  // reads the size of a PNG
	"math"
	"strings"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// ImageRules say what an image costs. Two families are published: older
// models count tiles of 512 pixels, the small newer ones patches of 32.
// Source: OpenAI, "Images and vision", calculating costs, 2025-08.
type ImageRules struct {
	Base, Tile int     // tokens: of any image, and of each 512-pixel tile
	Patch      float64 // tokens of each 32-pixel patch, at most 1536 of them; 0 means tiles
}

// ImageRulesFor returns the rules of a model; those without published figures
// get GPT-4o's.
func ImageRulesFor(model string) ImageRules {
	m := strings.ToLower(model)
	for _, known := range imageRules {
		if strings.HasPrefix(m, known.prefix) {
			return known.rules
		}
	}
	return ImageRules{Base: 85, Tile: 170}
}

// imageRules are looked through in order, so longer prefixes stand first.
var imageRules = []struct {
	prefix string
	rules  ImageRules
}{
	{"gpt-4o-mini", ImageRules{Base: 2833, Tile: 5667}},
	{"gpt-4.1-mini", ImageRules{Patch: 1.62}},
	{"gpt-4.1-nano", ImageRules{Patch: 2.46}},
	{"gpt-5-mini", ImageRules{Patch: 1.62}},
	{"gpt-5-nano", ImageRules{Patch: 2.46}},
	{"gpt-5", ImageRules{Base: 70, Tile: 140}},
	{"o4-mini", ImageRules{Patch: 1.72}},
	{"o1", ImageRules{Base: 75, Tile: 150}},
	{"o3", ImageRules{Base: 75, Tile: 150}},
}

// unknownSide is the width and height, in pixels, that an image counts with
// whose size cannot be told because it lies behind a link.
const unknownSide = 1024

// Count returns the tokens of an image of so many pixels. detail is "low",
// "high" or "auto", which is the same as high; low costs the base only.
func (r ImageRules) Count(width, height int, detail string) int {
	if width <= 0 || height <= 0 {
		width, height = unknownSide, unknownSide
	}
	w, h := float64(width), float64(height)
	if r.Patch > 0 {
		return r.patches(w, h)
	}
	if detail == "low" {
		return r.Base
	}
	// Fit into 2048 × 2048, then bring the shorter side down to 768.
	if scale := 2048 / max(w, h); scale < 1 {
		w, h = w*scale, h*scale
	}
	if scale := 768 / min(w, h); scale < 1 {
		w, h = w*scale, h*scale
	}
	return r.Base + r.Tile*int(math.Ceil(w/512)*math.Ceil(h/512))
}

func (r ImageRules) patches(w, h float64) int {
	const side, most = 32, 1536
	n := math.Ceil(w/side) * math.Ceil(h/side)
	if n > most {
		shrink := math.Sqrt(side * side * most / (w * h))
		wp, hp := w*shrink/side, h*shrink/side
		shrink *= min(math.Floor(wp)/wp, math.Floor(hp)/hp)
		n = min(max(math.Ceil(w*shrink/side)*math.Ceil(h*shrink/side), 1), most)
	}
	return int(math.Ceil(n * r.Patch))
}

// image counts an image_url member: {"url": …, "detail": …} or the URL alone.
func (t *tally) image(l *jsonlex.Lexer) int {
	detail := "auto"
	if l.Kind() == jsonlex.String {
		w, h := ImageSize(l.String())
		return t.images.Count(w, h, detail)
	}
	var w, h int
	if !l.Object() {
		return 0
	}
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		switch string(name) {
		case "url":
			w, h = ImageSize(l.String())
		case "detail":
			detail = string(l.String())
		default:
			l.Skip()
		}
	}
	return t.images.Count(w, h, detail)
}

// ImageSize tells the pixels of an image given as a data URL, by its header:
// PNG, JPEG, GIF or WebP. Both are 0 for links and for what is no image.
func ImageSize(url []byte) (width, height int) {
	rest, ok := bytes.CutPrefix(url, []byte("data:"))
	if !ok {
		return 0, 0
	}
	_, encoded, ok := bytes.Cut(rest, []byte(";base64,"))
	if !ok {
		return 0, 0
	}
	header := base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded))
	start := make([]byte, 32)
	if n, _ := header.Read(start); n >= 30 && string(start[:4]) == "RIFF" && string(start[8:12]) == "WEBP" {
		return webpSize(start)
	}
	config, _, err := image.DecodeConfig(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded)))
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}

// webpSize reads the size in the first 30 bytes of a WebP file.
func webpSize(b []byte) (width, height int) {
	switch string(b[12:16]) {
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	case "VP8L":
		v := binary.LittleEndian.Uint32(b[21:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1
	case "VP8X":
		return (int(b[24]) | int(b[25])<<8 | int(b[26])<<16) + 1, (int(b[27]) | int(b[28])<<8 | int(b[29])<<16) + 1
	}
	return 0, 0
}
