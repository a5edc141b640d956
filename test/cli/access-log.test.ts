import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { toCaller } from '../../src/auth/claims.ts';
import { accessLog } from '../../src/cli/access-log.ts';
import { createRoom } from '../../src/cli/access-log-count.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { runCommand } from '../support/command.ts';
import { run } from '../support/process.ts';
import {
  createLogFolder,
  grantUse,
  hour,
  operation,
  overAWeek,
  readReview,
  refusal,
  said,
  start,
  textOf,
  times,
  type Fields,
} from './access-log-lines.ts';

let logs: Awaited<ReturnType<typeof createLogFolder>>;
beforeAll(async () => {
  logs = await createLogFolder();
});
afterAll(() => logs.remove());
afterEach(() => void Reflect.deleteProperty(process.stdout, 'columns'));

/** The part of the text under a title. */
const partOf = (text: string, title: string) =>
  text.split(`${title}\n${'='.repeat(title.length)}\n`)[1]?.split('\n\n')[0];

describe('access-log summary', () => {
  test('counts by caller, location, operation, refusal and grant, over plain and packed files, and passes over the rest', async () => {
    const service = { caller: 'service:reporting', kind: 'SERVICE' };
    const first = [
      ...times(19, operation()),
      operation({ outcome: 'UPSTREAM_TIMEOUT', codes: ['UPSTREAM_TIMEOUT'], errors: 1, durationMs: 3_000 }),
      { level: 'info', time: start, msg: 'listening' },
      grantUse(),
    ];
    const second = [
      operation({ ...service, time: start + hour, locations: ['L1', 'L2'], upstreamCalls: 8, name: 'CurrentTags' }),
      operation({
        ...service,
        time: start + hour,
        locations: [],
        outcome: 'FORBIDDEN',
        name: 'CurrentTags',
        denied: 2,
      }),
      refusal({ time: start + 2 * hour, caller: 'service:reporting', code: 'RATE_LIMITED' }),
      refusal(),
      grantUse({ level: 'warn', action: 'install', by: 'ticket', outcome: 'code-refused' }),
    ];
    const files = [
      await logs.fileOf(`${textOf(first)}users-gateway 0.1.0\n\n"text"\n[1]\n`),
      await logs.fileOf(gzipSync(textOf(second)), 'gateway.log.1.gz'),
    ];
    const { code, text } = await said('summary', ...files);
    expect(code).toBe(0);
    expect(text).toContain('2026-11-20 00:00 to 2026-11-20 02:00 UTC, 0.1 days');
    expect(text.replaceAll('\n  ', ' ')).toContain(
      '30 lines: 22 operations, 2 refused requests, 2 uses of grants, 1 other line, 3 lines that could not be read.',
    );
    expect(
      partOf(text, 'By caller')
        ?.split('\n')
        .map((row) => row.split(/ {2,}/)),
    ).toEqual([
      ['caller', 'requests', 'refused', 'denied', 'locations', 'calls', 'p95', 'last'],
      ['user:0123456789ab', '20', '0', '0', '1', '60', '15 ms', '11-20 00:00'],
      ['service:reporting', '3', '2', '2', '2', '11', '15 ms', '11-20 02:00'],
    ]);
    expect(partOf(text, 'By location')).toMatch(/\nL1 +21 +1 +2 +11-20 01:00\nL2 +1 +0 +1 +11-20 01:00$/);
    expect(partOf(text, 'By operation')).toMatch(/\nLiveReporting 00000000000000aa +20 +0 +1 +3.0 +15 ms +15 ms\n/);
    expect(partOf(text, 'By operation')).toMatch(/\nCurrentTags 00000000000000aa +2 +1 +0 +5.5 +15 ms +15 ms$/);
    expect(
      partOf(text, 'By refusal')
        ?.split('\n')
        .slice(1)
        .sort()
        .map((row) => row.split(/ {2,}/)),
    ).toEqual([
      ['FORBIDDEN', 'service:reporting', '1', '11-20 01:00'],
      ['RATE_LIMITED', 'service:reporting', '1', '11-20 02:00'],
      ['UNAUTHENTICATED', '203.0.113.0/24', '1', '11-20 00:00'],
    ]);
    expect(partOf(text, 'Grants used')).toMatch(
      /\nlocation:L1 +renew +1 +0 +11-20[^]*\nlocation:L1 +install by ticket +0 +1 /,
    );
  });

  test('reads what the log of grants writes, and standard input', async () => {
    let lines = textOf([operation()]);
    const sink = { write: (line: string) => void (lines += line) };
    const audit = createAudit({ log: createLog({ level: 'info', secrets: [], sink }), tally: createTally() });
    audit.done({ action: 'exchange', grant: 'location:L7' });
    const path = await logs.fileOf(lines);
    const script = ['-c', `cat '${path}' | node src/start.js access-log summary --json --since 2026-11-20T00:00 -`];
    await using running = run('sh', script, { TZ: 'America/New_York' }); // moments are UTC all the same
    expect(await running.exited).toMatchObject({ code: 0 });
    const { grants, operations } = readReview(running.output());
    expect(grants.rows).toMatchObject([{ grant: 'location:L7', action: 'exchange', by: 'gateway', done: 1 }]);
    expect(operations.rows).toMatchObject([{ name: 'LiveReporting', operations: 1 }]);
  });

  test('a percentile is the end of its bucket, and what took longest is over 60 s', async () => {
    const lasting = (count: number, durationMs: number) => times(count, operation({ durationMs }));
    const { operations } = await logs.reviewed([...lasting(50, 41), ...lasting(44, 160), ...lasting(6, 70_000)]);
    expect(operations.rows).toMatchObject([{ p50Ms: 50, p95Ms: null }]);
    const { text } = await said('summary', await logs.fileOf(textOf(lasting(6, 70_000))));
    expect(partOf(text, 'By operation')).toMatch(/over 60 s +over 60 s$/);
  });

  test('--since and --until leave out what is earlier or later, and say how much', async () => {
    const lines = overAWeek(8, operation); // one a day, a little before midnight
    const day = async (...args: string[]) => (await logs.reviewed(lines, ...args)).lines;
    const days = await day('--since', '2026-11-21T12:00Z', '--until', '2026-11-25');
    expect(days).toMatchObject({ operation: 4, outside: 4 });
    expect(await day('--since', '2026-11-22T01:30')).toMatchObject({ operation: 5, outside: 3 });
    expect(await day('--since', '2026-11-22T01:30+02:00')).toMatchObject({ operation: 6, outside: 2 });
    const recent = [operation({ time: Date.now() - 25 * hour }), operation({ time: Date.now() - 23 * hour })];
    expect((await logs.reviewed(recent, '--since', '24h')).lines).toMatchObject({ operation: 1, outside: 1 });
    expect((await logs.reviewed(recent, '--until', '1d')).lines).toMatchObject({ operation: 1, outside: 1 });
  });

  test('--top says how many rows are told', async () => {
    const lines = ['L1', 'L2', 'L3'].map((id) => operation({ locations: [id] }));
    expect((await logs.reviewed(lines, '--top', '2')).locations).toMatchObject({ rows: [{}, {}], more: 1, others: 0 });
  });
});

