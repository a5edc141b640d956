import { expect, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createAudit, type AuditEntry } from '../../src/tokens/audit.ts';
import { InstallError } from '../../src/tokens/install.ts';

const create = () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const tally = createTally();
  const audit = createAudit({ log: createLog({ level: 'info', secrets: ['c1ient-secret'], sink }), tally });
  return { audit, tally, lines, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
};
const renewal: AuditEntry = { action: 'renew', grant: 'location:L1' };

test('work that succeeds gives its result and one line: what, whose, by whom', async () => {
  const { audit, read } = create();
  expect(await audit.around(renewal, () => Promise.resolve(5))).toBe(5);
  audit.done({ action: 'install', grant: 'company', by: 'ticket' });
  expect(read()).toEqual([
    expect.objectContaining({ audit: 'grant', action: 'renew', grant: 'location:L1', by: 'gateway', outcome: 'done' }),
    expect.objectContaining({ audit: 'grant', action: 'install', grant: 'company', by: 'ticket', outcome: 'done' }),
  ]);
});

test.each([
  ['a code of ours', new GatewayError('LOCATION_PAUSED'), 'LOCATION_PAUSED'],
  ['why an install failed', new InstallError('code-refused'), 'code-refused'],
  ['a bug', new TypeError('bug'), 'INTERNAL_SERVER_ERROR'],
])('work that fails with %s throws it on, and the line says so as a warning', async (_, error, outcome) => {
  const { audit, read } = create();
  const work = audit.around(renewal, () => Promise.reject(error));
  await expect(work).rejects.toBe(error);
  expect(read()).toEqual([expect.objectContaining({ level: 'warn', audit: 'grant', action: 'renew', outcome })]);
});

test('each outcome is counted', () => {
  const { audit, tally } = create();
  audit.done(renewal);
  audit.done(renewal);
  audit.failed(renewal, new GatewayError('LOCATION_PAUSED'));
  expect(tally.snapshot()).toMatchObject({ 'grant renew done': 2, 'grant renew LOCATION_PAUSED': 1 });
});

test('a token in an error does not reach the line', () => {
  const { audit, lines } = create();
  const cause = new Error('refused c1ient-secret, authorization: Bearer at-secret');
  audit.failed(renewal, new GatewayError('UPSTREAM_AUTH_FAILED', { cause }));
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toMatch(/c1ient-secret|at-secret/);
});
