package render

import (
	"encoding/csv"
	"io"
)

// writeCSV writes a head and one record per row, every column, as RFC 4180 has
// it but with bare line ends.
func writeCSV(w io.Writer, v View) error {
	out := csv.NewWriter(w)
	record := make([]string, len(v.Columns))
	for i, c := range v.Columns {
		record[i] = c.Title
	}
	if len(record) > 0 {
		if err := out.Write(record); err != nil {
			return err
		}
	}
	for _, row := range v.Rows {
		for i := range v.Columns {
			record[i] = plain(cell(row, i))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
