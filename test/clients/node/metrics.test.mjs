// @azure/monitor-query-metrics: calls just made are found in the metrics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { MetricsClient } from '@azure/monitor-query-metrics';
import { AzureOpenAI } from 'openai';
import { apiVersion, modest, target } from './target.mjs';

const credential = new ClientSecretCredential(target.tenantId, target.clientId, target.clientSecret, {
  authorityHost: target.authorityUrl,
  disableInstanceDiscovery: true,
});
const account = `/subscriptions/${target.subscriptionId}/resourceGroups/${target.resourceGroup}/providers/Microsoft.CognitiveServices/accounts/${target.account}`;

test('calls are counted by status', async () => {
  const client = new AzureOpenAI({ endpoint: target.endpoint, apiKey: target.apiKey, apiVersion, maxRetries: 0 });
  const metrics = new MetricsClient(target.metricsUrl, credential);
  const count = async () => {
    const [answer] = await metrics.queryResources([account], ['AzureOpenAIRequests'], 'Microsoft.CognitiveServices/accounts', {
      aggregation: 'Total',
      interval: 'PT1M',
      filter: `ModelDeploymentName eq '${target.chat}' and StatusCode eq '*'`,
    });
    let total = 0;
    for (const series of answer.metrics[0].timeseries) for (const point of series.data) total += point.total ?? 0;
    return total;
  };
  const before = await count();
  for (let i = 0; i < 3; i++) await client.chat.completions.create({ model: target.chat, ...modest });
  assert.ok((await count()) >= before + 3);
});
