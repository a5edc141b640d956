import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

// A GET without a body is what a page of another site could send; the header is the proof that it is not.
const withPreflight: typeof fetch = (input, init) =>
  fetch(input, {
    ...init,
    headers: { 'apollo-require-preflight': 'true', ...(init?.headers as Record<string, string>) },
  });

const audits = serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn: withPreflight });

describe('GraphQL over HTTP', () => {
  test('has 61 audits', () => {
    expect(audits).toHaveLength(61);
  });

  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  });
});
