package openai

// prose is generated text and where its tokens end. Every piece that it is
// made of is one token of both encodings, whatever stands beside it, so the
// count is known without counting.
type prose struct {
	text []byte
	ends []int32 // byte after each token
}

func (p *prose) add(piece string) {
	p.text = append(p.text, piece...)
	p.ends = append(p.ends, int32(len(p.text)))
}

// cut keeps the first n tokens.
func (p *prose) cut(n int) {
	if n >= len(p.ends) {
		return
	}
	p.ends = p.ends[:max(n, 0)]
	p.text = p.text[:0:cap(p.text)]
	if n > 0 {
		p.text = p.text[:p.ends[n-1]]
	}
}

// The words of generated text. A test holds each to be one token.
var (
	starters   = []string{"The", "This", "Each", "Every", "That", "Another", "One", "Our", "Your", "Their"}
	adjectives = []string{" new", " small", " large", " quick", " clear", " simple", " open", " good", " early", " late", " common", " careful", " steady", " useful", " modern", " local", " global", " direct", " final", " first", " whole", " short", " long", " ready", " stable"}
	nouns      = []string{" answer", " team", " plan", " model", " system", " service", " question", " result", " report", " customer", " order", " region", " request", " deployment", " message", " token", " number", " document", " table", " network", " price", " record", " example", " project", " change", " test", " step", " idea", " problem", " store", " user", " city", " house", " river", " garden", " book", " story", " light", " machine", " window"}
	verbs      = []string{" shows", " gives", " keeps", " needs", " follows", " explains", " supports", " changes", " holds", " makes", " finds", " brings", " carries", " covers", " returns", " describes", " improves", " reaches", " starts", " checks", " writes", " reads", " moves", " builds", " meets"}
	links      = []string{" of", " for", " with", " near", " behind", " before", " after", " under", " above", " from", " within", " beside", " across", " around", " through"}
	joints     = []string{" and", " but", " so", " while", " because", " when", " where", " until"}
	articles   = []string{" the", " a", " its", " this", " every", " one", " another"}
)

// pattern of a sentence: s start, a adjective, n noun, v verb, l link,
// j joint, d article; others stand for themselves.
var patterns = []string{
	"sanvdnldn.", "snvdanldn.", "snvdn,jdnvdan.", "sanvdnjvdn.", "snvdnjdanvdnldn.", "sanldnvdan.", "snldanvdn,jdnvdn.",
}

// sentence appends one sentence; the very first has no blank in front.
func (p *prose) sentence(r *random) {
	text, ends := p.text, p.ends // kept at hand: this is most of what an answer costs
	add := func(piece string) {
		text = append(text, piece...)
		ends = append(ends, int32(len(text)))
	}
	pick := func(words []string) { add(words[r.below(len(words))]) }
	for _, slot := range patterns[r.below(len(patterns))] {
		switch slot {
		case 's':
			if len(text) > 0 {
				text = append(text, ' ')
			}
			pick(starters)
		case 'a':
			pick(adjectives)
		case 'n':
			pick(nouns)
		case 'v':
			pick(verbs)
		case 'l':
			pick(links)
		case 'j':
			pick(joints)
		case 'd':
			pick(articles)
		case ',':
			add(",")
		default:
			add(".")
		}
	}
	p.text, p.ends = text, ends
}

// write fills p with about so many tokens, ending with a sentence.
func (p *prose) write(r *random, about int) {
	for len(p.ends) < about {
		p.sentence(r)
	}
}

// writeExactly fills p with exactly so many tokens.
func (p *prose) writeExactly(r *random, n int) {
	if n <= 0 {
		return
	}
	p.write(r, n)
	if len(p.ends) > n {
		p.cut(n - 1)
		p.add(".")
	}
}

// An answer whose length nobody fixed has usualLength tokens or up to
// usualSpread more, by the request and the seed.
const (
	usualLength = 24
	usualSpread = 120
)
