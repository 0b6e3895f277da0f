package logs

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/azptu/azptu/internal/azure/logquery"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// Where a query can be sent instead of to a folder.
const (
	onWorkspace = "workspace"
	onExplorer  = "adx"
)

// askAzure sends the text to Azure.
func (o *queryOptions) askAzure(ctx context.Context, text string) (*kql.Result, error) {
	if err := o.placed(); err != nil {
		return nil, err
	}
	way, err := reach(o.env)
	if err != nil {
		return nil, err
	}
	var span logquery.Span
	if o.since > 0 {
		now := o.env.Now()
		span = logquery.Span{From: now.Add(-o.since), To: now}
	}
	var tables []logquery.Table
	if o.on == onWorkspace {
		if way.cloud.Logs == "" {
			return nil, exit.New(exit.Failed, o.env.T("logs.on-nowhere", "Cloud", way.cloud.Name))
		}
		tables, err = logquery.Workspace(ctx, way.cloud.Logs, way.cloud.Logs, o.workspace, text, span, way.query)
	} else {
		tables, err = logquery.Explorer(ctx, o.cluster, o.database, text, "TimeGenerated", span, way.query)
	}
	if err != nil {
		return nil, o.explainRemote(err)
	}
	result := &kql.Result{}
	for _, t := range tables {
		result.Tables = append(result.Tables, typed(t))
	}
	return result, nil
}

// placed checks that the place is one, and that it is known where it is.
func (o *queryOptions) placed() error {
	var missing string
	switch {
	case o.on != onWorkspace && o.on != onExplorer:
		return o.env.NotOneOf("--on", o.on, []string{onWorkspace, onExplorer})
	case o.on == onWorkspace && o.workspace == "":
		missing = "--workspace"
	case o.on == onExplorer && o.cluster == "":
		missing = "--cluster"
	case o.on == onExplorer && o.database == "":
		missing = "--database"
	default:
		return nil
	}
	return exit.New(exit.Usage, o.env.T("logs.on-needs", "Place", o.on, "Flag", missing))
}

// explainRemote says what Azure said.
func (o *queryOptions) explainRemote(err error) error {
	var said *logquery.Error
	if !errors.As(err, &said) {
		return session.Explain(o.env, err)
	}
	code := exit.Failed
	switch said.Status {
	case 400:
		code = exit.Validation
	case 401, 403:
		code = exit.Permission
	case 404:
		code = exit.NotFound
	}
	return exit.New(code, o.env.T("logs.on-refused", "Place", o.on, "Message", said.Message)).Wrap(err)
}

// typed is a table of Azure as one of ours.
func typed(t logquery.Table) kql.ResultTable {
	out := kql.ResultTable{Name: t.Name, Len: len(t.Rows)}
	for i, c := range t.Columns {
		kind, ok := value.TypeByName(c.Type)
		if !ok {
			kind = value.Dynamic
		}
		b := value.NewBuilder(kind, len(t.Rows))
		for _, row := range t.Rows {
			if i < len(row) {
				b.Append(typedCell(row[i], kind))
			} else {
				b.AppendNull()
			}
		}
		out.Columns, out.Data = append(out.Columns, kql.ResultColumn{Name: c.Name, Type: kind}), append(out.Data, b.Finish())
	}
	return out
}

// typedCell is a cell as a value of its column's type.
func typedCell(cell any, kind value.Type) value.Value {
	if cell == nil {
		return value.NullOf(kind)
	}
	if text, ok := cell.(string); ok {
		if kind == value.Dynamic {
			return value.OfDynamic(value.ParseJSONOrText(text))
		}
		return value.Convert(value.OfString(text), kind)
	}
	raw, err := json.Marshal(cell)
	if err != nil {
		return value.NullOf(kind)
	}
	x, _ := value.ParseJSON(string(raw))
	if kind == value.Dynamic {
		return value.OfDynamic(x)
	}
	return value.Convert(value.OfDynamic(x), kind)
}
