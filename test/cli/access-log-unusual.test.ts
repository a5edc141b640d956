import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  week,
  type Fields,
} from './access-log-lines.ts';

let logs: Awaited<ReturnType<typeof createLogFolder>>;
beforeAll(async () => {
  logs = await createLogFolder();
});
afterAll(() => logs.remove());

/** What the rule has found in these lines; null for nothing. */
const found = async (rule: string, lines: readonly Fields[]) => {
  const { unusual, quiet } = await logs.reviewed(lines);
  const one = unusual.find((entry) => entry.rule === rule) ?? null;
  expect(quiet.includes(rule)).toBe(one === null);
  return one;
};

/** The lines that a finding's command shows. */
const shown = async (command = 'false'): Promise<readonly Fields[]> => {
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: logs.folder });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Fields);
};

const ordinary = overAWeek(100, operation);
const lastDay = start + week - 2 * hour;
const other = (fields: Fields) => operation({ caller: 'user:ffffffffffff', ...fields });
const many = Array.from({ length: 5 }, (_one, index) => operation({ time: lastDay, locations: [`N${index}`] }));
const hours = (counts: readonly number[]) =>
  counts.flatMap((count, at) => times(count, operation({ time: start + at * hour })));
const untrusted = { trusted: false, hash: '00000000000000bb' };

// What is just unusual, and without its last line is not; the words, and how many lines the command shows.
const cases: readonly (readonly [string, readonly Fields[], RegExp, number])[] = [
  [
    'probing',
    [...ordinary, operation({ denied: 2 }), operation({ denied: 3 })],
    /^user:0123456789ab asked for 5 such ids, in 2 of 102 requests\.$/,
    2,
  ],
  [
    'unauthenticated',
    [...ordinary, ...times(20, refusal())],
    /^203\.0\.113\.0\/24 sent 20 such requests from 2026-11-20 00:00/,
    20,
  ],
  [
    'refused',
    [
      ...times(17, operation()),
      ...times(2, operation({ outcome: 'FORBIDDEN' })),
      refusal({ caller: 'user:0123456789ab', code: 'RATE_LIMITED' }),
    ],
    /^user:0123456789ab was refused in 3 of 20 requests, FORBIDDEN 2, RATE_LIMITED 1\.$/,
    3,
  ],
  [
    'new-caller',
    [...ordinary, other({ time: lastDay, locations: ['L1', 'L2'] })],
    /^user:f+ has been here since 2026-11-26 22:00: 1 request, 2 locations\.$/,
    1,
  ],
  [
    'new-locations',
    [...ordinary, ...many],
    /^user:0123456789ab touched 5 locations for the first time since 2026-11-26 07:11, 6 in all\.$/,
    15,
  ],
  [
    'documents',
    [...ordinary, operation(untrusted)],
    /^LiveReporting 00000000000000bb was asked 1 time and is in no manifest\.$/,
    1,
  ],
  [
    'documents',
    [...ordinary.map((line) => ({ ...line, trusted: null })), operation({ ...untrusted, time: lastDay })],
    /^LiveReporting 00000000000000bb has been asked 1 time since 2026-11-26 22:00\.$/,
    1,
  ],
  [
    'rush',
    hours([20, 20, 20, 20, 100]),
    /^user:0123456789ab sent 100 requests in the hour from 2026-11-20 04:00; its median is 20\.$/,
    100,
  ],
  [
    'grants',
    [...ordinary, grantUse(), grantUse({ outcome: 'UPSTREAM_TIMEOUT' })],
    /^renew of location:L1 by gateway failed in 1 of 2 times, at last with UPSTREAM_TIMEOUT\.$/,
    1,
  ],
  [
    'bugs',
    [...ordinary, operation({ outcome: 'BAD_USER_INPUT', codes: ['BAD_USER_INPUT', 'INTERNAL_SERVER_ERROR'] })],
    /^LiveReporting 00000000000000aa: 1 of 101 times;/,
    1,
  ],
  [
    'costly',
    times(5, operation({ durationMs: 2_001 })),
    /^LiveReporting 00000000000000aa, asked 5 times: p95 3 s, 3\.0 upstream calls on average\.$/,
    5,
  ],
  ['costly', times(5, operation({ upstreamCalls: 21 })), /p95 15 ms, 21\.0 upstream calls on average\.$/, 5],
];

