// LangChain, which reaches Azure through the openai library with options of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AzureChatOpenAI, AzureOpenAIEmbeddings } from '@langchain/openai';
import { apiVersion, fill, target, until } from './target.mjs';

const options = { azureOpenAIEndpoint: target.endpoint, azureOpenAIApiKey: target.apiKey, azureOpenAIApiVersion: apiVersion, maxRetries: 0 };
const chat = (deployment, more = {}) => new AzureChatOpenAI({ ...options, azureOpenAIApiDeploymentName: deployment, maxTokens: 16, ...more });

test('chat', async () => {
  const answer = await chat(target.chat).invoke('Say something short.');
  assert.ok(answer.content.length > 0);
  assert.ok(answer.usage_metadata.input_tokens > 0 && answer.usage_metadata.output_tokens > 0);
});

test('stream', async () => {
  let text = '';
  for await (const chunk of await chat(target.chat).stream('Say something short.')) text += chunk.content;
  assert.ok(text.length > 0);
});

test('embeddings', async () => {
  const { azureOpenAIEndpoint, ...rest } = options;
  const embeddings = new AzureOpenAIEmbeddings({ ...rest, azureOpenAIBasePath: `${target.endpoint}/openai/deployments`, azureOpenAIApiEmbeddingsDeploymentName: target.embedding });
  const [one, two] = await embeddings.embedDocuments(['one thing', 'another']);
  assert.ok(one.length > 100 && one.length === two.length);
});

test('a full deployment refuses, and leaving a stream makes room at once', async () => {
  const way = {
    probe: () => chat(target.small).invoke('Say something short.'),
    refused: (error) => (error.status === 429 ? Number(error.headers.get('retry-after-ms')) : undefined),
    start: async (signal) => {
      const stream = await chat(target.small, { maxTokens: 16000 }).stream('Write a long story about a lighthouse keeper.', { signal });
      await stream.next();
    },
  };
  const { wait, leave } = await fill(way);
  leave();
  await until(wait / 2, way);
});
