package calllog

import (
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/kql/value"
)

// A store that was opened with rules writes no row past them, be it a call or a
// row from elsewhere, and leaves alone what was not said by anybody.
func TestRulesGoOverEveryRow(t *testing.T) {
	rules, err := mask.New("project [A-Z]+")
	if err != nil {
		t.Fatal(err)
	}
	for name, rules := range map[string]*mask.Rules{"rules": rules, "nothing": mask.Nothing()} {
		dir := t.TempDir()
		s := open(t, dir, func(o *Options) { o.Mask = rules })
		c := sample()
		c.RequestBody = []byte(`{"messages":[{"role":"user","content":"ana@example.com asks of project X"}]}`)
		c.ErrorMessage, c.Key = "ana@example.com was refused", "ana@example.com"
		s.Record(c)
		for table, row := range map[string]string{
			GatewayLogs: `{"RequestBody":"{\"messages\":[{\"content\":\"ana@example.com\\nasks of project X\"}]}","BackendRequestBody":{"content":"ana@example.com"},"LastErrorMessage":"no ana@example.com","ApimSubscriptionId":"ana@example.com"}`,
			LLMLog:      `{"RequestMessages":[{"content":"ana@example.com asks of project X"}],"ResponseMessages":"ana@example.com"}`,
			Calls:       `{"CallId":"c","ResponseBody":"plain, of ana@example.com","Key":"ana@example.com"}`,
		} {
			if _, err := s.AppendRows(table, [][]byte{[]byte(row)}); err != nil {
				t.Fatal(err)
			}
		}
		flush(t, s)
		for table, at := range erasable {
			for _, column := range at.said {
				for _, cell := range read(t, NewView(dir), table, column) {
					text := value.Text(cell)
					if strings.Contains(text, "ana@") || strings.Contains(text, "project X") || name == "nothing" && text != "" {
						t.Errorf("%s: %s.%s holds %s", name, table, column, text)
					}
				}
			}
		}
		for _, cell := range read(t, NewView(dir), Calls, "Key") {
			if value.Text(cell) != "ana@example.com" {
				t.Errorf("a key became %s", value.Text(cell))
			}
		}
		if got := value.Text(read(t, NewView(dir), GatewayLogs, "RequestBody")[1]); name == "rules" && got != `{"messages":[{"content":"***\nasks of ***"}]}` {
			t.Errorf("masked as %s", got)
		}
	}
}
