package account

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// keyRecord is the two api-keys of an account. Shown because they were asked
// for; a table masks them unless --show is given.
type keyRecord struct {
	Account string `json:"account"`
	Key1    string `json:"key1"`
	Key2    string `json:"key2"`
}

func newKeys(env *verb.Env) *cobra.Command {
	var rotate string
	var show bool
	cmd := named(env, "keys [NAME]", "account.keys", func(ctx context.Context, env *verb.Env, scope verb.Scope) error {
		return keys(ctx, env, scope, rotate, show)
	})
	cmd.Flags().StringVar(&rotate, "rotate", "", "account.flag.rotate")
	cmd.Flags().BoolVar(&show, "show", false, "account.flag.show")
	return cmd
}

func keys(ctx context.Context, env *verb.Env, scope verb.Scope, rotate string, show bool) error {
	number := map[string]int{"": 0, "key1": 1, "key2": 2, "1": 1, "2": 2}
	which, ok := number[rotate]
	if !ok {
		return env.NotOneOf("--rotate", rotate, []string{"key1", "key2"})
	}
	s, ref, err := session.OpenAccount(ctx, env, scope, verb.Tree)
	if err != nil {
		return err
	}
	found, err := s.ARM.Keys(ctx, ref)
	if which != 0 && err == nil {
		env.Warn(env.T("account.keys.loss", "Key", which))
		if env.Global.DryRun {
			env.Note(env.T("account.dry-run"))
			return nil
		}
		if err := agree(ctx, env, env.T("account.keys.confirm", "Key", which, "Name", ref.Account)); err != nil {
			return err
		}
		found, err = s.ARM.RegenerateKey(ctx, ref, which)
	}
	if err != nil {
		if session.IsMissing(err) {
			return s.NoAccount(ref, nil)
		}
		return session.Explain(env, err)
	}
	record := keyRecord{ref.Account, found.Key1, found.Key2}
	cell := func(key string) any {
		format := render.Format(env.Setting(settings.Output))
		if show || format != render.Table && format != render.Wide {
			return key
		}
		return masked(key)
	}
	return env.Show(render.One(record, func(r keyRecord) string { return r.Account },
		render.Col(env.T("account.field.name"), func(r keyRecord) any { return r.Account }),
		render.Col(env.T("account.field.key1"), func(r keyRecord) any { return cell(r.Key1) }),
		render.Col(env.T("account.field.key2"), func(r keyRecord) any { return cell(r.Key2) }),
	))
}

// masked shows enough of a key to tell it from another.
func masked(key string) string {
	if len(key) < 12 {
		return "****"
	}
	return key[:4] + "****"
}
