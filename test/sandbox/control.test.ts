import { request } from 'node:http';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Fault } from '../../src/sandbox/control-schemas.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
beforeAll(async () => {
  sandbox = await startSandbox();
  caller = createCaller(sandbox);
});
afterAll(() => sandbox.close());

const change = (method: string, path: string, json: unknown = {}) =>
  caller.ask(`/_sandbox${path}`, { version: null, method, json });

describe('the page', () => {
  test('is one document that needs no other host, with a policy that allows none', async () => {
    const { status, headers, body } = await caller.ask('/_sandbox', { version: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = String(body);
    expect(page).not.toMatch(/(?:https?:)?\/\/[a-z]/i);
    const policy = headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const tag of page.match(/<(?:script|style)\b[^>]*>/g) ?? []) expect(tag).toContain(`nonce="${nonce}"`);
    expect(page).not.toMatch(/ (?:on\w+|style)="/);
    const again = await caller.ask('/_sandbox', { version: null });
    expect(again.headers.get('content-security-policy')).not.toBe(policy);
  });

  test('its script parses, and finds every element that it looks for', async () => {
    const { body } = await caller.ask('/_sandbox', { version: null });
    const [, markup = '', script = ''] = /^([\s\S]*)<script[^>]*>([\s\S]*)<\/script>/.exec(String(body)) ?? [];
    expect(script).toContain('textContent');
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|\.style\b/);
    expect(() => new Script(script)).not.toThrow();
    const wanted = [...script.matchAll(/(?:byId|number)\('([^']+)'\)/g)].map(([, id = '']) => id);
    expect(wanted.length).toBeGreaterThan(20);
    const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every field has a label, and what can go wrong is what the interface takes', async () => {
    const { body } = await caller.ask('/_sandbox', { version: null });
    const page = String(body).split('<script')[0] ?? '';
    const labelled = [...page.matchAll(/<label\b[^>]*>(.*?)<\/label>/gs)].map(([, inside = '']) => inside).join('');
    const fields = (html: string) => html.match(/<(?:input|select)\b/g)?.length;
    expect(fields(labelled)).toBe(fields(page));
    const [, kinds = ''] = /<select id="kind">(.*?)<\/select>/s.exec(page) ?? [];
    const offered = [...kinds.matchAll(/value="([^"]+)"/g)].map(([, kind]) => kind);
    expect(offered.toSorted()).toEqual(Fault.options.map(({ shape }) => shape.kind.value).toSorted());
  });
});

describe('the JSON interface', () => {
  test('tells the state, without the secret', async () => {
    const { body } = await caller.ask('/_sandbox/state', { version: null });
    expect(body).toMatchObject({
      companyId: sandbox.companyId,
      limits: { burst: { limit: 100, windowMs: 10_000 }, dailyLimit: 200_000 },
      locations: expect.arrayContaining([
        expect.objectContaining({ id: sandbox.locations.full, isInstalled: true, accountCount: 6 }),
        expect.objectContaining({ id: sandbox.locations.otherTenant, isOtherTenant: true }),
      ]),
    });
    expect(JSON.stringify(body)).not.toContain(sandbox.client.secret);
  });

  test('adds, renames and deletes tags', async () => {
    const locationId = sandbox.locations.empty;
    const added = await change('POST', '/tags', { locationId, name: ' Neu ' });
    expect(added).toMatchObject({ status: 201, body: { name: 'Neu' } });
    const { id } = z.object({ id: z.string() }).loose().parse(added.body);
    expect((await change('PATCH', `/tags/${locationId}/${id}`, { name: 'Newer' })).status).toBe(200);
    expect((await caller.ask(`/_sandbox/tags/${locationId}`, { version: null })).body).toEqual({
      count: 1,
      tags: [{ id, name: 'Newer' }],
    });
    expect((await change('DELETE', `/tags/${locationId}/${id}`)).status).toBe(204);
    expect(sandbox.tagsOf(locationId)).toMatchObject([{ id, name: 'Newer', isDeleted: true }]);
  });

  test('shows calls after a number, but never its own, and forgets them', async () => {
    await change('DELETE', '/calls');
    await caller.grant({ grant_type: 'client_credentials' });
    const Log = z.object({ last: z.number(), calls: z.array(z.object({ number: z.number(), call: z.unknown() })) });
    const all = Log.parse((await caller.ask('/_sandbox/calls', { version: null })).body);
    expect(all.calls).toMatchObject([{ number: all.last, call: { route: 'token', status: 200 } }]);
    const none = Log.parse((await caller.ask(`/_sandbox/calls?after=${all.last}`, { version: null })).body);
    expect(none).toEqual({ last: all.last, calls: [] });
    sandbox.clearCalls();
    expect(sandbox.calls()).toEqual([]);
  });

  test('sets, lists and clears faults', async () => {
    const set = await change('POST', '/faults', { route: 'listTags', kind: 'status', status: 500, times: 3 });
    expect(set).toMatchObject({ status: 201, body: { faults: [{ hits: 0, fault: { route: 'listTags' } }] } });
    const { id } = z.object({ id: z.number() }).loose().parse(set.body);
    expect((await change('DELETE', `/faults/${id}`)).status).toBe(204);
    expect((await change('DELETE', `/faults/${id}`)).status).toBe(404);
    await change('POST', '/faults', { route: '*', kind: 'unauthorized', reason: 'scope' });
    expect((await change('DELETE', '/faults')).status).toBe(204);
    expect((await caller.ask('/_sandbox/faults', { version: null })).body).toEqual({ faults: [] });
  });

  test('changes limits and expires access tokens', async () => {
    const token = await caller.locationToken(sandbox.locations.full);
    const path = `/social-media-posting/${sandbox.locations.full}/tags`;
    expect((await change('PATCH', '/limits', { burst: { limit: 1, windowMs: 60_000 } })).body).toEqual({
      burst: { limit: 1, windowMs: 60_000 },
      dailyLimit: 200_000,
    });
    expect((await caller.ask(path, { token })).status).toBe(200);
    expect((await caller.ask(path, { token })).status).toBe(429);
    expect((await change('POST', '/expire-access-tokens')).status).toBe(204);
    expect((await caller.ask(path, { token })).status).toBe(401);
  });

  test('says what is wrong with a body, an id and a path', async () => {
    const wrong = await change('POST', '/faults', { route: 'nowhere', kind: 'latency', ms: -1 });
    expect(wrong).toMatchObject({ status: 400, body: { error: expect.stringContaining('route') } });
    const unknown = await change('POST', '/tags', { locationId: 'nowhere', name: 'x' });
    expect(unknown).toMatchObject({ status: 404, body: { error: 'The sandbox has no location nowhere' } });
    expect(await caller.ask('/_sandbox/nope', { version: null })).toMatchObject({ status: 404 });
  });

  test('a change that another site could send without asking is refused, as is a foreign host name', async () => {
    const path = `${sandbox.controlUrl}/tags`;
    const body = JSON.stringify({ locationId: sandbox.locations.full, name: 'x' });
    expect((await fetch(path, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await fetch(`${sandbox.controlUrl}/faults`, { method: 'DELETE' })).status).toBe(415);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const rebound = request(`${sandbox.controlUrl}/state`, { headers: { host: 'evil.example.com' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      rebound.on('error', reject).end();
    });
    expect(status).toBe(403);
  });
});
