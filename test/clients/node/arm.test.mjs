// @azure/arm-cognitiveservices: deployments are made, changed, migrated, refused and deleted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CognitiveServicesManagementClient } from '@azure/arm-cognitiveservices';
import { ClientSecretCredential } from '@azure/identity';
import { target } from './target.mjs';

const credential = new ClientSecretCredential(target.tenantId, target.clientId, target.clientSecret, {
  authorityHost: target.authorityUrl,
  disableInstanceDiscovery: true,
});
const client = new CognitiveServicesManagementClient(credential, target.subscriptionId, {
  endpoint: target.armUrl,
  credentialScopes: 'https://management.azure.com/.default',
});
const { deployments } = client;
const where = [target.resourceGroup, target.account];
// The emulator's operations take moments.
const quick = { updateIntervalInMs: 100 };
const model = (version) => ({ format: 'OpenAI', name: 'gpt-4o', version });
const wanted = (capacity, version = '2024-08-06') => ({ sku: { name: 'ProvisionedManaged', capacity }, properties: { model: model(version) } });

async function collect(pages) {
  const all = [];
  for await (const item of pages) all.push(item);
  return all;
}

test('account, keys, models, usages, SKUs', async () => {
  const account = await client.accounts.get(...where);
  assert.equal(account.properties.provisioningState, 'Succeeded');
  assert.ok((await collect(client.accounts.listByResourceGroup(target.resourceGroup))).some((a) => a.name === target.account));
  assert.equal((await client.accounts.listKeys(...where)).key1, target.accountKey);
  const models = await collect(client.models.list(target.location));
  const offered = models.find((m) => m.model.name === 'gpt-4o' && m.model.version === '2024-08-06');
  assert.ok(offered.model.skus.some((s) => s.name === 'ProvisionedManaged' && s.capacity.step > 0));
  const rows = await collect(client.usages.list(target.location));
  assert.ok(rows.some((r) => r.name.value === 'OpenAI.ProvisionedManaged' && r.limit >= r.currentValue));
  const capacities = await collect(client.modelCapacities.list('OpenAI', 'gpt-4o', '2024-08-06'));
  assert.ok(capacities.some((c) => c.properties.skuName === 'ProvisionedManaged'));
});

test('a deployment: create, follow, list, resize, delete', async () => {
  const name = 'node-arm';
  const made = await deployments.beginCreateOrUpdateAndWait(...where, name, wanted(50), quick);
  assert.equal(made.properties.provisioningState, 'Succeeded');
  assert.equal(made.sku.capacity, 50);
  assert.ok((await collect(deployments.list(...where))).some((d) => d.name === name));
  const grown = await deployments.beginUpdateAndWait(...where, name, { sku: { name: 'ProvisionedManaged', capacity: 100 } }, quick);
  assert.equal(grown.sku.capacity, 100);
  await deployments.beginDeleteAndWait(...where, name, quick);
  await assert.rejects(deployments.get(...where, name), (error) => error.statusCode === 404);
});

test('a migration in place is seen as Updating, then Succeeded', async () => {
  const name = 'node-migration';
  await deployments.beginCreateOrUpdateAndWait(...where, name, wanted(50, '2024-05-13'), quick);
  const poller = await deployments.beginCreateOrUpdate(...where, name, wanted(50, '2024-08-06'), quick);
  const during = await deployments.get(...where, name);
  assert.equal(during.properties.provisioningState, 'Updating');
  const done = await poller.pollUntilDone();
  assert.equal(done.properties.provisioningState, 'Succeeded');
  assert.equal(done.properties.model.version, '2024-08-06');
  await deployments.beginDeleteAndWait(...where, name, quick);
});

test('more than the quota is refused, and so is what is no size', async () => {
  await assert.rejects(deployments.beginCreateOrUpdateAndWait(...where, 'node-too-much', wanted(100000), quick), (error) => error.statusCode === 400 && error.code === 'InsufficientQuota');
  await assert.rejects(deployments.beginCreateOrUpdateAndWait(...where, 'node-no-step', wanted(75), quick), (error) => error.statusCode === 400);
  await assert.rejects(deployments.beginCreateOrUpdateAndWait(...where, 'node-no-model', { ...wanted(50), properties: { model: { format: 'OpenAI', name: 'gpt-none', version: '1' } } }), (error) => error.statusCode === 400);
});
