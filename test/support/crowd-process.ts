// A crowd of clients in a process of its own. Reads an `Asking` from its arguments and prints a `CrowdOutcome`, both as JSON.
import type { Asking, CrowdOutcome } from './crowd.ts';
import { askAtPace, createKeepAliveClient, type Question, type Told } from './keep-alive.ts';

const { url, clients, ms, everyMs, token, warm, cold, coldShare } = JSON.parse(process.argv[2] ?? '') as Asking;
using client = createKeepAliveClient(url, clients, token);

const statuses: Record<string, number> = {};
const tookMs: number[] = [];
let withErrors = 0;
let withoutRetryAfter = 0;
let limitedHeaders: CrowdOutcome['limitedHeaders'] = null;

const nextQuestion = (): Question => {
  const known = warm[Math.floor(Math.random() * warm.length)];
  if (cold === null || (known && Math.random() >= coldShare)) return known ?? { query: '', variables: {} };
  return { ...cold, variables: { ...cold.variables, search: Math.random().toString(36).slice(2) } };
};

const note = ({ status, ms: took, headers, hasErrors }: Told): void => {
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status === '200') tookMs.push(took);
  else if (headers['retry-after'] === undefined) withoutRetryAfter += 1;
  if (status === '200' && hasErrors) withErrors += 1;
  if (status === '429') limitedHeaders = headers;
};
const ask = async (): Promise<void> => note(await client.ask(nextQuestion()));

const until = performance.now() + ms;
const oneAfterTheOther = async (): Promise<void> => {
  while (performance.now() < until) await ask();
};

if (everyMs === null) await Promise.all(Array.from({ length: clients }, oneAfterTheOther));
else await askAtPace(ask, { everyMs, ms });
const outcome: CrowdOutcome = { statuses, withErrors, tookMs, withoutRetryAfter, limitedHeaders };
process.stdout.write(JSON.stringify(outcome));
