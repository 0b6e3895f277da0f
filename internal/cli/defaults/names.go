package defaults

import (
	"strings"
	"unicode"
)

// What Azure Resource Manager accepts as names ("Naming rules and restrictions
// for Azure resources").

// isSubscription: 8-4-4-4-12 hexadecimal digits.
func isSubscription(s string) bool {
	groups := strings.Split(s, "-")
	if len(groups) != 5 {
		return false
	}
	for i, length := range []int{8, 4, 4, 4, 12} {
		if len(groups[i]) != length || strings.Trim(groups[i], "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return true
}

// isAccount: 2 to 64 letters, digits, periods, hyphens and underscores,
// beginning and ending with a letter or digit.
func isAccount(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return len(s) >= 2 && len(s) <= 64 && strings.Trim(s, letters+"_.-") == "" &&
		strings.ContainsRune(letters, rune(s[0])) && strings.ContainsRune(letters, rune(s[len(s)-1]))
}

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
