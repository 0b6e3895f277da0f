package openai

import (
	"strings"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// facts are what the data plane has to know of a model.
type facts struct {
	name       string // full name with version, as answers say it
	print      string // system_fingerprint, quoted, or null
	legacy     bool   // GPT-3.5 and GPT-4: answers are shaped as in 2024
	reasoning  bool   // thinks first, and bills for it
	embeds     bool
	chats      bool
	completes  bool // takes the older completions operation
	dimensions int  // of an embedding
	vision     bool
	context    int // tokens of prompt and completion together
	output     int // most completion tokens
	input      int // longest prompt; 0: only the context bounds it
	ptuInput   int // longest prompt on provisioned throughput; 0: as input
	noSpill    bool
	busy424    bool // answers 424 where others answer 429
	throughput ptu.Throughput
	perSecond  float64 // tokens a second that are written to one client

	rateTokens   int // Standard: tokens a minute of one unit
	rateRequests int // Standard: requests in ratePeriod of one unit
	ratePeriod   time.Duration
}

// factsOf gathers the facts of a deployment's model: from the catalog, and
// where it is silent by the family that the name tells.
func (h *Handler) factsOf(d Deployment) facts {
	said := d.Model
	if d.Base != "" {
		d.Model, d.Version = d.Base, d.BaseVersion // it can do what its base can
	} else if d.Version != "" && !legacy(d.Model) {
		said += "-" + d.Version
	}
	name := strings.ToLower(d.Model)
	f := facts{name: said, legacy: legacy(name), vision: true, chats: true, context: 128000, output: 16384, perSecond: 50}
	f.applyFamily(name, d.Version)
	if m, ok := h.catalog.Model(d.Model); ok {
		f.throughput, _ = m.EffectiveThroughput()
		f.noSpill = m.NoSpillover
		f.ptuInput = m.PTUPromptTokens
		if m.TokensPerSecond > 0 {
			f.perSecond = m.TokensPerSecond
		}
		if m.ContextTokens > 0 && !f.legacy {
			f.context = m.ContextTokens
		}
		if m.OutputTokens > 0 && !f.legacy {
			f.output = m.OutputTokens
		}
	} else {
		// Ours, for models without published figures: those of gpt-4o.
		f.throughput = ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}
	}
	if f.context == 400000 {
		f.input = 272000 // recorded: the input limit of the gpt-5 family
	}
	f.applyRates(name, d)
	f.print = "null"
	if !f.legacy {
		f.print = fingerprint(f.name)
	}
	return f
}

// legacy tells the models of before GPT-4o.
func legacy(model string) bool {
	name := strings.ToLower(model)
	return hasAnyPrefix(name, "gpt-35", "gpt-3.5", "text-embedding") ||
		strings.HasPrefix(name, "gpt-4") && !hasAnyPrefix(name, "gpt-4o", "gpt-4.")
}

// applyFamily fills in what names tell. Context sizes are those of Microsoft's
// model list of 2024.
func (f *facts) applyFamily(name, version string) {
	switch {
	case strings.HasPrefix(name, "text-embedding"):
		f.embeds, f.chats, f.vision = true, false, false
		f.context, f.dimensions = 8192, 1536
		if name == "text-embedding-3-large" {
			f.dimensions = 3072
		}
	case hasAnyPrefix(name, "dall-e", "whisper", "tts", "gpt-image"):
		f.chats, f.vision = false, false
	case hasAnyPrefix(name, "gpt-35", "gpt-3.5"):
		f.legacyTurbo(name, version)
	case f.legacy:
		f.legacyFour(name, version)
	case hasAnyPrefix(name, "o1", "o3", "o4"):
		f.reasoning = true
		f.context, f.output = 200000, 100000
		f.vision = name != "o1-mini" && name != "o3-mini"
	case strings.HasPrefix(name, "gpt-5") && !strings.Contains(name, "chat"):
		f.reasoning = true
		f.context, f.output = 400000, 128000
	}
}

func hasAnyPrefix(name string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func (f *facts) legacyFour(name, version string) {
	f.context, f.output = 128000, 4096
	switch {
	case name == "gpt-4-32k":
		f.context, f.output, f.vision = 32768, 32768, false
	case name == "gpt-4" && (version == "0613" || version == "0314" || version == ""):
		f.context, f.output, f.vision = 8192, 8192, false
	}
}

func (f *facts) legacyTurbo(name, version string) {
	f.vision = false
	f.context, f.output = 16385, 4096
	switch {
	case name == "gpt-35-turbo-16k":
		f.context, f.output = 16384, 16384
	case version == "0301" || version == "0613":
		f.context, f.output = 4096, 4096
	}
	f.busy424 = version == "0301"
	f.completes = name == "gpt-35-turbo-instruct" || version == "0301"
	f.chats = name != "gpt-35-turbo-instruct"
}

// applyRates: capacity 1 is 1,000 tokens a minute, and one request in ten
// seconds for the models of up to GPT-4o, in a minute for later ones (rate
// limits in real deployment bodies, 2024 to 2026).
func (f *facts) applyRates(name string, d Deployment) {
	f.rateTokens, f.rateRequests, f.ratePeriod = 1000, 1, time.Minute
	switch {
	case f.legacy, name == "gpt-4o":
		f.ratePeriod = 10 * time.Second
	case name == "gpt-4o-mini":
		f.rateRequests = 10
	case name == "o1", name == "o1-preview":
		f.rateTokens = 6000
	case name == "o1-mini", name == "o3-mini":
		f.rateTokens = 10000
	}
	capacity := max(d.Capacity, 1)
	f.rateTokens, f.rateRequests = f.rateTokens*capacity, f.rateRequests*capacity
	if d.RateTokens > 0 {
		f.rateTokens = d.RateTokens
	}
	if d.RateRequests > 0 && d.RatePeriod > 0 {
		f.rateRequests, f.ratePeriod = d.RateRequests, d.RatePeriod
	}
}
