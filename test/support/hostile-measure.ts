import type { HeapGateway } from './heap-gateway.ts';
import { sendHostile, type HostileRequest } from './hostile-requests.ts';

/** What a row of the table cost the gateway. */
export interface HostileCost {
  readonly name: string;
  readonly status: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** By which each request made the heap grow, after a collection; 1 KB is 1,024 bytes. */
  readonly kbEach: number;
  /** How long a good question took right after the last of them; null where it was not answered well. */
  readonly goodMs: number | null;
}

const repeats = 50;
/** What is made once, compiled code for instance, is no growth. */
const warmUp = 3;

/** Sends it fifty times, one after the other. */
export const measureHostile = async (gateway: HeapGateway, { name, sent }: HostileRequest): Promise<HostileCost> => {
  const tookMs: number[] = [];
  let status = 0;
  const send = async () => {
    const startedAt = performance.now();
    ({ status } = await sendHostile(gateway.url, sent));
    tookMs.push(performance.now() - startedAt);
  };
  for (let index = 0; index < warmUp; index += 1) await send();
  const before = await gateway.heapBytes();
  for (let index = 0; index < repeats; index += 1) await send();
  const goodMs = await askWell(gateway);
  const grownBytes = (await gateway.heapBytes()) - before;
  const inOrder = tookMs.toSorted((a, b) => a - b);
  return {
    name,
    status,
    medianMs: inOrder[Math.floor(inOrder.length / 2)] ?? Number.NaN,
    worstMs: inOrder.at(-1) ?? Number.NaN,
    kbEach: grownBytes / repeats / 1_024,
    goodMs,
  };
};

const askWell = async ({ url, location }: HeapGateway): Promise<number | null> => {
  const startedAt = performance.now();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ location(id: "${location}") { tags(first: 1) { nodes { name } } } }` }),
  });
  const text = await response.text();
  return text.startsWith('{"data":{"location":{"tags":{"nodes":[{') ? performance.now() - startedAt : null;
};
