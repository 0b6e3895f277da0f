// @azure/identity: a client secret, right and wrong, and its token on the data plane.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential, getBearerTokenProvider } from '@azure/identity';
import { AuthenticationError, AzureOpenAI } from 'openai';
import { apiVersion, modest, target } from './target.mjs';

const scope = 'https://cognitiveservices.azure.com/.default';
const options = { authorityHost: target.authorityUrl, disableInstanceDiscovery: true };

test('a token is signed for the tenant and opens the data plane', async () => {
  const credential = new ClientSecretCredential(target.tenantId, target.clientId, target.clientSecret, options);
  const { token, expiresOnTimestamp } = await credential.getToken(scope);
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.equal(claims.tid, target.tenantId);
  assert.ok(expiresOnTimestamp > Date.now());
  const client = new AzureOpenAI({ endpoint: target.bearerEndpoint, azureADTokenProvider: getBearerTokenProvider(credential, scope), apiVersion, maxRetries: 0 });
  const answer = await client.chat.completions.create({ model: target.chat, ...modest });
  assert.ok(answer.choices[0].message.content.length > 0);
});

test('a wrong secret is refused in words', async () => {
  const credential = new ClientSecretCredential(target.tenantId, target.clientId, 'not-the-secret', options);
  await assert.rejects(credential.getToken(scope), /AADSTS7000215/);
});

test('a token that nobody signed is refused', async () => {
  const forged = async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
  const client = new AzureOpenAI({ endpoint: target.bearerEndpoint, azureADTokenProvider: forged, apiVersion, maxRetries: 0 });
  await assert.rejects(client.chat.completions.create({ model: target.chat, ...modest }), (error) => error instanceof AuthenticationError);
});
