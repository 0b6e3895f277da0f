package monitor

import "strings"

// metric is one platform metric: what Azure publishes of it, and how it is
// read out of a cell.
type metric struct {
	name, display, category string
	unit                    string
	aggregations            []string // the first is the primary one
	dims                    []dim
	about                   string
	openAIOnly              bool             // counts models published by OpenAI alone
	gauge                   bool             // provisioned deployments have it also when nobody calls
	read                    func(*cell) stat // n is 0 where the cell has nothing of it
}

// Aggregations, and the combinations that metrics offer.
const (
	average = "Average"
	minimum = "Minimum"
	maximum = "Maximum"
	total   = "Total"
	count   = "Count"
)

var (
	spread = []string{average, minimum, maximum}
	summed = []string{total}
)

// Combinations of dimensions, in the order Azure lists them.
var (
	ofModel  = []dim{region, deploymentName, modelName, modelVersion}
	ofAudio  = []dim{deploymentName, modelName, modelVersion, region}
	ofCall   = []dim{apiName, operationName, region, streamType, deploymentName, modelName, modelVersion}
	ofAnswer = append(append([]dim{}, ofCall...), statusCode)
	ofCount  = append(append([]dim{}, ofAnswer...), isSpillover, tierRequest, tierResponse)
	ofUse    = []dim{region, streamType, deploymentName, modelName, modelVersion}
	ofTokens = []dim{apiName, deploymentName, featureName, usageChannel, region, modelVersion}
	ofIO     = []dim{apiName, region, deploymentName, modelName, modelVersion}
	ofFilter = []dim{region, deploymentName, modelName, modelVersion, apiName}
	classic  = []dim{apiName, operationName, region, rateLimitKey}
)

const (
	requests = "Azure OpenAI - HTTP Requests"
	latency  = "Azure OpenAI - Latency"
	usage    = "Azure OpenAI - Usage"
	safety   = "ContentSafety - Risks&Safety"
	mRequest = "Models - HTTP Requests"
	mLatency = "Models - Latency"
	mUsage   = "Models - Usage"
	generic  = "Cognitive Services - HTTP Requests"
)

