import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCatalogue } from '../../src/operation/catalogue.ts';
import { createSchema } from '../../src/operation/schema.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { authBy, startIssuer, type TestIssuer } from '../support/issuer.ts';

let sandbox: Sandbox;
let issuer: TestIssuer;
let gateway: TestGateway;

beforeAll(async () => {
  sandbox = await startSandbox();
  issuer = await startIssuer();
  gateway = await startTestGateway({
    sandbox,
    config: {
      isCacheOn: false,
      auth: authBy(issuer, 'companyId'),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await issuer[Symbol.asyncDispose]();
  await sandbox.close();
});

const catalogue = readCatalogue(createSchema(), { rollUpLocations: 0, listingCalls: 0 });

/** Ids for whatever an operation asks for. */
const variables = () => {
  const { full } = sandbox.locations;
  const [tag, other] = sandbox.tagsOf(full);
  const [tagId, ...others] = [tag, other].flatMap((one) => one?.id ?? []);
  const days = (from: string, to: string) => ({ from, to });
  return {
    location: full,
    tagId,
    tagIds: others,
    search: 'sp',
    after: 'bm9uZQ',
    period: days('2026-06-08', '2026-06-14'),
    earlier: days('2026-06-01', '2026-06-07'),
  };
};

describe.each(catalogue.map((entry) => [entry.name, entry] as const))('%s', (_name, { text, scopes }) => {
  const ask = (scope: string) => {
    const headers = {
      authorization: `Bearer ${issuer.token({ scope, locationId: undefined, companyId: sandbox.companyId })}`,
    };
    return gateway.ask(text, variables(), headers);
  };

  test('sends nothing upstream for a caller without a scope', async () => {
    gateway.calls();
    const answer = await ask('');
    expect(new Set(gateway.codesOf(answer))).toEqual(new Set(scopes.length === 0 ? [] : ['FORBIDDEN']));
    expect(gateway.calls()).toEqual([]);
  });

  test('needs the scopes that the catalogue names and no other', async () => {
    expect(gateway.codesOf(await ask(scopes.join(' ')))).not.toContain('FORBIDDEN');
    for (const missing of scopes) {
      const answer = await ask(scopes.filter((scope) => scope !== missing).join(' '));
      expect(gateway.codesOf(answer)).toContain('FORBIDDEN');
    }
  });
});
