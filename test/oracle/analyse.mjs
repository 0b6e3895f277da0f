// Reads {tables, queries} from standard input, analyses each query with Microsoft's own
// parser and binder of the Kusto language, and prints for each a line of JSON: its errors,
// or the names and types of the columns of its result.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { runInThisContext } from 'node:vm'

const folder = createRequire(import.meta.url).resolve('@kusto/language-service-next').replace(/[^/\\]*$/, '')
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) runInThisContext(readFileSync(folder + file, 'utf8'), { filename: file })
const { Kusto, Bridge } = globalThis
const { Symbols, GlobalState, KustoCode } = Kusto.Language

const { tables, queries } = JSON.parse(readFileSync(0, 'utf8'))
const schema = (columns) => '(' + columns.map(([name, type]) => `['${name}']:${type}`).join(', ') + ')'
const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(schema(columns)).WithName(name))
const database = new Symbols.DatabaseSymbol.ctor('db', symbols)
const globals = GlobalState.Default.WithDatabase(database)

const each = (xs) => { const out = [], e = Bridge.getEnumerator(xs); while (e.moveNext()) out.push(e.Current); return out }

for (const text of queries) {
  const code = KustoCode.ParseAndAnalyze(text, globals)
  const errors = each(code.GetDiagnostics()).filter((d) => d.Severity === 'Error').map((d) => `${d.Code} ${d.Message}`)
  const result = code.ResultType
  const columns = result?.Columns ? each(result.Columns).map((c) => [c.Name, c.Type.Name]) : null
  process.stdout.write(JSON.stringify({ errors, columns, open: result?.IsOpen ?? false }) + '\n')
}
