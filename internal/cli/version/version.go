// Package version tells which azptu this is.
package version

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
)

// sdk is what azptu speaks to Azure with; the manual's text names it.
const sdk = "Azure SDK for Go"

// about is the JSON of `azptu version`.
type about struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Date     string `json:"date"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	SDK      string `json:"sdk"`
}

// New makes the command `azptu version`.
func New(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "version", Help: "version", Lenient: true, Run: func(context.Context, []string) error {
		a := about{
			Version: env.Build.Version, Commit: env.Build.Commit, Date: env.Build.Date,
			Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, SDK: sdk,
		}
		if env.Verbatim(verb.Documented) {
			_, err := io.WriteString(env.Term.Out, env.T("version.text", "Version", a.Version, "Build", a.build(), "SDK", sdk)+"\n")
			return err
		}
		return env.Show(render.One(a, func(a about) string { return a.Version },
			render.Col(env.T("version.field.version"), func(a about) any { return a.Version }),
			render.Col(env.T("version.field.commit"), func(a about) any { return a.Commit }),
			render.Col(env.T("version.field.date"), func(a about) any { return a.Date }),
			render.Col("Go", func(a about) any { return a.Go }),
			render.Col(env.T("version.field.platform"), func(a about) any { return a.Platform }),
			render.Col("SDK", func(a about) any { return a.SDK }),
		))
	}})
}

// build says in brackets what the version number does not.
func (a about) build() string {
	day, _, _ := strings.Cut(a.Date, "T")
	return fmt.Sprintf("(%s, %s, %s, %s)", cmp.Or(a.Commit, "dev"), cmp.Or(day, "-"), a.Go, a.Platform)
}
