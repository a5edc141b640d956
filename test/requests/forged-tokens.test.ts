import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorTable } from '../../src/model/errors.ts';
import { forge } from '../support/forgeries.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { authBy, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { until } from '../support/until.ts';

let issuers: readonly [TestIssuer, TestIssuer, TestIssuer];
let gateway: TestGateway;
beforeAll(async () => {
  issuers = await Promise.all([startIssuer(), startIssuer(), startIssuer()]);
  gateway = await startTestGateway({
    config: { auth: authBy(issuers.slice(0, 2)) },
  });
});
afterAll(async () => {
  await gateway.close();
  for (const issuer of issuers) await issuer[Symbol.asyncDispose]();
});

test('every forged, borrowed or stale token that can travel in a header is answered alike: 401, and nothing is sent upstream', async () => {
  const [issuer, neighbour, stranger] = issuers;
  const question = `{ location(id: "${gateway.sandbox.locations.full}") { tags { totalCount } } }`;
  const travelling = forge({ issuer, neighbour, stranger }).filter(
    ([, token]) => /^[\x21-\x7e]+$/.test(token) && token.length < 12_000,
  );
  expect(travelling.length).toBeGreaterThan(150);
  // The gateway shares a process with the making of the tokens, which takes long enough to count as too much to do.
  await until(async () => ((await gateway.ask('{ viewer { subject } }')).status === 401 ? gateway : null));
  const wrong: unknown[] = [];
  for (const [name, token] of travelling) {
    const answer = await gateway.ask(question, {}, { authorization: `Bearer ${token}` });
    const [error] = answer.errors;
    const isRight =
      answer.status === 401 &&
      answer.data === undefined &&
      answer.headers.get('www-authenticate') === 'Bearer realm="users-gateway", error="invalid_token"' &&
      error?.message === errorTable.UNAUTHENTICATED.message &&
      error.extensions['code'] === 'UNAUTHENTICATED' &&
      Object.keys(error.extensions).length === 4;
    const isLogged = token.length > 20 && gateway.logLines.some((line) => line.includes(token));
    if (!isRight || isLogged) wrong.push([name, answer.status, answer.text]);
  }
  expect(wrong).toEqual([]);
  expect(gateway.sandbox.calls()).toEqual([]);
  expect(stranger.strayRequests.length + stranger.fetches).toBe(0);
  const good = await gateway.ask('{ viewer { subject } }', {}, { authorization: `Bearer ${issuer.token()}` });
  expect(good.data.viewer.subject).toBe('anna');
});
