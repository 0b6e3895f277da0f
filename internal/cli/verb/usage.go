package verb

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/settings"
)

// UnknownCommand is the error for a word that is no command of cmd.
func (e *Env) UnknownCommand(cmd *cobra.Command, word string) error {
	err := exit.New(exit.Usage, e.T("cli.command-unknown", "Name", word, "Parent", cmd.CommandPath()))
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(append(names, child.Name()), child.Aliases...)
		}
	}
	if near := Nearest(word, names); near != "" {
		err.Hint(e.T("cli.did-you-mean", "Name", cmd.CommandPath()+" "+near))
	}
	return err.Hint(e.T("cli.see-help", "Command", cmd.CommandPath()))
}

// Misspelt is the error for a command line that got no further than a command
// which only holds others: its first argument is no command. It is nil where
// there is no such argument. It can be asked when flags have been parsed.
func (e *Env) Misspelt(cmd *cobra.Command) error {
	words := cmd.Flags().Args()
	if len(words) == 0 || !cmd.HasAvailableSubCommands() || cmd.Annotations[holder] == "" {
		return nil
	}
	return e.UnknownCommand(cmd, words[0])
}

// FlagError turns what pflag says about a command line into our words.
func (e *Env) FlagError(cmd *cobra.Command, err error) error {
	if err := e.Misspelt(cmd); err != nil {
		return err // its flags are strange because it is not the command that was meant
	}
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	out := exit.New(exit.Usage, err.Error())
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		out = exit.New(exit.Usage, e.T("cli.flag-unknown", "Name", name, "Command", cmd.CommandPath()))
		if near := Nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" && strings.HasPrefix(name, "--") {
			out.Hint(e.T("cli.did-you-mean", "Name", "--"+near))
		}
	case errors.As(err, &valueless):
		out = exit.New(exit.Usage, e.T("cli.flag-valueless", "Name", "--"+valueless.GetFlag().Name))
	case errors.As(err, &invalid):
		key := "cli.flag-invalid"
		switch kind := invalid.GetFlag().Value.Type(); {
		case strings.HasPrefix(kind, "int"):
			key = "cli.flag-not-whole"
		case kind == "duration":
			key = "cli.flag-not-duration"
		}
		out = exit.New(exit.Usage, e.T(key, "Name", "--"+invalid.GetFlag().Name, "Value", shorten(invalid.GetValue())))
	case errors.As(err, &syntax):
		out = exit.New(exit.Usage, e.T("cli.flag-syntax", "Name", syntax.GetSpecifiedFlag()))
	}
	return out.Hint(e.T("cli.see-help", "Command", cmd.CommandPath())).Wrap(err)
}

// NotOneOf is the usage error for a flag whose value must be one of a few.
func (e *Env) NotOneOf(flag, value string, allowed []string) error {
	err := exit.New(exit.Usage, e.T("cli.not-one-of", "Name", flag, "Value", shorten(value), "Known", strings.Join(allowed, ", ")))
	if near := Nearest(value, allowed); near != "" {
		err.Hint(e.T("cli.did-you-mean", "Name", near))
	}
	return err
}

// NotFitting is the usage error for a value that a flag cannot have.
func (e *Env) NotFitting(flag, value string) error {
	return exit.New(exit.Usage, e.T("cli.flag-invalid", "Name", flag, "Value", shorten(value)))
}

// Contradiction is the usage error for two flags that cannot both hold.
func (e *Env) Contradiction(one, other string) error {
	return exit.New(exit.Usage, e.T("cli.flags-contradict", "One", one, "Other", other))
}

// Explain turns errors of package settings into errors to be printed; others
// are returned as they are, nil too.
func (e *Env) Explain(err error) error {
	var value *settings.ValueError
	var invalid *settings.InvalidError
	var unreadable *settings.ReadError
	switch {
	case errors.As(err, &invalid):
		out := exit.New(exit.Validation, e.N("settings.invalid", len(invalid.Faults), "Path", invalid.Path))
		for _, fault := range invalid.Faults[:min(len(invalid.Faults), 5)] {
			out.Message += "\n  " + fault.Path + ": " + e.T(fault.Problem, fault.Args...)
		}
		return out.Hint(e.T("settings.run-check")).Wrap(err)
	case errors.As(err, &unreadable):
		return exit.New(exit.Usage, e.T("settings.unreadable", "Path", unreadable.Path, "Error", unreadable.Err.Error())).Wrap(err)
	case errors.As(err, &value):
		if value.Key.Allowed != nil {
			return e.NotOneOf(value.Origin, value.Value, value.Key.Allowed)
		}
		return exit.New(exit.Usage, value.Origin+": "+e.T(value.Key.Misfit(), "Value", shorten(value.Value))).Wrap(err)
	}
	return err
}

// stateError explains a state file that cannot be used.
func (e *Env) stateError(err error) error {
	var state *settings.StateError
	switch {
	case errors.Is(err, settings.ErrNoFolder):
		return exit.New(exit.Failed, e.T("settings.state-homeless")).Hint(e.T("settings.state-elsewhere")).Wrap(err)
	case errors.As(err, &state):
		return exit.New(exit.Failed, e.T("settings.state-unusable", "Path", state.Path, "Error", state.Err.Error())).
			Hint(e.T("settings.state-elsewhere")).Wrap(err)
	}
	return err
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// shorten keeps a value of any length presentable in a message.
func shorten(value string) string {
	runes := []rune(value)
	if len(runes) > 60 {
		return string(runes[:57]) + "..."
	}
	return value
}
