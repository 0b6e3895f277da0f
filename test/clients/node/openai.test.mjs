// openai, the library of the model's makers, in both of its ways to Azure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { AzureOpenAI, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { apiVersion, fill, greedy, modest, target, until } from './target.mjs';

const azure = new AzureOpenAI({ endpoint: target.endpoint, apiKey: target.apiKey, apiVersion, maxRetries: 0 });
const v1 = new OpenAI({
  baseURL: `${target.endpoint}/openai/v1/`,
  apiKey: target.apiKey,
  defaultHeaders: { 'api-key': target.apiKey },
  maxRetries: 0,
});

for (const [name, client] of [['dated api-version', azure], ['v1', v1]]) {
  test(`chat, ${name}`, async () => {
    const answer = await client.chat.completions.create({ model: target.chat, ...modest });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.ok(['stop', 'length'].includes(answer.choices[0].finish_reason));
    assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0);
    assert.ok(answer.usage.completion_tokens <= modest.max_tokens);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  });

  test(`stream, ${name}`, async () => {
    const stream = await client.chat.completions.create({ model: target.chat, ...modest, stream: true, stream_options: { include_usage: true } });
    let text = '';
    let usage;
    let finish;
    for await (const chunk of stream) {
      if (chunk.choices.length > 0) {
        text += chunk.choices[0].delta.content ?? '';
        finish ??= chunk.choices[0].finish_reason ?? undefined;
      }
      usage = chunk.usage ?? usage;
    }
    assert.ok(text.length > 0);
    assert.ok(['stop', 'length'].includes(finish));
    assert.ok(usage.completion_tokens > 0 && usage.completion_tokens <= modest.max_tokens);
  });
}

test('the same question with the same seed has the same answer', async () => {
  const ask = () => azure.chat.completions.create({ model: target.chat, ...modest, seed: 7 });
  const [one, two] = [await ask(), await ask()];
  assert.equal(one.choices[0].message.content, two.choices[0].message.content);
});

test('embeddings: base64, as the library asks by itself, and plain numbers agree', async () => {
  const input = ['provisioned throughput', 'something else'];
  const packed = await azure.embeddings.create({ model: target.embedding, input });
  const plain = await azure.embeddings.create({ model: target.embedding, input, encoding_format: 'float' });
  assert.equal(packed.data.length, 2);
  assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
  packed.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - plain.data[0].embedding[i]) < 1e-6));
  assert.notDeepEqual(packed.data[0].embedding, packed.data[1].embedding);
});

test('tools are called with arguments that parse', async () => {
  const answer = await azure.chat.completions.create({
    model: target.chat,
    messages: [{ role: 'user', content: 'What is the weather in Lisbon?' }],
    tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  });
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'weather');
  assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');
});

test('an answer can be held to a JSON schema', async () => {
  const schema = { type: 'object', properties: { units: { type: 'integer' }, reason: { type: 'string' } }, required: ['units', 'reason'], additionalProperties: false };
  const answer = await azure.chat.completions.create({
    model: target.chat,
    messages: [{ role: 'user', content: 'How many units?' }],
    response_format: { type: 'json_schema', json_schema: { name: 'sizing', strict: true, schema } },
  });
  const got = JSON.parse(answer.choices[0].message.content);
  assert.ok(Number.isInteger(got.units));
  assert.equal(typeof got.reason, 'string');
});

test('responses', async () => {
  const answer = await v1.responses.create({ model: target.chat, input: 'Say something short.', max_output_tokens: 32 });
  assert.ok(answer.output_text.length > 0);
  assert.ok(answer.usage.output_tokens > 0);
});

test('errors have the class and code of their kind', async () => {
  const stranger = new AzureOpenAI({ endpoint: target.endpoint, apiKey: 'not-a-key', apiVersion, maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create({ model: target.chat, ...modest }), (error) => error instanceof AuthenticationError && error.status === 401);
  await assert.rejects(azure.chat.completions.create({ model: 'no-such-deployment', ...modest }), (error) => error instanceof NotFoundError);
  await assert.rejects(azure.chat.completions.create({ model: target.chat, messages: [] }), (error) => error instanceof BadRequestError);
});

const way = {
  probe: () => azure.chat.completions.create({ model: target.small, ...modest }),
  refused: (error) => (error instanceof RateLimitError ? Number(error.headers.get('retry-after-ms')) : undefined),
  start: async (signal) => {
    const stream = await azure.chat.completions.create({ model: target.small, ...greedy, stream: true }, { signal });
    await stream[Symbol.asyncIterator]().next();
  },
};

test('a full deployment refuses, and leaving a stream makes room at once', async () => {
  const { wait, leave } = await fill(way);
  assert.ok(wait > 2000, `a deployment full for minutes asks for a wait, not ${wait} ms`);
  leave();
  await until(wait / 2, way);
});

test('the library sleeps as long as it is told and then gets through', async () => {
  for (let i = 0, full = false; !full; i++) {
    assert.ok(i < 20, 'the deployment never refused a call');
    const burst = Array.from({ length: 8 }, () => azure.chat.completions.create({ model: target.small, ...modest, max_tokens: 1500 }));
    for (const { reason } of await Promise.allSettled(burst)) {
      if (reason === undefined) continue;
      assert.ok(way.refused(reason) > 0, String(reason));
      full = true;
    }
  }
  const patient = new AzureOpenAI({ endpoint: target.endpoint, apiKey: target.apiKey, apiVersion, maxRetries: 10 });
  const answer = await patient.chat.completions.create({ model: target.small, ...modest });
  assert.ok(answer.choices[0].message.content.length > 0);
});
