package cli

import (
	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/account"
	"github.com/azptu/azptu/internal/cli/capacity"
	"github.com/azptu/azptu/internal/cli/chat"
	"github.com/azptu/azptu/internal/cli/deployment"
	"github.com/azptu/azptu/internal/cli/metrics"
	"github.com/azptu/azptu/internal/cli/model"
	"github.com/azptu/azptu/internal/cli/price"
	"github.com/azptu/azptu/internal/cli/project"
	"github.com/azptu/azptu/internal/cli/quota"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// azureDocumented are the azptu 1.0 commands that speak to Azure.
func azureDocumented(env *verb.Env) []branch {
	if env.Accounts == nil {
		env.Accounts = session.Lister{Env: env}
	}
	old := func(make func(*verb.Env, verb.Face) *cobra.Command) func() *cobra.Command {
		return func() *cobra.Command { return make(env, verb.Documented) }
	}
	return []branch{
		{"list-projects", old(account.NewList)},
		{"list-ptu-models", func() *cobra.Command { return model.NewDocumented(env) }},
		{"list-deployments", old(deployment.NewList)},
		{"create-ptu-deployment", old(deployment.NewCreate)},
		{"update-ptu-capacity", old(deployment.NewUpdate)},
		{"get-ptu-info", old(deployment.NewShow)},
		{"delete-ptu-deployment", old(deployment.NewDelete)},
	}
}

// azureNouns are the nouns of the tree that speak to Azure.
func azureNouns(env *verb.Env) []branch {
	return []branch{
		{"account", func() *cobra.Command { return account.New(env) }},
		{"project", func() *cobra.Command { return project.New(env) }},
		{"deployment", func() *cobra.Command { return deployment.New(env) }},
		{"model", func() *cobra.Command { return model.New(env) }},
		{"quota", func() *cobra.Command { return quota.New(env) }},
		{"capacity", func() *cobra.Command { return capacity.New(env) }},
		{"price", func() *cobra.Command { return price.New(env) }},
		{"metrics", func() *cobra.Command { return metrics.New(env) }},
		{"chat", func() *cobra.Command { return chat.New(env) }},
	}
}
