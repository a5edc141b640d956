// Questions a second that one gateway process answers from its cache, against the same with nothing kept. The sandbox runs in this
// process, so that the gateway's own processor time can be told.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox, type Sandbox } from '../src/sandbox/server.ts';
import { dashboard } from './gateway.ts';
import { freePort, processorMs, startCommand } from './processes.ts';
import { printTable, quantile, times } from './table.ts';

const connections = 8;
const warmUpMs = 1_500;
const measuredMs = 3_000;
/** So high that neither side ever waits for it: what is measured is work, not budgets. */
const calls = 1_000_000;

const ask = (agent: Agent, url: string, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200 && !text.includes('"errors":')) resolve();
        else reject(new Error(text.slice(0, 500)));
      });
    });
    asked.on('error', reject).end(body);
  });

/** Every connection asks for a location of its own, one question after the other. Answers with the time of each question. */
const askFor = async (ms: number, url: string, locationIds: readonly string[]): Promise<number[]> => {
  const until = performance.now() + ms;
  const took: number[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: locationIds.length });
  const worker = async (id: string) => {
    const body = JSON.stringify({ query: dashboard, variables: { id } });
    for (let now = performance.now(); now < until; now = performance.now()) {
      await ask(agent, url, body);
      took.push(performance.now() - now);
    }
  };
  await Promise.all(locationIds.map(worker));
  agent.destroy();
  return took;
};

const isReady = async (url: string): Promise<boolean> =>
  (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;

const run = async (sandbox: Sandbox, cache: 'on' | 'off') => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const gateway = startCommand([process.execPath, 'src/start.js'], {
    PORT: String(port),
    AUTH: 'none',
    LOCATION_REQUESTS_PER_MINUTE: '0',
    LOCATION_COST_PER_MINUTE: '0',
    DRAIN_DELAY_MS: '0',
    CACHE: cache,
    UPSTREAM_URL: sandbox.url,
    UPSTREAM_CLIENT_ID: sandbox.client.id,
    UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
    UPSTREAM_BURST: String(calls),
    UPSTREAM_DAILY: String(calls),
  });
  gateway.child.stdout.resume();
  try {
    for (let attempts = 0; attempts < 500 && !(await isReady(url)); attempts += 1) await sleep(10);
    await askFor(warmUpMs, url, sandbox.extraLocationIds);
    const [before, startedAt] = [processorMs(gateway.pid), performance.now()];
    sandbox.clearCalls();
    const took = await askFor(measuredMs, url, sandbox.extraLocationIds);
    return {
      cache,
      'questions/s': (took.length / (performance.now() - startedAt)) * 1_000,
      'p50 ms': quantile(took, 0.5),
      'p99 ms': quantile(took, 0.99),
      'CPU ms each': (processorMs(gateway.pid) - before) / took.length,
      'upstream calls each': Math.round((sandbox.calls().length / took.length) * 100) / 100,
    };
  } finally {
    await gateway.end();
  }
};

await using sandbox = await startSandbox({
  extraLocations: connections,
  burst: { limit: calls, windowMs: 10_000 },
  dailyLimit: calls,
});
const [on, off] = [await run(sandbox, 'on'), await run(sandbox, 'off')];
printTable(
  `A dashboard over ${connections} connections, ${measuredMs / 1_000} s after ${warmUpMs / 1_000} s to warm up`,
  [on, off],
);
console.log(
  `\nwith the cache: ${times(on['questions/s'], off['questions/s'])} the questions a second, ` +
    `${times(off['CPU ms each'], on['CPU ms each'])} less processor time, ${times(off['p50 ms'], on['p50 ms'])} faster in the middle`,
);
