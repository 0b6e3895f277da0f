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
func azureDocumented(env *verb.Env) []*cobra.Command {
	if env.Accounts == nil {
		env.Accounts = session.Lister{Env: env}
	}
	commands := []*cobra.Command{account.NewList(env, verb.Documented), model.NewDocumented(env)}
	return append(commands, deployment.Documented(env)...)
}

// azureNouns are the nouns of the tree that speak to Azure.
func azureNouns(env *verb.Env) []*cobra.Command {
	return []*cobra.Command{
		account.New(env), project.New(env), deployment.New(env), model.New(env), quota.New(env), capacity.New(env), price.New(env),
		metrics.New(env), chat.New(env),
	}
}
