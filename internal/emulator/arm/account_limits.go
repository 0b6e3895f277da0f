package arm

// callRule is one rule of an account's call rate limit.
type callRule struct {
	Key           string    `json:"key"`
	RenewalPeriod int       `json:"renewalPeriod"`
	Count         int       `json:"count"`
	MatchPatterns []pattern `json:"matchPatterns"`
}

// pattern is a path and method that a rule covers.
type pattern struct {
	Path   string `json:"path"`
	Method string `json:"method"`
}

// callRules are the rules of an OpenAI account as recorded on 2025-10-28.
var callRules = []callRule{
	{"openai.dalle.post", 1, 30, []pattern{{"dalle/*", "POST"}, {"openai/images/*", "POST"}}},
	{"openai.dalle.other", 1, 30, []pattern{{"dalle/*", "*"}, {"openai/operations/images/*", "*"}}},
	{"openai.assistants.list", 60, 120, []pattern{{"openai/assistants", "GET"}}},
	{"openai.threads.list", 60, 120, []pattern{{"openai/threads", "GET"}}},
	{"openai.vectorstores.list", 60, 120, []pattern{{"openai/vector_stores", "GET"}}},
	{"openai.vectorstores.post", 1, 60, []pattern{{"openai/vector_stores", "POST"}, {"openai/vector_stores/*", "POST"}}},
	{"openai.assistants.default", 1, 100000, []pattern{{"openai/assistants", "*"}, {"openai/assistants/*", "*"}, {"openai/threads", "*"}, {"openai/threads/*", "*"}, {"openai/vector_stores", "*"}, {"openai/vector_stores/*", "*"}}},
	{"openai.responses.default", 1, 100000, []pattern{{"openai/responses", "*"}, {"openai/responses/*", "*"}}},
	{"openai.batches.post", 60, 30, []pattern{{"openai/v1/batches", "POST"}, {"openai/batches", "POST"}}},
	{"openai.batches.get", 60, 500, []pattern{{"openai/v1/batches/*", "GET"}, {"openai/batches/*", "GET"}}},
	{"openai.batches.list", 60, 100, []pattern{{"openai/v1/batches", "GET"}, {"openai/batches", "GET"}}},
	{"openai.moderations.post", 60, 120, []pattern{{"openai/v1/moderations", "POST"}, {"openai/v1/safeberry/moderations", "POST"}}},
	{"openai", 1, 30, []pattern{{"openai/*", "*"}}},
	{"default", 1, 30, []pattern{{"*", "*"}}},
}

// capability is a feature of an account; Value is left out where it is a flag.
type capability struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// accountCapabilities are those of an OpenAI account as recorded on 2025-10-28.
var accountCapabilities = []capability{
	{"VirtualNetworks", ""},
	{"CustomerManagedKey", ""},
	{"EnableRLSForThrottling", "false"},
	{"MaxFineTuneCount", "500"},
	{"MaxRunningFineTuneCount", "3"},
	{"MaxUserFileCount", "100"},
	{"MaxTrainingFileSize", "512000000"},
	{"MaxUserFileImportDurationInHours", "1"},
	{"MaxFineTuneJobDurationInHours", "720"},
	{"MaxEvaluationRunDurationInHours", "5"},
	{"MaxRunningEvaluationCount", "5"},
	{"MaxRunningGlobalStandardFineTuneCount", "3"},
	{"BypassBilling", ""},
	{"raiLevelOverride", ""},
	{"TrustedServices", "Microsoft.CognitiveServices,Microsoft.MachineLearningServices,Microsoft.Search,Microsoft.VideoIndexer"},
	{"NetworkSecurityPerimeter", ""},
	{"RaiMonitor", ""},
	{"FinetunedModelRouterEndpoint", ""},
	{"FinetunedModelRouterScoreThreshold", "0.171"},
	{"quotaRefundsEnabled", "false"},
}
