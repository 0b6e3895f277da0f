package trace

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

const mask = "***"

// secretHeaders are shown with their value masked. Authorization keeps its
// scheme, which says what kind of credential was sent.
var secretHeaders = map[string]bool{
	"authorization": true, "proxy-authorization": true, "api-key": true, "ocp-apim-subscription-key": true,
	"cookie": true, "set-cookie": true, "x-identity-header": true, "x-ms-authorization-auxiliary": true, "x-functions-key": true, "metadata-flavor-key": true,
}

// secretWord finds names whose values are secret, in queries, forms and JSON.
const secretWord = `(?i:[\w.-]*(?:secret|password|passwd|token|assertion|client_info|credential)[\w.-]*|(?:(?:primary|secondary|account|api|access|shared|subscription|instrumentation|master|private)[_-]?)+keys?|key[12]|sig|signature|code|code_verifier)`

// patterns find secrets in text. They are compiled when the first exchange is
// traced: most runs trace nothing.
type patterns struct {
	json, form, bearer *regexp.Regexp
	signed             *regexp.Regexp // parameters by which Azure signs the address of an operation
	innocent           *regexp.Regexp // names that secretWord catches but that count or locate
}

var compiled = sync.OnceValue(func() patterns {
	return patterns{
		json:     regexp.MustCompile(`"(` + secretWord + `)"(\s*:\s*)"(?:[^"\\]|\\.)*("|$)`),
		form:     regexp.MustCompile(`(^|[&?;\s"])(` + secretWord + `)=([^&;\s"]*)`),
		bearer:   regexp.MustCompile(`eyJ[\w-]{8,}\.[\w-]+\.?[\w-]*`),
		signed:   regexp.MustCompile(`([?&][tcsh])=[^&\s"]{8,}`),
		innocent: regexp.MustCompile(`(?i)^(?:(?:max|prompt|completion|total|cached|reasoning|input|output|audio)_?(?:completion_?)?tokens?(?:_details)?|tokens?_?(?:type|limit|per_?minute)|token_(?:endpoint|type).*|\w*prediction_tokens|code)$`),
	}
})

// MaskHeader is value fit to be seen.
func MaskHeader(name, value string) string {
	if !secretHeaders[strings.ToLower(name)] {
		return maskText(value)
	}
	if scheme, _, found := strings.Cut(value, " "); found && strings.Contains(strings.ToLower(name), "authorization") {
		return scheme + " " + mask
	}
	return mask
}

// MaskURL is u fit to be seen: without a password, secret parameters masked.
func MaskURL(u *url.URL) string { return maskText(u.Redacted()) }

// MaskBody is a body fit to be seen.
func MaskBody(contentType string, raw []byte) string {
	if !isText(contentType) {
		return fmt.Sprintf("[%s, %d bytes]", contentType, len(raw))
	}
	return maskText(strings.ToValidUTF8(string(raw), string(utf8.RuneError)))
}

func isText(contentType string) bool {
	for _, kind := range []string{"json", "text/", "xml", "x-www-form-urlencoded"} {
		if strings.Contains(contentType, kind) {
			return true
		}
	}
	return contentType == ""
}

func maskText(text string) string {
	p := compiled()
	text = p.json.ReplaceAllStringFunc(text, func(found string) string {
		parts := p.json.FindStringSubmatch(found)
		if p.innocent.MatchString(parts[1]) {
			return found
		}
		return `"` + parts[1] + `"` + parts[2] + `"` + mask + `"`
	})
	text = p.form.ReplaceAllStringFunc(text, func(found string) string {
		parts := p.form.FindStringSubmatch(found)
		if p.innocent.MatchString(parts[2]) && parts[2] != "code" {
			return found
		}
		return parts[1] + parts[2] + "=" + mask
	})
	text = p.signed.ReplaceAllString(text, "$1="+mask)
	return p.bearer.ReplaceAllString(text, mask)
}
