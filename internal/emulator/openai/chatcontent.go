package openai

import (
	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// readContent reads the content of a message: a string, null, or parts.
func (q *chatRequest) readContent() {
	l := &q.l
	switch l.Kind() {
	case jsonlex.String:
		q.lastText(l.String())
		return
	case jsonlex.Null:
		l.Null()
		return
	}
	for l.Array(); l.Element(); {
		if !l.Object() {
			return
		}
		q.readPart()
	}
}

func (q *chatRequest) readPart() {
	l := &q.l
	for {
		name, ok := l.Field()
		if !ok {
			return
		}
		switch string(name) {
		case "text":
			q.at = "messages[].content"
			q.lastText(l.String())
		case "image_url":
			q.readImage()
		default:
			l.Skip()
		}
	}
}

// lastText keeps what the last message says, for the choice of a tool.
func (q *chatRequest) lastText(text []byte) {
	q.heard = append(q.heard[:0], text[:min(len(text), 1024)]...)
}

func (q *chatRequest) readImage() {
	l := &q.l
	image := imagePart{detail: "auto"}
	if l.Kind() == jsonlex.String {
		image.width, image.height = tokens.ImageSize(l.String())
		q.images = append(q.images, image)
		return
	}
	for l.Object(); ; {
		name, ok := l.Field()
		if !ok {
			break
		}
		switch string(name) {
		case "url":
			image.width, image.height = tokens.ImageSize(l.String())
		case "detail":
			image.detail = string(l.String())
		default:
			l.Skip()
		}
	}
	q.images = append(q.images, image)
}
