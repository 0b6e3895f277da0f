package state

import "strings"

// Logs are the categories of an account's resource logs, and its metrics, that
// its diagnostic settings send to a workspace.
type Logs struct{ Audit, Requests, Metrics bool }

// Logs tells what an account sends.
func (v *View) Logs(account string) Logs { return v.logs[fold(account)] }

// logsOf reads the diagnostic settings of every account.
func (s *Store) logsOf() map[string]Logs {
	all := map[string]Logs{}
	for id, d := range s.world.Documents {
		account, _, ok := strings.Cut(id, "/providers/microsoft.insights/diagnosticsettings/")
		if !ok || s.world.Accounts[account] == nil {
			continue
		}
		properties, _ := d.Body["properties"].(map[string]any)
		if workspace, _ := properties["workspaceId"].(string); workspace == "" {
			continue
		}
		entries, _ := properties["logs"].([]any)
		sent := all[account]
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			sent.add(entry)
		}
		entries, _ = properties["metrics"].([]any)
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			on, _ := entry["enabled"].(bool)
			category, _ := entry["category"].(string)
			sent.Metrics = sent.Metrics || on && strings.EqualFold(category, "AllMetrics")
		}
		all[account] = sent
	}
	return all
}

// add takes in one entry of a setting: a category or a group of them.
func (l *Logs) add(entry map[string]any) {
	if on, _ := entry["enabled"].(bool); !on {
		return
	}
	category, _ := entry["category"].(string)
	group, _ := entry["categoryGroup"].(string)
	every := strings.EqualFold(group, "allLogs")
	l.Audit = l.Audit || every || strings.EqualFold(group, "audit") || strings.EqualFold(category, "Audit")
	l.Requests = l.Requests || every || strings.EqualFold(category, "RequestResponse")
}
