import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { startPostgres } from './postgres.ts';

/** Gives the only value of the answer. */
const ask = async (url: string, query: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query({ text: query, rowMode: 'array' });
  await client.end();
  return rows[0]?.[0];
};

test('a started PostgreSQL is silent while it is paused, with the backends it has, keeps port and data over a kill and a restart, and stops', async () => {
  await using postgres = await startPostgres();
  await ask(postgres.url, 'create table a as select 7 as b');
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined);
  await client.connect();
  postgres.pause();
  let isSilent = true;
  const answers = Promise.all([client.query('select 1'), ask(postgres.url, 'select 1')]).finally(() => {
    isSilent = false;
  });
  const connection = connect(postgres.port, '127.0.0.1');
  await once(connection, 'connect'); // by the kernel
  connection.destroy();
  expect(isSilent).toBe(true);
  postgres.resume();
  await answers;
  await client.end();

  postgres.kill();
  await postgres.restart();
  expect(await ask(postgres.url, 'select b from a')).toBe(7);
  const other = await postgres.createDatabase();
  expect(await ask(other, `select count(*)::int from pg_tables where tablename = 'a'`)).toBe(0);
  postgres.pause(); // and can be stopped so
  await postgres.stop();
  await postgres.stop();
  await expect(ask(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('PostgreSQL ends with the process that started it, even when that is killed while it is paused', async () => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)});
    const postgres = await startPostgres();
    process.stdin.once('data', () => (postgres.pause(), console.log('paused')));
    console.log(postgres.port);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(starter.stdout);
  const [port] = (await once(lines, 'line')).map(Number);
  const client = new pg.Client({ connectionString: `postgres://gateway@127.0.0.1:${port}/postgres` });
  const closed = new Promise((resolve) => client.on('error', () => undefined).once('end', () => resolve('closed')));
  await client.connect();
  const { rows } = await client.query('show data_directory');
  const folder = String(rows[0].data_directory);
  starter.stdin.write('pause\n');
  await once(lines, 'line');
  starter.kill('SIGKILL');
  expect(await closed).toBe('closed');
  while (existsSync(folder)) await new Promise((resolve) => setImmediate(resolve));
});
