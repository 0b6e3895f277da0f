// Managed identity, as on App Service or on a virtual machine: the environment
// decides which. One process a kind, since the library keeps the first it finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManagedIdentityCredential } from '@azure/identity';
import { target } from './target.mjs';

test('a managed identity gets a token', async () => {
  const { token } = await new ManagedIdentityCredential().getToken('https://cognitiveservices.azure.com/.default');
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.equal(claims.tid, target.tenantId);
});
