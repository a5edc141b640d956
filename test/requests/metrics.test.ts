import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { readExposition } from '../support/exposition.ts';
import { byAgency, byLocationGrants, startTestGateway, type TestGateway } from '../support/gateway.ts';

const liveReporting = readFileSync('examples/operations/live-reporting.graphql', 'utf8');

const tagsOf = (id: string, name = '') =>
  `query ${name} { location(id: "${id}") { tags(first: 5) { nodes { id name details { updatedAt } } } } }`;

const seededAgency = (sandbox: Sandbox) =>
  byAgency(sandbox, sandbox.issueRefreshToken({ companyId: sandbox.companyId }));

const scrape = async ({ gateway }: Pick<TestGateway, 'gateway'>) => {
  const response = await fetch(`${gateway.adminUrl}/metrics`);
  const text = await response.text();
  const { samples, problems } = readExposition(text);
  expect({ status: response.status, problems }).toEqual({ status: 200, problems: [] });
  /** Sum over all lines of that name that have these labels. */
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((total, { value }) => total + value, 0);
  return { text, samples, sum };
};

describe('a scrape after some traffic', () => {
  test('tells of requests, operations and errors', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    await gateway.ask(liveReporting, { location: full });
    const calls = gateway.calls().length;
    await gateway.ask(tagsOf(full, 'ChosenByTheCaller'));
    await gateway.ask('{ nonsense }');
    await fetch(`${gateway.url}/no/such/path`);
    const { sum } = await scrape(gateway);
    const route = { http_request_method: 'POST', http_route: '/graphql', http_response_status_code: '200' };
    expect(sum('http_server_request_duration_seconds_count', route)).toBe(3);
    expect(sum('http_server_request_duration_seconds_count', { http_response_status_code: '404' })).toBe(1);
    expect(sum('http_server_active_requests')).toBe(0);
    const operation = 'graphql_server_operation_duration_seconds_count';
    const name = { graphql_operation_name: 'LiveReporting' };
    expect(sum(operation, { graphql_operation_type: 'query', ...name, outcome: 'ok' })).toBe(1);
    expect(sum(operation, { graphql_operation_name: 'other' })).toBe(2);
    expect(sum(operation, { outcome: 'error' })).toBe(1);
    expect(sum('graphql_server_errors_total', { code: 'GRAPHQL_VALIDATION_FAILED' })).toBe(1);
    expect(sum('graphql_server_operation_upstream_calls_sum', name)).toBe(calls);
  });

  test('tells of every request that upstream saw, and of the budget that is left', async () => {
    await using gateway = await startTestGateway();
    const { full, large } = gateway.sandbox.locations;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 503, times: 1 });
    await gateway.ask(tagsOf(full));
    await gateway.ask(tagsOf(large));
    const seen = gateway.calls().length;
    const { sum, samples } = await scrape(gateway);
    const wire = 'http_client_request_duration_seconds_count';
    const server = { server_address: new URL(gateway.sandbox.url).host };
    expect(sum(wire, server)).toBe(seen);
    expect(sum(wire, { url_template: 'listTags', http_response_status_code: '503', error_type: '503' })).toBe(1);
    expect(sum('upstream_retries_total', { url_template: 'listTags', reason: '503' })).toBe(1);
    expect(sum('upstream_calls_total', { url_template: 'listTags', outcome: '200' })).toBe(2);
    expect(sum('upstream_queue_wait_seconds_count', { priority: 'interactive' })).toBe(seen);
    expect(sum('upstream_requests_queued')).toBe(0);
    expect(sum('upstream_circuit_state', { url_template: 'listTags' })).toBe(0);
    expect(sum('upstream_rate_limit_limit', { window: 'burst' })).toBe(200);
    expect(sum('upstream_rate_limit_remaining', { window: 'burst' })).toBe(200 - seen);
    expect(samples.filter(({ name }) => name === 'upstream_rate_limit_remaining')).toHaveLength(4);
  });

  test('tells what batches, kept answers and others’ calls have saved', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    const ids = gateway.sandbox
      .tagsOf(full)
      .slice(0, 5)
      .map(({ id }) => id);
    const question = `query ($ids: [ID!]!) { location(id: "${full}") { tagDetails(ids: $ids) { updatedAt } name } }`;
    await gateway.ask(question, { ids });
    await gateway.ask(question, { ids });
    await gateway.ask(`{ location(id: "${full}") { name } }`, {}, { 'cache-control': 'max-age=0' });
    const { sum } = await scrape(gateway);
    expect(sum('upstream_calls_saved_total', { by: 'batch' })).toBe(4);
    expect(sum('upstream_calls_saved_total', { by: 'cache' })).toBe(6);
    expect(sum('cache_requests_total', { cache: 'tag-details', result: 'miss' })).toBe(5);
    expect(sum('cache_requests_total', { cache: 'tag-details', result: 'hit' })).toBe(5);
    expect(sum('cache_requests_total', { cache: 'location', result: 'bypass' })).toBe(1);

    gateway.sandbox.setFault({ route: 'listAccounts', kind: 'latency', ms: 200 });
    const accounts = `{ location(id: "${full}") { socialAccounts { nodes { id } } } }`;
    const answers = await Promise.all([gateway.ask(accounts), gateway.ask(accounts), gateway.ask(accounts)]);
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect((await scrape(gateway)).sum('upstream_calls_saved_total', { by: 'dedupe' })).toBe(2);
  });

  test('tells of what was not sent to upstream, and why', async () => {
    const burst = { limit: 2, windowMs: 10_000 };
    await using gateway = await startTestGateway({
      sandbox: { burst },
      config: { isCacheOn: false, burst, requestDeadlineMs: 2_000 }, // nobody waits for the next window
    });
    const { full } = gateway.sandbox.locations;
    const name = `{ location(id: "${full}") { name } }`;
    for (let count = 0; count < 3; count += 1) await gateway.ask(name);
    const { sum } = await scrape(gateway);
    expect(sum('upstream_requests_shed_total', { priority: 'interactive', reason: 'quota' })).toBe(1);
    expect(sum('upstream_calls_total', { outcome: 'UPSTREAM_RATE_LIMITED' })).toBe(1);
    expect(sum('graphql_server_errors_total', { code: 'UPSTREAM_RATE_LIMITED' })).toBe(1);
  });

  test('tells when the tokens of an agency and its locations run out', async () => {
    await using gateway = await startTestGateway({ access: seededAgency });
    await gateway.ask(tagsOf(gateway.sandbox.locations.full));
    const { sum, samples } = await scrape(gateway);
    const left = (kind: string) => sum('oauth_token_expiry_timestamp_seconds', { kind }) - Date.now() / 1_000;
    const day = 86_400;
    expect(left('access')).toBeGreaterThan(0.9 * day);
    expect(left('location')).toBeGreaterThan(0.9 * day);
    expect(left('refresh')).toBeGreaterThan(364 * day);
    expect(left('refresh')).toBeLessThan(366 * day);
    expect(samples.filter(({ name }) => name === 'oauth_token_last_refresh_timestamp_seconds')).toHaveLength(3);
    expect(sum('oauth_installations', { state: 'connected' })).toBe(1);
    expect(sum('oauth_token_refresh_total', { outcome: 'success' })).toBe(2);
    expect(sum('oauth_token_refresh_duration_seconds_count', { outcome: 'success' })).toBe(2);
    expect(sum('oauth_grant_actions_total', { action: 'exchange', outcome: 'done' })).toBe(1);
  });
});

