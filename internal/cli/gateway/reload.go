package gateway

import (
	"context"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
)

// Reloaded is what -o json shows of a reload.
type Reloaded struct {
	ETag     string    `json:"etag"`
	Warnings []Finding `json:"warnings"`
}

func newReload(env *verb.Env) *cobra.Command {
	var path, admin, match string
	cmd := verb.Command(env, verb.Spec{Use: "reload", Help: "gateway.reload", Run: func(ctx context.Context, _ []string) error {
		c, err := consoleOf(env, admin, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return explain(env, path, err)
		}
		if env.Global.DryRun {
			env.Note(env.T("azure.request", "Request", "PUT http://"+c.address+"/v1/config"))
			env.Note(env.T("cli.dry-run"))
			return nil
		}
		header := http.Header{}
		if match != "" {
			header.Set("If-Match", match)
		}
		var done Reloaded
		if err := c.call(ctx, http.MethodPut, "/v1/config", header, text, &done); err != nil {
			return err
		}
		for _, w := range done.Warnings {
			env.Warn(w.Path + ": " + w.Message)
		}
		view := render.List([]Reloaded{done}, func(r Reloaded) string { return r.ETag },
			render.Col(env.T("gateway.column.etag"), func(r Reloaded) any { return r.ETag }))
		view.Value, view.Card = done, true
		return env.Show(view)
	}})
	bindConfig(cmd, &path)
	cmd.Flags().StringVar(&admin, "admin", "", "gateway.flag.admin")
	cmd.Flags().StringVar(&match, "if-match", "", "gateway.flag.if-match")
	return cmd
}
