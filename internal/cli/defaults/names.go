package defaults

import (
	"regexp"
	"strings"
	"unicode"
)

// What Azure Resource Manager accepts as names ("Naming rules and restrictions
// for Azure resources").
var (
	subscriptionID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	accountName    = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9]$`)
)

func isSubscription(s string) bool { return subscriptionID.MatchString(s) }

func isAccount(s string) bool { return accountName.MatchString(s) }

// isResourceGroup: 1 to 90 letters, digits, underscores, hyphens, periods and
// parentheses of any script, not ending in a period.
func isResourceGroup(s string) bool {
	runes := []rune(s)
	if len(runes) == 0 || len(runes) > 90 || strings.HasSuffix(s, ".") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.()", r)
	})
}

// quoted shows a name of any length and content on one line.
func quoted(s string) string {
	runes := []rune(strings.NewReplacer("\n", "␊", "\r", "␍", "\t", "␉").Replace(s))
	if len(runes) > 60 {
		return string(runes[:57]) + "..."
	}
	return string(runes)
}