// metrics are those of Microsoft.CognitiveServices/accounts that concern
// models (supported-metrics reference of 2026-07-31; descriptions are ours),
// then the classic ones of Cognitive Services, which Azure answers for these
// accounts although it advises against them. Audio, images, training and
// realtime are not emulated: their metrics exist and stay empty.
var metrics = []metric{
	{"AzureOpenAIRequests", "Azure OpenAI Requests", requests, "Count", summed, ofCount, "Calls to the Azure OpenAI API in a time grain.", true, false, counted((*cell).allCalls)},
	{"AzureOpenAIAvailabilityRate", "Azure OpenAI AvailabilityRate", requests, "Percent", spread, ofCall, "Share of calls that did not end in a server error (HTTP 500 and above).", true, false, available},
	{"AzureOpenAINormalizedTBTInMS", "Time Between Token", latency, "MilliSeconds", spread, ofModel, "For streams, the time between two tokens.", true, false, value(between)},
	{"AzureOpenAINormalizedTTFTInMS", "Normalized Time to First Byte", latency, "MilliSeconds", spread, ofModel, "Time to the first byte, divided by the tokens of the prompt.", true, false, value(firstToken)},
	{"AzureOpenAITimeToResponse", "Time to Response", latency, "MilliSeconds", spread, ofAnswer, "Time until the first response appears.", true, false, value(responded)},
	{"AzureOpenAITokenPerSecond", "Tokens Per Second", latency, "Count", spread, ofModel, "Tokens generated in a second of generation.", true, false, value(speed)},
	{"AzureOpenAITTLTInMS", "Time to Last Byte", latency, "MilliSeconds", spread, ofModel, "Time until the last byte of the response.", true, false, value(lastByte)},
	{"ActiveTokens", "Active Tokens", usage, "Count", []string{total, average, minimum, maximum}, ofModel, "Tokens less those that were cached, of provisioned deployments.", true, false, value(active)},
	{"AudioCompletionTokens", "Audio Completion Tokens", usage, "Count", summed, ofAudio, "Audio tokens generated.", true, false, nothing},
	{"AudioPromptTokens", "Audio Prompt Tokens", usage, "Count", summed, ofAudio, "Audio tokens in prompts.", true, false, nothing},
	{"AzureOpenAIContextTokensCacheMatchRate", "Prompt Token Cache Match Rate", usage, "Percent", spread, ofModel, "Share of prompt tokens that were cached, of provisioned deployments.", true, false, value(cacheHits)},
	{"AzureOpenAIProvisionedManagedUtilization", "Provisioned-managed Utilization (deprecated)", usage, "Percent", spread, ofUse, "Deprecated, see Provisioned-managed Utilization V2.", true, true, used},
	{"AzureOpenAIProvisionedManagedUtilizationV2", "Provisioned-managed Utilization V2", usage, "Percent", spread, ofUse, "Provisioned throughput units used, of those deployed. At 100 % and above calls are refused with 429.", true, true, used},
	{"FineTunedTrainingHours", "Processed FineTuned Training Hours", usage, "Count", summed, []dim{apiName, deploymentName, featureName, usageChannel, region}, "Hours of training.", true, false, nothing},
	{"GeneratedTokens", "Generated Completion Tokens", usage, "Count", summed, ofTokens, "Tokens generated.", true, false, value(completion)},
	{"ProcessedPromptTokens", "Processed Prompt Tokens", usage, "Count", summed, ofTokens, "Prompt tokens processed.", true, false, value(prompt)},
	{"RealtimeUsageTime", "Realtime API Seconds Used", usage, "Count", summed, []dim{region, deploymentName}, "Seconds of the realtime API.", true, false, nothing},
	{"TokenTransaction", "Processed Inference Tokens", usage, "Count", summed, ofTokens, "Prompt and generated tokens.", true, false, allTokens},
	{"RAIHarmfulRequests", "Harmful Volume Detected", safety, "Count", summed, append(append([]dim{}, ofFilter...), textType, category, severity), "Texts in which the content filter found harm.", true, false, counted((*cell).harmfulTexts)},
	{"RAIRejectedRequests", "Blocked Volume", safety, "Count", summed, append(append([]dim{}, ofFilter...), textType, category), "Calls that the content filter refused.", true, false, counted((*cell).blockedCalls)},
	{"RAISystemEvent", "Safety System Event", safety, "Count", []string{average}, []dim{region, eventType}, "Events of the safety system.", true, false, nothing},
	{"RAITotalRequests", "Total Volume Sent For Safety Check", safety, "Count", summed, ofFilter, "Calls that went through the content filter.", true, false, counted((*cell).checkedCalls)},
	{"ModelAvailabilityRate", "Model Availability Rate", mRequest, "Percent", spread, ofModel, "Share of calls that did not end in a server error (HTTP 500 and above).", false, false, available},
	{"ModelRequests", "Model Requests", mRequest, "Count", summed, ofCount, "Calls to models in a time grain.", false, false, counted((*cell).allCalls)},
	{"NormalizedTimeBetweenTokens", "Time Between Tokens", mLatency, "MilliSeconds", spread, ofCall, "For streams, the time between two tokens.", false, false, value(between)},
	{"NormalizedTimeToFirstToken", "Normalized Time to First Byte", mLatency, "MilliSeconds", spread, ofCall, "Time to the first byte, divided by the tokens of the prompt.", false, false, value(firstToken)},
	{"TimeToLastByte", "Time to Last Byte", mLatency, "MilliSeconds", spread, ofCall, "Time until the last byte of the response.", false, false, value(lastByte)},
	{"TimeToResponse", "Time to Response", mLatency, "MilliSeconds", spread, ofAnswer, "Time until the first response appears.", false, false, value(responded)},
	{"TokensPerSecond", "Tokens Per Second", mLatency, "Count", spread, ofCall, "Tokens generated in a second of generation.", false, false, value(speed)},
	{"InputTokens", "Input Tokens", mUsage, "Count", summed, ofIO, "Prompt tokens processed.", false, false, value(prompt)},
	{"OutputTokens", "Output Tokens", mUsage, "Count", summed, ofIO, "Tokens generated.", false, false, value(completion)},
	{"TotalTokens", "Total Tokens", mUsage, "Count", summed, ofIO, "Prompt and generated tokens.", false, false, allTokens},
	{"ProvisionedUtilization", "Provisioned Utilization", mUsage, "Percent", spread, ofModel, "Provisioned throughput units used, of those deployed. At 100 % and above calls are refused with 429.", false, true, used},
	{"AudioInputTokens", "Audio Input Tokens", mUsage, "Count", summed, ofAudio, "Audio tokens in prompts.", false, false, nothing},
	{"AudioOutputTokens", "Audio Output Tokens", mUsage, "Count", summed, ofAudio, "Audio tokens generated.", false, false, nothing},
	{"GeneratedImages", "Generated Images", mUsage, "Count", summed, ofIO, "Images generated.", false, false, nothing},

	{"TotalCalls", "Total Calls", generic, "Count", summed, classic, "Calls.", false, false, counted((*cell).allCalls)},
	{"SuccessfulCalls", "Successful Calls", generic, "Count", summed, classic, "Calls that were answered.", false, false, counted((*cell).goodCalls)},
	{"TotalErrors", "Total Errors", generic, "Count", summed, classic, "Calls that ended in an error (HTTP 4xx and 5xx).", false, false, counted((*cell).badCalls)},
	{"ClientErrors", "Client Errors", generic, "Count", summed, classic, "Calls that ended in a client-side error (HTTP 4xx).", false, false, counted((*cell).clientErrorCalls)},
	{"ServerErrors", "Server Errors", generic, "Count", summed, classic, "Calls that ended in a server-side error (HTTP 5xx).", false, false, counted((*cell).serverErrorCalls)},
	{"BlockedCalls", "Blocked Calls", generic, "Count", summed, classic, "Calls that exceeded a rate or quota limit.", false, false, counted((*cell).refusedCalls)},
	{"Latency", "Latency", "Cognitive Services - Latency", "MilliSeconds", spread, classic, "Time a call took.", false, false, value(took)},
}

// metricNamed finds a metric; case does not count.
func metricNamed(name string) (*metric, bool) {
	for i := range metrics {
		if strings.EqualFold(metrics[i].name, name) {
			return &metrics[i], true
		}
	}
	return nil, false
}

// dim finds one of the metric's dimensions; case does not count.
func (m *metric) dim(name string) (dim, bool) {
	for _, d := range m.dims {
		if strings.EqualFold(dimNames[d], name) {
			return d, true
		}
	}
	return 0, false
}

func (m *metric) dimList() string {
	names := make([]string, len(m.dims))
	for i, d := range m.dims {
		names[i] = dimNames[d]
	}
	return strings.Join(names, ",")
}

// wants tells whether a cell's calls count for the metric.
func (m *metric) wants(d *dims) bool {
	return !m.openAIOnly || d[publisher] == "" || d[publisher] == "OpenAI"
}
