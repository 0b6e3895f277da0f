package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

var tsvEscapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// writeTSV writes one line per row, without a head, every column, for cut, awk
// and spreadsheets. Tabs and line ends inside a value are written \t and \n.
func writeTSV(w io.Writer, v View) error {
	out := bufio.NewWriter(w)
	for _, row := range v.Rows {
		for i := range v.Columns {
			if i > 0 {
				out.WriteByte('\t')
			}
			tsvEscapes.WriteString(out, plain(cell(row, i)))
		}
		out.WriteByte('\n')
	}
	return out.Flush()
}

// writeNames writes one name a line.
func writeNames(w io.Writer, names []string) error {
	out := bufio.NewWriter(w)
	for _, name := range names {
		fmt.Fprintln(out, tsvEscapes.Replace(name))
	}
	return out.Flush()
}