describe('what a log may hold', () => {
  test('names without end fill a table once, and the others are counted', async () => {
    const lines = Array.from({ length: 10_050 }, (_one, index) =>
      operation({ caller: `user:${index}`, hash: `hash-${index}`, locations: [`L${index}`] }),
    );
    const { callers, locations, operations, notes } = await logs.reviewed(lines);
    for (const part of [callers, locations, operations]) expect(part).toMatchObject({ more: 9_990, others: 50 });
    expect(notes.join()).toMatch(/more names than are kept/);
  });

  test('pairs without end fill their room once, and known ones still count', () => {
    const room = createRoom(2);
    const [one, other] = [new Map<string, number>(), new Map<string, number>()];
    const puts = [one, one, other, one].map((map) => room.put(map, 'a', (kept) => (kept ?? 0) + 1));
    expect([...puts, room.isFull()]).toEqual([true, false, true, false, false]);
    expect([room.put(one, 'b', () => 1), room.isFull(), one.get('a'), one.size]).toEqual([false, true, 3, 1]);
  });

  test('a line that is too long counts as one, and the next is read', async () => {
    const long = JSON.stringify(operation({ name: 'x'.repeat(700_000) }));
    const path = await logs.fileOf(`${long}\n${textOf([operation()])}${long}`);
    const { lines } = readReview((await said('summary', '--json', path)).text);
    expect(lines).toMatchObject({ read: 3, operation: 1, unreadable: 2 });
  });

  test.each([
    ['no outcome', operation({ outcome: undefined })],
    ['no time', operation({ time: undefined })],
    ['a time that is none', operation({ time: 1e300 })],
    ['no code', refusal({ code: 7 })],
    ['no grant', grantUse({ grant: null })],
  ])('a line of ours with %s is one that cannot be read', async (_what, line) => {
    expect((await logs.reviewed([line])).lines).toMatchObject({ read: 1, unreadable: 1 });
  });

  test('fields of a wrong type are nothing, and spoil no other line', async () => {
    const odd = {
      caller: 7,
      name: {},
      hash: [],
      locations: 'L9',
      denied: '5',
      upstreamCalls: -4,
      durationMs: 'x',
      codes: 3,
    };
    const { callers, operations, locations } = await logs.reviewed([
      operation(odd),
      operation({ locations: [{}, 'L1'] }),
    ]);
    expect(callers.rows).toMatchObject([{ caller: 'user:0123456789ab', requests: 1, upstreamCalls: 3 }]);
    expect(operations.rows).toEqual(expect.arrayContaining([expect.objectContaining({ name: null, hash: null })]));
    expect(locations.rows).toMatchObject([{ location: 'L1' }]);
  });

  // As they would be written by a gateway that lets them through; JSON.parse makes them real again.
  const forged = '\u001b[2J\u009b31m\u0007\r\nAll is well\u202e\u2028\u200b';
  test('nothing in a line reaches the terminal as more than text', async () => {
    const lines = [
      ...times(
        30,
        operation({
          caller: `user${forged}`,
          name: forged,
          hash: forged,
          locations: [forged],
          outcome: forged,
          denied: 1,
        }),
      ),
      ...times(30, refusal({ network: forged })),
      grantUse({ grant: forged, action: forged, by: forged, outcome: forged }),
    ];
    const path = await logs.fileOf(textOf(lines));
    for (const { text } of [await said('summary', path), await said('summary', '--json', path)]) {
      expect(text).toContain('All is well');
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(text).not.toMatch(/^All is well/m);
    }
  });

  test('a name of a thousand letters is told as its length', async () => {
    const { operations } = await logs.reviewed([operation({ name: 'x'.repeat(1_000) })]);
    expect(operations.rows).toMatchObject([{ name: '(1000 characters)' }]);
  });

  test('no line but a command is wider than the terminal', async () => {
    const long = 'x'.repeat(64);
    const lines = [
      ...times(
        1_500,
        operation({ caller: `service:${long}`, name: long, locations: [long], denied: 1, outcome: 'FORBIDDEN' }),
      ),
      ...times(30, refusal({ network: '2001:db8:ffff::/48' })),
      grantUse({
        grant: `location:${long}`,
        action: 'install-begin',
        by: 'marketplace',
        outcome: 'UPSTREAM_RATE_LIMITED',
      }),
    ];
    Object.defineProperty(process.stdout, 'columns', { value: 80, configurable: true });
    const { text } = await said('summary', await logs.fileOf(textOf(lines)));
    const wide = text.split('\n').filter((line) => line.length > 80 && !line.startsWith('    jq '));
    expect(wide).toEqual([]);
    expect(partOf(text, 'By caller')).toMatch(/^service:x+… +1,500 +1,500 +1,500 +1 +4,500 +15 ms +11-20 00:00$/m);
  });
});