describe('what is unusual', () => {
  test.each(cases)(
    '%s: is told with its rule, and a command that shows the lines',
    async (rule, lines, words, count) => {
      const one = await found(rule, lines);
      expect(one?.findings).toEqual([{ text: expect.stringMatching(words), command: expect.any(String) }]);
      expect(await shown(one?.findings[0]?.command)).toHaveLength(count);
      expect(await found(rule, lines.slice(0, -1))).toBeNull();
    },
  );

  test.each([
    [
      'upstream, or a caller who went away, refuses nobody',
      'refused',
      [
        ...times(20, operation({ outcome: 'UPSTREAM_TIMEOUT' })),
        ...times(20, operation({ outcome: 'cancelled' })),
        ...times(20, operation({ outcome: 'PERSISTED_QUERY_NOT_FOUND' })),
      ],
    ],
    [
      'an overloaded gateway refuses nobody for what they did',
      'refused',
      times(20, refusal({ caller: 'user:0123456789ab', code: 'OVERLOADED' })),
    ],
    ['in a period under a day nothing is new', 'new-caller', [operation(), other({ time: start + 23 * hour })]],
    ['a caller of four hours has no habit yet, and no rush', 'rush', hours([1, 1, 1, 100])],
  ])('%s', async (_sentence, rule, lines) => {
    expect(await found(rule, lines)).toBeNull();
  });

  test('nothing is new because files come in another order', async () => {
    const [late, early] = [
      await logs.fileOf(textOf(ordinary.slice(95)), 'b.log'),
      await logs.fileOf(textOf(ordinary.slice(0, 95)), 'a.log'),
    ];
    const { text } = await said('summary', late, early);
    expect(text).toContain('2026-11-20 00:00 to 2026-11-26 23:59 UTC');
    expect(text).toContain(
      'Nothing is unusual\n==================\n\nLooked for and not found: probing, unauthenticated, refused',
    );
  });

  test('commands show the lines of packed files with spaces in their names, within the period, and run nothing that a line holds', async () => {
    const hostile = `x' ; touch pwned ; echo '$(touch pwned)"\\(1)`;
    const lines = [
      operation({ caller: hostile, denied: 5 }),
      operation({ caller: hostile, denied: 5, time: start + 2 * hour }),
    ];
    const files = [
      await logs.fileOf(gzipSync(textOf(lines)), 'a b.log.gz'),
      await logs.fileOf('no JSON\n7\n', 'c.log'),
    ];
    const { text } = await said('summary', '--json', '--until', '2026-11-20T01:00Z', ...files);
    const [probing] = readReview(text).unusual;
    expect(await shown(probing?.findings[0]?.command)).toEqual([lines[0]]);
    expect(await readdir(logs.folder)).not.toContain('pwned');
  });

  test('a caller whose codes found no room is told all the same, with a command that works', async () => {
    const strangers = Array.from({ length: 10_000 }, (_one, index) => refusal({ network: `network-${index}` }));
    const one = await found('refused', [...strangers, ...times(20, operation({ outcome: 'FORBIDDEN' }))]);
    expect(one?.findings[0]?.text).toBe('user:0123456789ab was refused in 20 of 20 requests.');
    expect(await shown(one?.findings[0]?.command)).toHaveLength(20);
  });

  test('--strict ends with 1 when something is unusual, and when there is nothing to review', async () => {
    expect((await said('summary', '--strict', await logs.fileOf(textOf(ordinary)))).code).toBe(0);
    const probing = await logs.fileOf(textOf([operation({ denied: 5 })]));
    expect((await said('summary', '--strict', probing)).code).toBe(1);
    expect((await said('summary', probing)).code).toBe(0);
    const { code, text } = await said('summary', '--strict', await logs.fileOf(''));
    expect(code).toBe(1);
    expect(text).toMatch(/no period\n0 lines[^]*\nThere is no line of an operation: is this the log/);
  });
});
