// What the suites run against: AZPTU_CLIENTS_TARGET names a JSON file with the
// fields of emulator.json, and endpoint, apiKey and deployment names of the
// data plane, which may be the emulator's own or those of a gateway before it.
import { readFileSync } from 'node:fs';

export const target = JSON.parse(readFileSync(process.env.AZPTU_CLIENTS_TARGET, 'utf8'));

// What the clients of this data plane were written for.
export const apiVersion = '2024-10-21';

// Ask for so much that a deployment of the least size is full for minutes.
export const greedy = {
  messages: [{ role: 'user', content: 'Write a long story about a lighthouse keeper.' }],
  max_tokens: 16000,
};

export const modest = {
  messages: [{ role: 'user', content: 'Say something short.' }],
  max_tokens: 16,
};

// fill starts a greedy stream and waits until calls are refused. It returns the
// refusal and the way to leave the stream. start(signal) begins a stream and
// resolves once its first chunk is there; probe makes one modest call without
// retries; refused tells a 429 and gives its retry-after-ms.
export async function fill({ start, probe, refused }) {
  const leaving = [];
  for (let i = 0; i < 20; i++) {
    try {
      await probe();
    } catch (error) {
      const wait = refused(error);
      if (wait === undefined) throw error;
      return { wait, leave: () => leaving.forEach((controller) => controller.abort()) };
    }
    const controller = new AbortController();
    leaving.push(controller);
    try {
      await start(controller.signal);
    } catch (error) {
      if (refused(error) === undefined) throw error;
    }
  }
  throw new Error('the deployment never refused a call');
}

// until repeats probe while it is refused, and throws when that lasts longer
// than the given milliseconds.
export async function until(milliseconds, { probe, refused }) {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (refused(error) === undefined || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
