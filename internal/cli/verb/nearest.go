package verb

import (
	"slices"
	"strings"
)

// Nearest is the candidate that a mistyped word most likely meant, or "" when
// none is near: at most a third of its letters differ, or it begins so.
func Nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	if len(word) < 2 || len(word) > 60 {
		return ""
	}
	best, score := "", 10*(max(1, len(word)/3)+1)
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		lower := strings.ToLower(candidate)
		distance := editDistance(word, lower)
		if len(word) >= 3 && strings.HasPrefix(lower, word) {
			distance = min(distance, 1)
		}
		// Of two as near, the one that begins alike is meant, then the shorter.
		s := 10 * distance
		if lower == "" || lower[0] != word[0] {
			s += 5
		}
		if s < score || s == score && best != "" && len(candidate) < len(best) {
			best, score = candidate, s
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap with
// their neighbour to turn a into b.
func editDistance(a, b string) int {
	previous, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], previous[j-1]+1)
			}
		}
		previous, row, next = row, next, previous
	}
	return row[len(b)]
}
