package tokens

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
	"github.com/tiktoken-go/tokenizer"
)

// reference is an encoder as plain as can be, over somebody else's vocabulary
// and regular expression engine. (That library's own split is generated code
// that cuts "\n \n" in two, where the pattern, and its interpreter, do not.)
type reference struct {
	ranks map[string]int
	split *regexp2.Regexp
}

var references = sync.OnceValue(func() map[string]*reference {
	m := map[string]*reference{}
	for name, pattern := range map[tokenizer.Encoding]string{
		tokenizer.Cl100kBase: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
		tokenizer.O200kBase:  `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
	} {
		codec, err := tokenizer.Get(name)
		if err != nil {
			panic(err)
		}
		r := &reference{ranks: map[string]int{}, split: regexp2.MustCompile("(?:"+pattern+")", regexp2.None)}
		for id := uint(0); ; id++ {
			token, err := codec.Decode([]uint{id})
			if err != nil {
				break
			}
			r.ranks[token] = int(id)
		}
		m[string(name)] = r
	}
	return m
})

func (r *reference) encode(t testing.TB, text string) []int {
	t.Helper()
	var ids []int
	m, err := r.split.FindStringMatch(text)
	for ; m != nil && err == nil; m, err = r.split.FindNextMatch(m) {
		var parts []string
		for _, c := range []byte(m.String()) {
			parts = append(parts, string([]byte{c}))
		}
		for {
			lowest, at := -1, 0
			for i := 0; i+1 < len(parts); i++ {
				if rank, ok := r.ranks[parts[i]+parts[i+1]]; ok && (lowest < 0 || rank < lowest) {
					lowest, at = rank, i
				}
			}
			if lowest < 0 {
				break
			}
			parts[at] += parts[at+1]
			parts = append(parts[:at+1], parts[at+2:]...)
		}
		for _, part := range parts {
			ids = append(ids, r.ranks[part])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func encodings() []*Encoding { return []*Encoding{cl100k, o200k} }

// check compares tokens and counts with the reference.
func check(t testing.TB, e *Encoding, text string) {
	t.Helper()
	want := references()[e.Name()].encode(t, text)
	got := e.Append(nil, []byte(text))
	if len(got) != len(want) {
		t.Fatalf("%s of %q: got %d tokens %v, want %d %v", e.Name(), text, len(got), got, len(want), want)
	}
	var back strings.Builder
	for i := range got {
		if int(got[i]) != want[i] {
			t.Fatalf("%s of %q: token %d is %d, want %d", e.Name(), text, i, got[i], want[i])
		}
		back.Write(e.Token(got[i]))
	}
	if back.String() != text {
		t.Fatalf("%s: %q came back as %q", e.Name(), text, back.String())
	}
	if n := e.Count([]byte(text)); n != len(want) {
		t.Fatalf("%s of %q: counted %d, want %d", e.Name(), text, n, len(want))
	}
}

var samples = []string{
	"", " ", "a", "Hello, world!", "Tell me a joke about opentelemetry", "don't DON'T we'll I'VE it'd 'sample",
	"  two  spaces\n\n\nlines \r\n mixed\t\ttabs ", "trailing   ", "\n \n  x", "1234567 3.14159 1,000,000",
	"CamelCaseWordsAndHTTPServer XMLHttpRequest iPhone McDonald", "caf\u00e9 na\u00efve \u00fcber \u00c5ngstr\u00f6m stra\u00dfe",
	"\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3067\u3059\u3002", "\u4f60\u597d\u4e16\u754c", "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "\u0627\u0644\u0633\u0644\u0627\u0645 \u0639\u0644\u064a\u0643\u0645",
	"\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e", "\u1112\u1161\u11ab \ud55c\uad6d\uc5b4", "e\u0301 \u0301x \u0301X \u0301XX a\u0301b", "\U0001F600\U0001F468\u200d\U0001F469\u200d\U0001F467",
	"func main() { fmt.Println(\"hi\") } // comment\n\treturn nil\n", "{\"a\":[1,2,{\"b\":null}]}", "https://example.com/a/b?c=d&e=f#g", "/usr/bin//x\n/y",
	"<|endoftext|> <|im_start|>", strings.Repeat("a", 300), strings.Repeat("ab ", 100), strings.Repeat("=", 200), strings.Repeat(" ", 150) + "x",
	"\u01c5ungla \u02b0x X\u02b0Y A\u02b0BC \u00aaB", "\u00a0\u2003x\u3000y\u0085z", "\u2167 \u00bd \u0663\u0664\u0665\u0666", "A\u01c5BC d", "HELLOworld HELLO's hello'S",
	strings.Repeat("\u00e9", 100), strings.Repeat("\u65e5\u672c", 80),
}

func TestCountsEqualAnIndependentEncoder(t *testing.T) {
	for _, e := range encodings() {
		for _, text := range samples {
			check(t, e, text)
		}
		for _, text := range prose(t) {
			check(t, e, text)
		}
	}
}

// prose is text people wrote: the documents of this repository and, where they
// are there, the ones that describe the product, in three languages.
func prose(t testing.TB) []string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"*.go", "../../*.md", "../../../shared/source/*.md", "../../../shared/azure/*.md", "../../../shared/kql/real/*.kql"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) == 0 {
			t.Logf("left out: nothing matches %s", pattern)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if utf8.Valid(text) {
				texts = append(texts, string(text))
			}
		}
	}
	return texts
}

func TestCountsEqualAnIndependentEncoderOnRandomText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("aAbBzZ'sSeErRlLtTdDvVmM019  \n\r\t./-_\"\\{}[]:,;!?\u00e9\u00c9\u01c5\u02b0\u00aa\u0301\u65e5\u672c\u0416\u0436\u00bd\u0664\u00a0\u2003\u3000\U0001F600\u200d\u1e9e\u00df")
	for i := range 3000 {
		var text strings.Builder
		for range 1 + random.IntN(40) {
			text.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		check(t, encodings()[i%2], text.String())
	}
}

func FuzzCountEqualsAnIndependentEncoder(f *testing.F) {
	for _, text := range samples {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			// The other encoder replaces such bytes first; ours must survive them.
			for _, e := range encodings() {
				if n := e.Count([]byte(text)); n > len(text) || n == 0 {
					t.Fatalf("%d tokens for %d bytes", n, len(text))
				}
			}
			return
		}
		if strings.ContainsRune(text, '\u017f') {
			return // a long s after an apostrophe folds to s in some engines and not in others
		}
		for _, e := range encodings() {
			check(t, e, text)
		}
	})
}

func TestModelsHaveTheirEncoding(t *testing.T) {
	for model, want := range map[string]string{
		"gpt-4o": "o200k_base", "gpt-4o-mini": "o200k_base", "gpt-4.1-nano": "o200k_base", "gpt-5.4": "o200k_base",
		"o3-mini": "o200k_base", "o4-mini": "o200k_base", "GPT-4": "cl100k_base", "gpt-4-32k": "cl100k_base",
		"gpt-4-turbo": "cl100k_base", "gpt-35-turbo": "cl100k_base", "gpt-3.5-turbo-0301": "cl100k_base",
		"text-embedding-3-large": "cl100k_base", "text-embedding-ada-002": "cl100k_base", "DeepSeek-R1": "o200k_base",
	} {
		if got := For(model).Name(); got != want {
			t.Errorf("%s: got %s, want %s", model, got, want)
		}
	}
}

func TestAHostilePieceTakesNoQuadraticTime(t *testing.T) {
	text := []byte(strings.Repeat("ab", 1<<19))
	if n := o200k.Count(text); n == 0 || n > len(text) {
		t.Errorf("%d tokens", n)
	}
}

// distinct makes kilobyte prompts that differ, as a load test sends them.
func distinct(n int) [][]byte {
	random := rand.New(rand.NewPCG(7, 7))
	words := strings.Fields("the quick brown fox jumps over a lazy dog while provisioned throughput serves every prompt of the deployment with latency targets and customers ask about invoices orders shipping dates refunds payment methods")
	prompts := make([][]byte, n)
	for i := range prompts {
		var b strings.Builder
		fmt.Fprintf(&b, "Request %d (%x): ", i, random.Uint64())
		for b.Len() < 1024 {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(" .,"[min(2, random.IntN(12))])
			b.WriteByte(' ')
		}
		prompts[i] = []byte(b.String()[:1024])
	}
	return prompts
}

func BenchmarkCount(b *testing.B) {
	prompts := distinct(256)
	hex := make([][]byte, 256)
	random := rand.New(rand.NewPCG(3, 3))
	for i := range hex {
		for len(hex[i]) < 1024 {
			hex[i] = fmt.Appendf(hex[i], "%x-%x ", random.Uint32(), random.Uint64())
		}
	}
	for _, e := range encodings() {
		e.Load()
		for name, texts := range map[string][][]byte{"words": prompts, "hex": hex} {
			b.Run(e.Name()+"/"+name, func(b *testing.B) {
				b.SetBytes(1024)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					e.Count(texts[i%len(texts)])
					i++
				}
			})
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := loadVocabulary("o200k_base"); err != nil {
			b.Fatal(err)
		}
	}
}
