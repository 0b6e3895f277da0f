package openai

import (
	"bytes"
	"net/http"
)

// The content filter of the emulator is asked for by words, which is ours:
// a prompt that holds "content-filter-test:" and a category is refused as the
// service refuses such prompts, and with ":completion" behind the category the
// answer is filtered instead. Everything else is safe.
var filterMark = []byte("content-filter-test:")

// categories in the order that answers list them.
var categories = []string{"hate", "jailbreak", "self_harm", "sexual", "violence"}

type filterHit struct {
	category   string
	completion bool // it is the answer that offends
}

// filterOf finds what a request asks the filter to find.
func filterOf(body []byte) *filterHit {
	i := bytes.Index(body, filterMark)
	if i < 0 {
		return nil
	}
	rest := body[i+len(filterMark):]
	for _, c := range categories {
		if after, ok := bytes.CutPrefix(rest, []byte(c)); ok {
			return &filterHit{c, bytes.HasPrefix(after, []byte(":completion"))}
		}
	}
	return nil
}

// find looks for what the filter is to find, and notes it for observers.
func (x *exchange) find(body []byte) *filterHit {
	hit := filterOf(body)
	if hit == nil {
		return nil
	}
	found := Filtered{Text: "Prompt", Category: categoryNames[hit.category], Severity: "Medium"}
	if hit.completion {
		found.Text = "Completion"
	}
	if hit.category == "jailbreak" {
		found.Severity = ""
	}
	x.call.Filtered = found
	return hit
}

// categoryNames are the categories as metrics call them.
var categoryNames = map[string]string{"hate": "Hate", "jailbreak": "Jailbreak", "self_harm": "SelfHarm", "sexual": "Sexual", "violence": "Violence"}

// problem is the refusal of a prompt.
func (f *filterHit) problem() *problem {
	body := []byte(`{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":`)
	body = append(f.results(body, true, false), "}}}"...)
	return &problem{status: http.StatusBadRequest, code: "content_filter", body: body}
}

// results appends what the filter found: of a prompt with jailbreak, of a
// completion of the newer models with protected material.
func (f *filterHit) results(dst []byte, jailbreak, protected bool) []byte {
	dst = append(dst, '{')
	for _, c := range categories {
		hit := f != nil && f.category == c
		switch {
		case c != "jailbreak":
			dst = appendCategory(dst, c, hit)
		case jailbreak && hit:
			dst = append(dst, `"jailbreak":{"detected":true,"filtered":true},`...)
		case jailbreak:
			dst = append(dst, `"jailbreak":{"detected":false,"filtered":false},`...)
		case protected:
			dst = append(dst, `"protected_material_code":{"detected":false,"filtered":false},"protected_material_text":{"detected":false,"filtered":false},`...)
		}
	}
	dst[len(dst)-1] = '}'
	return dst
}

func appendCategory(dst []byte, name string, hit bool) []byte {
	dst = append(append(append(dst, '"'), name...), `":`...)
	if hit {
		return append(dst, `{"filtered":true,"severity":"medium"},`...)
	}
	return append(dst, `{"filtered":false,"severity":"safe"},`...)
}

// What safe prompts and completions are answered with, made once.
var (
	safePrompt           = string((*filterHit)(nil).results(nil, true, false))
	safePromptLegacy     = string((*filterHit)(nil).results(nil, false, false))
	safeCompletion       = string((*filterHit)(nil).results(nil, false, true))
	safeCompletionLegacy = safePromptLegacy
)

// The order of protected_material and self_harm is alphabetical, as is that of
// every object of an answer: results writes them where jailbreak would stand.

// completionResults are the content_filter_results of a choice.
func completionResults(legacy bool, hit *filterHit) string {
	switch {
	case hit != nil:
		return string(hit.results(nil, false, !legacy))
	case legacy:
		return safeCompletionLegacy
	}
	return safeCompletion
}

func promptResults(legacy bool) string {
	if legacy {
		return safePromptLegacy
	}
	return safePrompt
}
