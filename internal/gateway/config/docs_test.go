package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every key that is read is described in docs/gateway.md.
func TestEveryKeyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(doc), "## Every key of gateway.yaml")
	if !ok {
		t.Fatal("the guide has no table of keys")
	}
	source, err := os.ReadFile("parse.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`"(\w+)":[ \t]+(?:p\.|oneOf|whole|func|token)`).FindAllStringSubmatch(string(source), -1) {
		if !regexp.MustCompile("[`.{ ]" + match[1] + "[`,.}\\[: ]").MatchString(table) {
			t.Errorf("%s is not described", match[1])
		}
	}
}
