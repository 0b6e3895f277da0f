// Runs the token-usage query in DuckDB over the compacted segments in the folder given, once
// for each line it reads, and prints what each run took: rows, wall and processor seconds.
import { createInterface } from 'node:readline'
import { DuckDBInstance } from '@duckdb/node-api'

const [folder, threads] = process.argv.slice(2)
const db = await (await DuckDBInstance.create(':memory:', { threads })).connect()
const query = `
  SELECT CallerIpAddress AS ip, BackendResponseBody__model AS model,
         sum(BackendResponseBody__usage_prompt_tokens), sum(BackendResponseBody__usage_completion_tokens),
         sum(BackendResponseBody__usage_total_tokens), avg(BackendResponseBody__usage_total_tokens)
  FROM read_parquet('${folder.replaceAll("'", "''")}/*.parquet')
  WHERE lower(OperationId) IN ('completions_create', 'chatcompletions_create') AND ResponseCode = 200 AND BackendResponseBody__model <> ''
  GROUP BY ALL`
for await (const _ of createInterface({ input: process.stdin })) {
  const cpu = process.cpuUsage(), start = process.hrtime.bigint()
  const rows = (await db.runAndReadAll(query)).currentRowCount
  const wall = Number(process.hrtime.bigint() - start) / 1e9, used = process.cpuUsage(cpu)
  console.log(JSON.stringify({ rows, wall, cpu: (used.user + used.system) / 1e6 }))
}
