package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// branch is a command below the root that is made when it is wanted: most runs
// want one alone, and making all of them takes longer than a small command.
type branch struct {
	name string
	make func() *cobra.Command
}

// grow adds the branches of a group to root: the one that is called only, or
// all of them where only is "".
func grow(root *cobra.Command, group, only string, branches []branch) {
	for _, b := range branches {
		if only != "" && only != b.name {
			continue
		}
		cmd := b.make()
		cmd.GroupID = group
		root.AddCommand(cmd)
	}
}

// called is the branch that a command line names, "" when it may want more than
// one: it names none of them, asks for help, or begins with flags that are not
// those of every command.
func called(root *cobra.Command, args []string, branches ...[]branch) string {
	word := firstWord(root.PersistentFlags(), args)
	for _, some := range branches {
		for _, b := range some {
			if b.name == word {
				return word
			}
		}
	}
	return ""
}

// firstWord is the first argument that is neither a flag of flags nor the value
// of one; "" when there is none, or when a flag comes before that is not known.
func firstWord(flags *pflag.FlagSet, args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			return arg
		}
		name, long := strings.CutPrefix(arg, "--")
		name, _, joined := strings.Cut(name, "=")
		flag := flags.Lookup(name)
		if !long {
			if len(arg) != 2 {
				return "" // several in one, or a value without a space
			}
			flag = flags.ShorthandLookup(arg[1:])
		}
		switch {
		case flag == nil:
			return ""
		case !joined && flag.NoOptDefVal == "":
			i++ // its value
		}
	}
	return ""
}
