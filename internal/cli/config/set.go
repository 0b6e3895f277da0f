package config

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

type set struct {
	env         *verb.Env
	key, value  string
	unset, here bool
}

func newSet(env *verb.Env) *cobra.Command {
	o := &set{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "set KEY [VALUE]", Help: "config.set", Lenient: true, Run: func(_ context.Context, args []string) error {
		o.key, o.value = strings.TrimPrefix(args[0], "settings."), ""
		if len(args) > 1 {
			o.value = args[1]
		}
		return o.run(len(args) > 1)
	}})
	cmd.Flags().BoolVar(&o.unset, "unset", false, "config.flag.unset")
	cmd.Flags().BoolVar(&o.here, "project", false, "config.flag.project")
	cmd.ValidArgsFunction = completeSet
	return cmd
}

func completeSet(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var words []string
	switch len(args) {
	case 0:
		words = names()
	case 1:
		key, _ := settings.FindKey(args[0])
		words = key.Allowed
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func names() []string {
	var out []string
	for _, key := range settings.Keys() {
		out = append(out, key.Name)
	}
	return out
}

func (o *set) run(hasValue bool) error {
	env := o.env
	key, known := settings.FindKey(o.key)
	switch {
	case !known:
		return env.NotOneOf(env.Argument("KEY"), o.key, names())
	case o.unset == hasValue:
		return exit.New(exit.Usage, env.T("config.set-either"))
	case hasValue && (o.value == "" || !key.Accepts(o.value)):
		if key.Allowed != nil {
			return env.NotOneOf(key.Name, o.value, key.Allowed)
		}
		return exit.New(exit.Usage, key.Name+": "+env.T(key.Misfit(), "Value", o.value))
	}
	path, err := o.target()
	if err != nil {
		return err
	}
	if env.Global.DryRun {
		env.Note(env.T("config.would-write", "Path", path))
		return nil
	}
	if err := settings.SetInFile(path, key, o.value); err != nil {
		return o.explain(path, err)
	}
	o.mention(key, path)
	if !env.InWords(verb.Tree) {
		e := entry{"settings." + key.Name, key.Typed(o.value), path}
		return env.Show(render.One(e, func(e entry) string { return e.Path },
			render.Col(env.T("config.field.path"), func(e entry) any { return e.Path }),
			render.Col(env.T("config.field.value"), func(e entry) any { return e.Value }),
			render.Col(env.T("config.field.origin"), func(e entry) any { return e.Origin })))
	}
	_, err = fmt.Fprintln(env.Term.Out, env.T("config.written", "Path", path))
	return err
}

// target is the file to write: the one named by --config or AZPTU_CONFIG, the
// project's with --project, else the user's.
func (o *set) target() (string, error) {
	sources := o.env.Sources()
	switch {
	case sources.Named() != "":
		return sources.Named(), nil
	case o.here:
		return filepath.Join(sources.WorkDir, settings.FileName), nil
	case sources.Folders.Config == "":
		return "", exit.New(exit.Failed, o.env.T("config.homeless")).Hint(o.env.T("config.elsewhere"))
	}
	return filepath.Join(sources.Folders.Config, settings.FileName), nil
}

// mention warns when a stronger source hides what was written.
func (o *set) mention(key settings.Key, path string) {
	after, _ := settings.Load(o.env.Sources())
	if from := after.Get(key.Name).Origin; from != path && !o.unset && from != settings.BuiltIn {
		o.env.Warn(o.env.T("config.hidden", "Name", key.Name, "Origin", from))
	}
}

// explain words an error of SetInFile.
func (o *set) explain(path string, err error) error {
	var known *exit.Error
	if explained := o.env.Explain(err); errors.As(explained, &known) {
		return known
	}
	return exit.New(exit.Failed, o.env.T("config.unwritable", "Path", path, "Error", err.Error())).Wrap(err)
}
