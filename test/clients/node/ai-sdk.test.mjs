// The AI SDK with its Azure provider, on deployment paths and on v1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzure } from '@ai-sdk/azure';
import { APICallError, embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import { apiVersion, fill, target, until } from './target.mjs';

const dated = createAzure({ baseURL: `${target.endpoint}/openai`, apiKey: target.apiKey, apiVersion, useDeploymentBasedUrls: true });
const v1 = createAzure({ baseURL: `${target.endpoint}/openai/v1`, apiKey: target.apiKey });
const prompt = 'Say something short.';

for (const [name, model] of [['deployment path', dated.chat(target.chat)], ['v1', v1.chat(target.chat)], ['v1 responses', v1(target.chat)]]) {
  test(`text, ${name}`, async () => {
    const answer = await generateText({ model, prompt, maxOutputTokens: 32, maxRetries: 0 });
    assert.ok(answer.text.length > 0);
    assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
  });

  test(`stream, ${name}`, async () => {
    const answer = streamText({ model, prompt, maxOutputTokens: 32, maxRetries: 0 });
    let text = '';
    for await (const part of answer.textStream) text += part;
    assert.ok(text.length > 0);
    assert.ok((await answer.usage).outputTokens > 0);
  });
}

test('an answer can be held to a JSON schema', async () => {
  const schema = jsonSchema({ type: 'object', properties: { units: { type: 'integer' } }, required: ['units'], additionalProperties: false });
  const answer = await generateText({ model: dated.chat(target.chat), prompt: 'How many units?', output: Output.object({ schema }), maxRetries: 0 });
  assert.ok(Number.isInteger(answer.output.units));
});

test('a tool is called', async () => {
  const weather = tool({ description: 'weather of a city', inputSchema: jsonSchema({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }) });
  const answer = await generateText({ model: dated.chat(target.chat), prompt: 'Weather in Lisbon?', tools: { weather }, toolChoice: { type: 'tool', toolName: 'weather' }, maxRetries: 0 });
  assert.equal(answer.toolCalls[0].toolName, 'weather');
  assert.equal(typeof answer.toolCalls[0].input.city, 'string');
});

test('embeddings', async () => {
  const { embeddings } = await embedMany({ model: dated.textEmbedding(target.embedding), values: ['one thing', 'another'], maxRetries: 0 });
  assert.equal(embeddings.length, 2);
  assert.equal(embeddings[0].length, embeddings[1].length);
});

test('a full deployment refuses, and leaving a stream makes room at once', async () => {
  const model = dated.chat(target.small);
  const way = {
    probe: () => generateText({ model, prompt, maxOutputTokens: 16, maxRetries: 0 }),
    refused: (error) => (APICallError.isInstance(error) && error.statusCode === 429 ? Number(error.responseHeaders['retry-after-ms']) : undefined),
    start: async (abortSignal) => {
      let failure;
      const { fullStream } = streamText({ model, prompt: 'Write a long story.', maxOutputTokens: 16000, maxRetries: 0, abortSignal, onError: ({ error }) => (failure = error) });
      for await (const part of fullStream) if (part.type === 'text-delta' || part.type === 'error') break;
      if (failure) throw failure;
    },
  };
  const { wait, leave } = await fill(way);
  leave();
  await until(wait / 2, way);
});
