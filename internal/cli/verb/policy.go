package verb

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

// flagType is the flag that names a deployment type.
const flagType = "deployment-type"

// GuardTypes goes through the tree under cmd and lets every command that
// creates deployments refuse a deployment type that the configuration does not
// enable, before it does anything else.
func (e *Env) GuardTypes(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		e.GuardTypes(child)
	}
	if cmd.Flags().Lookup(flagType) == nil {
		return
	}
	if run := cmd.RunE; strings.HasPrefix(cmd.Name(), "create") && run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := e.permit(cmd); err != nil {
				return err
			}
			return run(cmd, args)
		}
	}
}

// permit refuses the deployment type that cmd's flags name if the
// configuration does not enable it. Flags that name none are left to the verb.
func (e *Env) permit(cmd *cobra.Command) error {
	name := cmd.Flag(flagType).Value.String()
	if sku := cmd.Flag("sku"); sku != nil && sku.Value.String() != "" {
		name = string(ptu.BoundaryOfSKU(sku.Value.String()))
	}
	if name == "" {
		name = e.Setting(settings.DeploymentType)
	}
	t, err := ptu.ParseDeploymentType(name)
	if err != nil {
		return nil
	}
	configured, _ := e.Settings()
	found := configured.DeploymentType(string(t))
	if found.Value.Allowed() {
		return nil
	}
	var allowed []string
	for _, other := range ptu.DeploymentTypes() {
		if configured.DeploymentType(string(other)).Value.Allowed() {
			allowed = append(allowed, string(other))
		}
	}
	refused := exit.New(exit.Validation, e.T("cli.type-forbidden", "Type", t.Label(), "Origin", found.Origin))
	if len(allowed) > 0 {
		refused.Hint(e.T("cli.type-allowed", "Types", strings.Join(allowed, ", ")))
	}
	return refused
}
