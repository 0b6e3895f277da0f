package verb

import (
	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/catalog"
)

// CompleteModels completes the name of a model from the published tables.
func (e *Env) CompleteModels() cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		if published, err := e.Catalog(); err == nil {
			for _, m := range published.Models() {
				names = append(names, m.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteVersions completes the version of the model that another flag names,
// or of any where that flag is not there.
func (e *Env) CompleteVersions(modelFlag string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		published, err := e.Catalog()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		models := published.Models()
		if flag := cmd.Flag(modelFlag); flag != nil && flag.Changed {
			models = nil
			if m, ok := published.Model(flag.Value.String()); ok {
				models = []catalog.Model{m}
			}
		}
		known := map[string]bool{}
		var versions []cobra.Completion
		for _, m := range models {
			for _, v := range m.Versions {
				if !known[v.Name] {
					known[v.Name] = true
					versions = append(versions, v.Name)
				}
			}
		}
		return versions, cobra.ShellCompDirectiveNoFileComp
	}
}
