package monitor

import (
	"strconv"
	"time"
)

// Call is one finished call of the data plane, as metrics see it.
type Call struct {
	Account       string // resource id
	Region        string // display name: East US
	Deployment    string
	Model         string
	Format        string // publisher of the model: OpenAI, DeepSeek, …; "" when the call found no model
	Version       string
	APIVersion    string // "2024-10-21", "v1"
	Operation     string // operation id: ChatCompletions_Create
	Provisioned   bool
	Stream        bool
	Spillover     bool // the call came over from another deployment
	Status        int  // as the client saw it
	TierRequested string
	TierServed    string

	Prompt, Cached, Completion int // tokens; cached is a part of prompt

	FirstByte time.Duration // from the request to the first byte of the answer; 0: there was none
	Duration  time.Duration // from the request to the last byte

	// Of provisioned deployments only. Weight is what the call used, in
	// normalized tokens; PerMinute is how many of those the deployment can do
	// in a minute of virtual time; Utilization is the level of its bucket after
	// the call (1 is 100 %).
	Weight, PerMinute, Utilization float64

	// What the content filter found: empty when nothing. TextType is Prompt or
	// Completion; Blocked says that the call was refused for it.
	TextType, Category, Severity string
	Blocked                      bool
}

// dim is a dimension of a metric. Those below stored are kept with each cell.
type dim int

const (
	apiName dim = iota
	operationName
	region
	streamType
	deploymentName
	modelName
	modelVersion
	statusCode
	isSpillover
	tierRequest
	tierResponse
	usageChannel
	textType
	category
	severity
	publisher // not a dimension of any metric: tells the two families apart
	stored

	featureName dim = iota - 1
	eventType
	rateLimitKey
)

var dimNames = map[dim]string{
	apiName: "ApiName", operationName: "OperationName", region: "Region", streamType: "StreamType",
	deploymentName: "ModelDeploymentName", modelName: "ModelName", modelVersion: "ModelVersion",
	statusCode: "StatusCode", isSpillover: "IsSpillover", tierRequest: "ServiceTierRequest",
	tierResponse: "ServiceTierResponse", usageChannel: "UsageChannel", textType: "TextType",
	category: "Category", severity: "Severity", featureName: "FeatureName", eventType: "EventType",
	rateLimitKey: "RatelimitKey",
}

// dims are the values of the stored dimensions.
type dims [stored]string

// of is the value of any dimension. Those that the emulator knows nothing
// about are empty.
func (d *dims) of(which dim) string {
	switch {
	case which >= stored:
		return ""
	case which == apiName && d[apiName] != "":
		return "Azure OpenAI API version " + d[apiName]
	}
	return d[which]
}

// dimensions names a call. The values of streamType, isSpillover, the service
// tiers and usageChannel are ours; "Azure OpenAI API version …" is how
// Azure's own messages name the API.
func (c *Call) dimensions() dims {
	d := dims{
		apiName: c.APIVersion, operationName: c.Operation, region: c.Region, deploymentName: c.Deployment,
		modelName: c.Model, modelVersion: c.Version, statusCode: statusText(c.Status),
		streamType: "Non-Streaming", isSpillover: "False", usageChannel: "Standard",
		tierRequest: c.TierRequested, tierResponse: c.TierServed,
		textType: c.TextType, category: c.Category, severity: c.Severity, publisher: c.Format,
	}
	if c.Stream {
		d[streamType] = "Streaming"
	}
	if c.Spillover {
		d[isSpillover] = "True"
	}
	if c.Provisioned {
		d[usageChannel] = "Provisioned"
	}
	if d[tierRequest] == "" {
		d[tierRequest] = "auto"
	}
	if d[tierResponse] == "" {
		d[tierResponse] = "default"
	}
	return d
}

func statusText(status int) string {
	switch status {
	case 200:
		return "200"
	case 400:
		return "400"
	case 429:
		return "429"
	}
	return strconv.Itoa(status)
}
