import { expect, jest, test } from '@jest/globals';
import { watchCredentials } from '../src/compose-credentials.ts';
import { openGrantDatabase } from '../src/compose-database.ts';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/observe/log.ts';
import { client } from './support/settings.ts';

test('a client secret that has been in use for longer than it should is warned of, with its age and what to do', async () => {
  const config = readConfig({ ...client, CREDENTIAL_MAX_AGE_DAYS: '90' });
  if (config.upstream.kind !== 'live') throw new Error('not live');
  const access = { ...config.upstream, sandbox: null };
  const database = await openGrantDatabase({ path: ':memory:' });
  const lines: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const log = createLog({ level: 'info', secrets: [], sink });
  const start = Date.now();
  const looked = [0, 90, 91];
  for (const days of looked) {
    const now = jest.spyOn(Date, 'now').mockReturnValue(start + days * 86_400_000);
    const watch = watchCredentials(config, access, { log, database });
    expect(await watch.ages()).toEqual([{ name: 'UPSTREAM_CLIENT_SECRET', ageDays: days }]);
    await watch.close();
    now.mockRestore();
  }
  await database.close();
  expect(lines.map(({ level, ageDays }) => [level, ageDays])).toEqual([
    ['info', 0],
    ['info', 90],
    ['warn', 91],
  ]);
  expect(lines.at(-1)?.['msg']).toMatch(/in use for 91 days.*UPSTREAM_CLIENT_SECRET_PREVIOUS/);
  expect(JSON.stringify(lines)).not.toContain(client.UPSTREAM_CLIENT_SECRET);
});
