import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../src/observe/log.ts';
import { requestId, withRequestId } from '../../src/observe/request.ts';
import { createTally } from '../../src/observe/tally.ts';

const create = (level = 'debug', secrets: readonly string[] = []) => {
  const lines: string[] = [];
  const log = createLog({ level, secrets, sink: { write: (line) => void lines.push(line) } });
  const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines, entries };
};

describe('a line', () => {
  test('it says level, time and message, and the fields by name; nothing of the machine', () => {
    const { log, entries } = create();
    log.info('upstream call', { endpoint: 'listTags', durationMs: 5, isLast: true, wait: null, operations: ['Tags'] });
    expect(entries()).toEqual([
      {
        level: 'info',
        time: expect.any(Number),
        msg: 'upstream call',
        endpoint: 'listTags',
        durationMs: 5,
        isLast: true,
        wait: null,
        operations: ['Tags'],
      },
    ]);
  });

  test('lines below the level are not written', () => {
    const { log, entries } = create('warn');
    log.debug('no');
    log.info('no');
    log.warn('yes');
    log.error('yes');
    log.failed('yes', new Error('x'));
    expect(entries().map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'yes'],
      ['error', 'yes'],
      ['error', 'yes'],
    ]);
  });

  test('nothing from outside can begin a line of its own or a field of its own', () => {
    const { log, lines, entries } = create();
    const forged = 'x\n{"level":"error","msg":"forged"}\r\n\u2028","msg":"forged';
    log.info(forged, { path: forged, operations: [forged] });
    log.failed(forged, new Error(forged));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.trimEnd()).not.toMatch(/[\n\r]/);
    expect(entries().map(({ level, msg }) => [level, msg])).toEqual([
      ['info', forged],
      ['error', forged],
    ]);
    expect(entries()[0]).toMatchObject({ path: forged, operations: [forged] });
  });

  test('secrets are taken out of the message, of every field and of errors', () => {
    const { log, lines } = create('debug', ['s3cr3t-value']);
    log.info('s3cr3t-value', { text: 'Bearer abcdef', list: ['s3cr3t-value', 'refresh_token=abcdef'] });
    log.failed('request failed', new Error('s3cr3t-value', { cause: new Error('access_token=abcdef') }));
    expect(lines.join('')).not.toMatch(/s3cr3t|abcdef/);
    expect(lines.join('').match(/\[redacted\]/g)).toHaveLength(6);
  });

  test('an error is described in one field, beside the others', () => {
    const { log, entries } = create();
    log.failed('field failed', new TypeError('bad', { cause: new Error('worse') }), { path: 'location.tags' });
    expect(entries()).toMatchObject([
      { level: 'error', msg: 'field failed', path: 'location.tags', error: 'TypeError: bad <- Error: worse' },
    ]);
  });
});

describe('the request', () => {
  test('every line written while it is served names it, also after awaits and beside another', async () => {
    const { log, entries } = create();
    const serve = (id: string) =>
      withRequestId(id, async () => {
        log.info(`begin ${id}`);
        await new Promise((resolve) => setImmediate(resolve));
        log.info(`end ${id}`);
        return requestId();
      });
    expect(await Promise.all([serve('one'), serve('two')])).toEqual(['one', 'two']);
    log.info('outside');
    expect(entries().map(({ msg, requestId: id }) => [msg, id])).toEqual([
      ['begin one', 'one'],
      ['begin two', 'two'],
      ['end one', 'one'],
      ['end two', 'two'],
      ['outside', undefined],
    ]);
    expect(requestId()).toBeNull();
  });
});

test('a tally counts by name from zero, and what it gave out does not change', () => {
  const tally = createTally();
  tally.add('cache hit');
  const before = tally.snapshot();
  tally.add('cache hit');
  tally.add('cache miss');
  expect(before).toEqual({ 'cache hit': 1 });
  expect(tally.snapshot()).toEqual({ 'cache hit': 2, 'cache miss': 1 });
});
