import { createHash } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { startHeapGateway, type HeapGateway } from '../support/heap-gateway.ts';

jest.setTimeout(300_000);

/** What a busy hour of clients may bring that write each question anew. */
const documents = 21_000;
const atATime = 8;
const samples = 9;
/** Of the samples: the stores are full by then, and what is compiled once is compiled. */
const warmUp = samples / 3;
const mostGrowth = 1.1;

/** No two are alike, nor are their names, aliases or variables; each is valid, about 1 KB, and asks nothing of upstream. */
const question = (number: number, padding: string): string => {
  const fields = Array.from(
    { length: 14 },
    (_, index) => `a${number}_${index}: ${index % 2 === 0 ? 'subject' : 'kind'} `,
  );
  const name = `Unique_${number}_${'x'.repeat(60)}`;
  const searched = `tags(first: ${1 + (number % 100)}, search: "${number} ${'y'.repeat(100)}") { nodes { name } totalCount }`;
  const location = `location(id: $id) { name timeZone ${searched} statistics { timeZone likes { total } } }`;
  return `${padding}query ${name}($id: ID! = "default${number}") { viewer { ${fields.join('')} } ${location} }`;
};

/** Every other one is padded with a comment of 50 KB; every third is registered by its hash. */
const bodyOf = (number: number): string => {
  const query = question(number, number % 2 === 0 ? '' : `#${'z'.repeat(50_000)}${number}\n`);
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const extensions = number % 3 === 0 ? { persistedQuery: { version: 1, sha256Hash } } : {};
  return JSON.stringify({ query, variables: { id: `unique${number}`, unused: `text ${number}` }, extensions });
};

const send = async ({ url }: HeapGateway, number: number): Promise<void> => {
  const headers = { 'content-type': 'application/json', 'x-request-id': `unique-${number}` };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: bodyOf(number) });
  const text = await response.text();
  if (!text.includes('"location":null') || text.includes('"errors"')) throw new Error(text.slice(0, 500));
};

test('twenty thousand documents that are never asked again leave the heap as a third of them left it', async () => {
  await using gateway = await startHeapGateway();
  const startedAt = performance.now();
  const megabytes: number[] = [];
  let next = 0;
  for (let sample = 1; sample <= samples; sample += 1) {
    const until = (documents * sample) / samples;
    const work = async () => {
      while (next < until) await send(gateway, (next += 1));
    };
    await Promise.all(Array.from({ length: atATime }, work));
    megabytes.push((await gateway.heapBytes()) / 1e6);
  }
  const shown = megabytes.map((mb) => mb.toFixed(1)).join(' ');
  console.log(
    `${documents} documents in ${((performance.now() - startedAt) / 1e3).toFixed(0)} s; heap in MB: ${shown}`,
  );
  const warm = megabytes[warmUp - 1] ?? 0;
  expect(warm).toBeGreaterThan(10);
  expect(Math.max(...megabytes.slice(warmUp))).toBeLessThan(mostGrowth * warm);
});
