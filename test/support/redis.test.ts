import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { startRedis } from './redis.ts';

/** Sends one command and gives the first line of the answer, or the error's code. */
const ask = (port: number, command: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });

test('a started Redis answers, keeps its port over a kill and a restart, forgets everything and stops', async () => {
  await using redis = await startRedis();
  expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
  expect(await ask(redis.port, 'PING')).toBe('+PONG');
  expect(await ask(redis.port, 'SET a 1')).toBe('+OK');
  redis.kill();
  await redis.restart();
  expect(await ask(redis.port, 'EXISTS a')).toBe(':0');
  await redis.stop();
  expect(await ask(redis.port, 'PING')).toBe('ECONNREFUSED');
});

test('a paused Redis takes a command, is silent while another answers, and answers when it is resumed', async () => {
  await using redis = await startRedis();
  await using other = await startRedis();
  redis.pause();
  const answer = ask(redis.port, 'PING');
  expect(await Promise.race([answer, ask(other.port, 'PING').then(() => 'silence')])).toBe('silence');
  redis.resume();
  expect(await answer).toBe('+PONG');
});

test('a paused Redis can be stopped, and stopped twice', async () => {
  const redis = await startRedis();
  redis.pause();
  await redis.stop();
  await redis.stop();
  expect(await ask(redis.port, 'PING')).toBe('ECONNREFUSED');
});

test('servers started together get ports of their own', async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
  await Promise.all(servers.map(({ stop }) => stop()));
});

test('Redis ends with the process that started it, even when that is killed', async () => {
  const script = `
    const { startRedis } = await import(${JSON.stringify(new URL('./redis.ts', import.meta.url).href)});
    console.log((await startRedis()).port);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) => {
    createInterface(starter.stdout).once('line', (line) => resolve(Number(line)));
  });
  const held = connect(port, '127.0.0.1');
  await once(held, 'connect');
  // A reset or an end, as the kernel comes to it: only Redis' own end closes this connection.
  const closed = new Promise((resolve) => held.on('error', () => undefined).once('close', () => resolve('closed')));
  starter.kill('SIGKILL');
  expect(await closed).toBe('closed');
});
