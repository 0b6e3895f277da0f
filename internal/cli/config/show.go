package config

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

type show struct {
	env     *verb.Env
	section string
	origin  bool
}

func newShow(env *verb.Env) *cobra.Command {
	o := &show{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "show [SECTION]", Help: "config.show", Run: func(_ context.Context, args []string) error {
		if len(args) > 0 {
			o.section = args[0]
		}
		return o.run()
	}})
	cmd.Flags().BoolVar(&o.origin, "origin", false, "config.flag.origin")
	cmd.ValidArgs = sections()
	return cmd
}

func sections() []string {
	return []string{"settings", "deployment_types", "ptu_requirements", "ptu_models", "messages"}
}

func (o *show) run() error {
	env := o.env
	if o.section != "" && !contains(sections(), o.section) {
		return env.NotOneOf(env.Argument("SECTION"), o.section, sections())
	}
	effective, err := o.effective()
	if err != nil {
		return err
	}
	entries := effective.entries
	view := render.List(entries, func(e entry) string { return e.Path },
		render.Col(env.T("config.field.path"), func(e entry) any { return e.Path }),
		render.Col(env.T("config.field.value"), func(e entry) any { return e.Value }),
		render.Col(env.T("config.field.origin"), func(e entry) any { return e.Origin }),
	)
	if !o.origin {
		view.Columns[2].Wide = true
		view.Value = effective.document
	}
	return env.Show(view)
}

// entry is one value that is in force, as `config show --origin` lists it.
type entry struct {
	Path   string `json:"path"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// effective is the configuration in force: as the document that would state
// it, and value by value.
type effective struct {
	document map[string]any // sections of a config_consolidated.json
	entries  []entry
}

func (o *show) effective() (*effective, error) {
	configured, err := o.env.Settings()
	if err != nil {
		return nil, o.env.Explain(err)
	}
	out := &effective{document: map[string]any{}}
	wanted := func(section string) bool { return o.section == "" || o.section == section }
	if wanted("settings") {
		out.settings(configured)
	}
	if wanted("deployment_types") {
		out.types(configured, o.env.Printer().Language())
	}
	if wanted("ptu_requirements") || wanted("ptu_models") {
		published, err := o.env.Catalog()
		if err != nil {
			return nil, err
		}
		if wanted("ptu_requirements") {
			out.requirements(published)
		}
		if wanted("ptu_models") {
			out.models(published, configured)
		}
	}
	if wanted("messages") {
		out.messages(configured)
	}
	if o.section == "messages" {
		if err := out.builtInMessages(o.env.Printer().Language()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *effective) add(path string, value any, origin string) {
	e.entries = append(e.entries, entry{path, value, origin})
}

func (e *effective) settings(configured *settings.Settings) {
	section := map[string]any{}
	for _, key := range settings.Keys() {
		value := configured.Get(key.Name)
		section[key.Name] = key.Typed(value.Text)
		e.add("settings."+key.Name, section[key.Name], value.Origin)
	}
	e.document["settings"] = section
}
