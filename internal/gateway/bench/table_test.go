package bench

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"
)

// row is one line of the table that a run ends with.
type row struct{ what, value string }

var table []row

func note(what, format string, args ...any) {
	r := row{what, fmt.Sprintf(format, args...)}
	for _, old := range table {
		if old == r {
			return
		}
	}
	table = append(table, r)
}

func printTable(out io.Writer) {
	if len(table) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range table {
		fmt.Fprintf(w, "%s\t%s\n", r.what, r.value)
	}
	_ = w.Flush()
}

// testCommand is this test binary in another role.
func testCommand(as string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+as)
	return cmd
}
