// @azure/monitor-query-logs and azure-kusto-data: both ask the same rows, of the
// emulator's workspace or of `azptu logs serve`, and get them typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query-logs';
import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from 'azure-kusto-data';
import { target } from './target.mjs';

// A token that stands for itself opens `logs serve`; the emulator signs in.
const credential = target.logsToken
  ? { getToken: async () => ({ token: target.logsToken, expiresOnTimestamp: Date.now() + 3600_000 }) }
  : new ClientSecretCredential(target.tenantId, target.clientId, target.clientSecret, {
      authorityHost: target.authorityUrl,
      disableInstanceDiscovery: true,
    });
const logs = new LogsQueryClient(credential, { endpoint: `${target.logsUrl}/v1`, audience: 'https://api.loganalytics.io', retryOptions: { maxRetries: 0 } });
const explorer = new Client(KustoConnectionStringBuilder.withTokenCredential(target.kustoUrl, credential));

const day = { duration: 'P1D' };
const question =
  'Calls | summarize calls = count(), tokens = sum(TotalTokens), cost = sum(CostUsd), newest = max(TimeGenerated), streamed = countif(Stream) by Model | order by Model asc';

test('Log Analytics: rows come typed', async () => {
  const answer = await logs.queryWorkspace(target.workspaceId, question, day);
  assert.equal(answer.status, LogsQueryResultStatus.Success);
  const [table] = answer.tables;
  assert.deepEqual(table.columnDescriptors.map((c) => [c.name, c.type]), [
    ['Model', 'string'], ['calls', 'long'], ['tokens', 'long'], ['cost', 'real'], ['newest', 'datetime'], ['streamed', 'long'],
  ]);
  assert.deepEqual(table.rows.map((r) => r.slice(0, 3)), [['gpt-4o', 2, 30], ['gpt-5', 1, 15]]);
  assert.ok(table.rows[0][4] instanceof Date && Math.abs(Date.now() - table.rows[0][4]) < 600_000);
});

test('Log Analytics: the time span bounds the rows', async () => {
  const answer = await logs.queryWorkspace(target.workspaceId, 'Calls | count', { startTime: new Date('2020-01-01'), endTime: new Date('2020-01-02') });
  assert.deepEqual(answer.tables[0].rows, [[0]]);
});

test('Log Analytics: several queries in one request', async () => {
  const answers = await logs.queryBatch([
    { workspaceId: target.workspaceId, query: 'Calls | count', timespan: day },
    { workspaceId: target.workspaceId, query: 'Calls | wher 1', timespan: day },
  ]);
  assert.deepEqual(answers[0].tables[0].rows, [[3]]);
  assert.equal(answers[1].status, LogsQueryResultStatus.PartialFailure); // what this client calls any error with a body
  assert.equal(answers[1].partialError.code, 'BadArgumentError');
});

test('Log Analytics: a faulty query is refused', async () => {
  await assert.rejects(logs.queryWorkspace(target.workspaceId, 'Calls | wher 1', day), (e) => e.statusCode === 400 && e.code === 'BadArgumentError');
});

test('Data Explorer: rows come typed', async () => {
  const answer = await explorer.execute(target.kustoDatabase, question);
  const [table] = answer.primaryResults;
  assert.deepEqual(table.columns.map((c) => [c.name, c.type]), [
    ['Model', 'string'], ['calls', 'long'], ['tokens', 'long'], ['cost', 'real'], ['newest', 'datetime'], ['streamed', 'long'],
  ]);
  const rows = [...table.rows()].map((r) => r.toJSON());
  assert.deepEqual(rows.map((r) => [r.Model, r.calls, r.tokens]), [['gpt-4o', 2, 30], ['gpt-5', 1, 15]]);
  assert.ok(Math.abs(rows[0].cost - 0.5) < 1e-9);
});

test('Data Explorer: parameters and the first version of the protocol', async () => {
  const properties = new ClientRequestProperties();
  properties.setParameter('wanted', 'gpt-5');
  const answer = await explorer.executeQueryV1(target.kustoDatabase, "declare query_parameters(wanted: string); Calls | where Model == wanted | count", properties);
  assert.equal([...answer.primaryResults[0].rows()][0].getValueAt(0), 1);
});

test('Data Explorer: commands that tools send', async () => {
  const answer = await explorer.execute(target.kustoDatabase, '.show tables');
  const names = [...answer.primaryResults[0].rows()].map((r) => r.toJSON().TableName);
  assert.ok(names.includes('Calls') && names.includes('ApiManagementGatewayLogs'), names.join());
});

test('Data Explorer: a faulty query is refused', async () => {
  await assert.rejects(explorer.execute(target.kustoDatabase, 'Calls | wher 1'), (e) => e.response?.status === 400 || /400|wher/.test(e.message));
});
