package session

import (
	"context"
	"errors"
	"strings"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

// told is how one kind of error is told: the exit kind, the message key whose
// text begins the message, and where to read more. The hints are the messages
// <key>.hint, <key>.hint2 and <key>.hint3, as far as they exist.
type told struct {
	kind exit.Kind
	key  string
	link string
}

// tellings is how azptu answers each kind of error from Azure. Kept as data:
// the remedies are the manual's, the links Microsoft's.
var tellings = map[arm.Kind]told{
	arm.NotFound:    {exit.NotFound, "azure.error.not-found", ""},
	arm.SignIn:      {exit.SignIn, "azure.error.sign-in", "https://aka.ms/azsdk/go/identity/troubleshoot"},
	arm.Permission:  {exit.Permission, "azure.error.permission", "https://learn.microsoft.com/azure/ai-services/openai/how-to/role-based-access-control"},
	arm.NoQuota:     {exit.Quota, "azure.error.quota", "https://aka.ms/oai/stuquotarequest"},
	arm.NoCapacity:  {exit.Capacity, "azure.error.capacity", "https://learn.microsoft.com/azure/ai-services/openai/concepts/provisioned-throughput"},
	arm.Conflict:    {exit.Conflict, "azure.error.conflict", ""},
	arm.Throttled:   {exit.Failed, "azure.error.throttled", "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling"},
	arm.Validation:  {exit.Validation, "azure.error.validation", ""},
	arm.Unavailable: {exit.Failed, "azure.error.unavailable", "https://azure.status.microsoft"},
	arm.Network:     {exit.Failed, "azure.error.network", ""},
	arm.Certificate: {exit.Failed, "azure.error.certificate", ""},
	arm.Broken:      {exit.Failed, "azure.error.broken", ""},
	arm.Unknown:     {exit.Failed, "azure.error.unknown", ""},
}

// clearer are the texts for codes that say more than their kind.
var clearer = map[string]string{
	"ResourceGroupNotFound":               "azure.error.group",
	"SubscriptionNotFound":                "azure.error.subscription",
	"InvalidSubscriptionId":               "azure.error.subscription",
	"LocationNotAvailableForResourceType": "azure.error.location",
	"NoRegisteredProviderFound":           "azure.error.location",
	"LocationNotFound":                    "azure.error.location",
}

// Explain turns an error of package azure into one to be printed, in the
// user's language and with what to do. Errors that are ready, and nil, pass.
func Explain(env *verb.Env, err error) error {
	var ready *exit.Error
	var sign *login.Error
	var answer *arm.Error
	switch {
	case err == nil, errors.As(err, &ready), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &answer):
	case errors.As(err, &sign):
		answer = &arm.Error{Kind: arm.SignIn, Code: sign.Code, Message: sign.Error()}
	default:
		return exit.New(exit.Failed, err.Error()).Wrap(err)
	}
	telling := tellings[answer.Kind]
	if key, known := clearer[answer.Code]; known {
		telling.key = key
	}
	message := env.T(telling.key)
	if answer.Operation {
		message = env.T("azure.error.operation") + " " + message
	}
	switch {
	case answer.Kind == arm.SignIn:
		message = signInMessage(err, answer)
	case answer.Message != "" && answer.Message != answer.Code:
		message += "\n  " + answer.Message
	}
	out := exit.New(telling.kind, message).Because(answer.Code).Hint(hints(env, telling.key)...).See(telling.link).Request(answer.RequestID).Wrap(err)
	if answer.Kind == arm.Throttled && answer.RetryAfter > 0 {
		out.Hint(env.N("azure.error.throttled.wait", int(answer.RetryAfter.Seconds())))
	}
	if answer.Code == "MissingSubscriptionRegistration" {
		out.Hints = []string{"az provider register --namespace Microsoft.CognitiveServices"}
	}
	return out
}

// signInMessage is the manual's words, with Entra's after them when Entra was
// reached. What each credential of the chain said is left to --debug.
func signInMessage(err error, answer *arm.Error) string {
	const documented = "DefaultAzureCredential failed to retrieve a token"
	var sign *login.Error
	if errors.As(err, &sign) {
		if sign.Code != "" {
			return documented + ": " + sign.Reason
		}
		return documented
	}
	return answer.Message
}

// hints are the messages key.hint, key.hint2, key.hint3 that exist.
func hints(env *verb.Env, key string) []string {
	var all []string
	for _, suffix := range []string{".hint", ".hint2", ".hint3"} {
		if env.Printer().Has(key + suffix) {
			all = append(all, env.T(key+suffix))
		}
	}
	return all
}

// IsMissing tells whether err says that the resource itself is not there,
// rather than its group, its subscription or its account.
func IsMissing(err error) bool {
	var answer *arm.Error
	if !errors.As(err, &answer) || answer.Kind != arm.NotFound {
		return false
	}
	switch strings.ToLower(answer.Code) {
	case "resourcegroupnotfound", "subscriptionnotfound", "parentresourcenotfound":
		return false
	}
	return true
}
