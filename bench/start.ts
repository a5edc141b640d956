// From `npm start` to the first answered question, and the memory of the idle process, sandbox included.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, lastDescendant, residentMb, startCommand } from './processes.ts';
import { printTable, quantile } from './table.ts';

const runs = 5;
const idleMs = 2_000;

const textOf = async (stream: AsyncIterable<Buffer> | null, pattern: RegExp): Promise<RegExpExecArray> => {
  let text = '';
  for await (const chunk of stream ?? []) {
    text += String(chunk);
    const found = pattern.exec(text);
    if (found) return found;
  }
  throw new Error(`npm start ended without its banner:\n${text}`);
};

const answered = async (url: string, body: string): Promise<void> => {
  const headers = { 'content-type': 'application/json' };
  for (let attempts = 0; attempts < 200; attempts += 1) {
    const response = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
    const text = await response?.text();
    if (text?.startsWith('{"data":{"location":{"tags":{"nodes":[') === true) return;
    await sleep(10);
  }
  throw new Error('the question of the banner was not answered');
};

const run = async (number: number, compileCache: string) => {
  const [port, sandboxPort] = [await freePort(), await freePort()];
  const startedAt = performance.now();
  const started = startCommand(['npm', 'start'], {
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    DRAIN_DELAY_MS: '0',
    DOT_ENV: 'off',
    NODE_COMPILE_CACHE: compileCache,
  });
  try {
    const [, url = '', body = ''] = await textOf(started.child.stdout, /curl -s (\S+) .* -d '(.*)'\n/);
    await answered(url, body);
    const toAnswerMs = performance.now() - startedAt;
    started.child.stdout.resume();
    await sleep(idleMs);
    return { run: number, 'ms to the first answer': toAnswerMs, 'idle MB': residentMb(lastDescendant(started.pid)) };
  } finally {
    await started.end();
  }
};

// A folder of its own: the first run is the first start ever on a machine, the others find compiled code.
const compileCache = await mkdtemp(join(tmpdir(), 'users-gateway-bench-'));
const rows = [];
try {
  for (let number = 1; number <= runs; number += 1) rows.push(await run(number, compileCache));
} finally {
  await rm(compileCache, { recursive: true });
}
printTable(`npm start, ${runs} runs, the first with nothing compiled before`, rows);
const toAnswerMs = quantile(rows.map((row) => row['ms to the first answer']));
const idleMb = quantile(rows.map((row) => row['idle MB']));
console.log(`\nmedian: ${toAnswerMs.toFixed(0)} ms (wanted: under 1500), ${idleMb.toFixed(0)} MB (wanted: under 170)`);