test('files are looked for where npm was called from, and named as they were given', async () => {
  await logs.fileOf(textOf([operation(), refusal()]), 'called.log');
  await using running = runCommand(accessLog, ['summary', '--json', './called.log'], { INIT_CWD: logs.folder });
  expect(await running.exited).toEqual({ code: 0 });
  expect(readReview(running.standardOutput())).toMatchObject({ files: ['./called.log'], lines: { read: 2 } });
});

test('`access-log caller` prints the keys of a person and of a service, as the log has them', async () => {
  const { text, code } = await said('caller', 'https://login.example', 'jane@example.com');
  const claims = { scope: 'scope', location: 'locationId', company: null };
  const keyOf = (more: Fields) =>
    toCaller({ iss: 'https://login.example', sub: 'jane@example.com', ...more }, { claims, companyId: null })?.key;
  expect(text).toBe(`${keyOf({})}\n${keyOf({ azp: 'jane@example.com' })}\n`);
  expect(text).toMatch(/^user:[\da-f]{12}\nservice:[\da-f]{12}\n$/);
  expect(code).toBe(0);
});

test.each([
  [[], /^The first argument is summary or caller\./],
  [['review'], /^The first argument is summary or caller\./],
  [['summary'], /^summary needs a file, or - for standard input\./],
  [['summary', '--top', '0', 'x'], /^--top is a number from 1 to 9999\./],
  [['summary', '--since', 'monday', 'x'], /^--since is a moment such as 2026-11-20 or 7d\./],
  [['summary', '--until', '2026-13-01', 'x'], /^--until is a moment/],
  [['summary', '--since', '1h', '--until', '2h', 'x'], /^--since must be before --until\./],
  [['summary', '--secret=hunter2', 'x'], /^There is no --secret\./],
  [['caller', 'https://login.example'], /^caller needs an issuer and a subject\./],
  [['caller', 'https://login.example', ''], /^No access token has a subject like that\./],
  [['summary', '/nowhere/gateway.log'], /^\/nowhere\/gateway\.log cannot be read: there is no such file\.$/m],
  [['summary', 'src'], /^\/.*\/src cannot be read: it is a folder\.$/m],
])('%j is refused in one line', async (args, line) => {
  const { code, text, errors } = await said(...args);
  expect(code).toBe(2);
  expect(text).toBe('');
  expect(errors).toMatch(line);
  expect(errors).not.toMatch(/hunter2|\n[^]*\n/);
});

test.each([
  ['is not packed', Buffer.from('text'), /it is not packed by gzip, or damaged/],
  ['ends too early', gzipSync(textOf(overAWeek(100, operation))).subarray(0, 200), /it ends too early/],
])('a .gz file that %s is named', async (_what, content, line) => {
  const { code, errors } = await said('summary', await logs.fileOf(content, 'bad.gz'));
  expect({ code, errors }).toEqual({ code: 2, errors: expect.stringMatching(line) });
});