test('nothing that was asked, and no id, stands in a scrape', async () => {
  await using gateway = await startTestGateway();
  const { sandbox } = gateway;
  const { full } = sandbox.locations;
  const { data } = await gateway.ask(tagsOf(full, 'PlantedOperation'), {}, { 'user-agent': 'planted-agent' });
  await gateway.ask(
    'query PlantedBadly { location(id: "planted-location") { tags(search: "planted tag") { totalCount } } }',
  );
  await fetch(`${gateway.url}/planted/path?planted=1`, { headers: { authorization: 'Bearer planted-token' } });
  await fetch(`${gateway.url}/graphql`, { method: 'PROPFIND' });
  const { text } = await scrape(gateway);
  const tags = JSON.stringify(data).match(/(?<="(?:name|id)":")[^"]+/g) ?? [];
  const ids = [...Object.values(sandbox.locations), sandbox.companyId, sandbox.client.id, sandbox.client.secret];
  expect(tags.length).toBeGreaterThan(5);
  for (const secret of [...tags, ...ids, ...sandbox.issuedSecrets()]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/planted|PROPFIND/i);
});

describe('the public port', () => {
  test.each(['/metrics', '/startupz'])('has no %s', async (path) => {
    await using gateway = await startTestGateway();
    const response = await fetch(gateway.url + path);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('http_server');
  });
});

describe('the admin port', () => {
  test('is ready with the gateway, and tells of its parts', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const answer = await fetch(`${gateway.gateway.adminUrl}/readyz`);
    const { status, checks } = (await answer.json()) as { status: string; checks: object };
    expect({ code: answer.status, status }).toEqual({ code: 200, status: 'ready' });
    expect(Object.keys(checks)).toEqual(['start', 'draining', 'eventLoop', 'store', 'upstream']);
  });

  test('shows that the gateway drains while it waits for its last operations', async () => {
    await using sandbox = await startSandbox();
    const gateway = await startTestGateway({ sandbox });
    sandbox.setFault({ route: 'listTags', kind: 'hang' });
    const leaver = new AbortController();
    const question = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: tagsOf(sandbox.locations.full) }),
      signal: leaver.signal,
    });
    while (!sandbox.calls().some(({ route }) => route === 'listTags'))
      await new Promise((resolve) => setImmediate(resolve));
    const closing = gateway.close();
    const answer = await fetch(`${gateway.gateway.adminUrl}/readyz`);
    expect([answer.status, await answer.json()]).toMatchObject([503, { status: 'draining' }]);
    expect((await scrape(gateway)).sum('http_server_active_requests')).toBe(1);
    leaver.abort();
    await expect(question).rejects.toThrow('aborted');
    await closing;
    await expect(fetch(`${gateway.gateway.adminUrl}/livez`)).rejects.toThrow();
  });

  test('that is taken is named, and the gateway does not start', async () => {
    await using gateway = await startTestGateway();
    const adminPort = Number(new URL(gateway.gateway.adminUrl).port);
    await expect(startTestGateway({ config: { adminPort } })).rejects.toThrow(
      new RegExp(`^Port ${adminPort} is taken: choose another one with ADMIN_PORT`),
    );
  });
});
