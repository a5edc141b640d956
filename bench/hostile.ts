// The table of hostile requests as docs/hostile-requests.md shows it: what each is answered, how long that takes and what it leaves behind.
// A gateway of its own, as `npm start` starts it with NODE_ENV=production; each request fifty times, one after the other.
import { startHeapGateway } from '../test/support/heap-gateway.ts';
import { measureHostile, type HostileCost } from '../test/support/hostile-measure.ts';
import { hostileRequests } from '../test/support/hostile-requests.ts';
import { quantile } from './table.ts';

// Names hold what was sent; a table of Markdown must survive them.
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const line = ({ name, status, medianMs, worstMs, kbEach }: HostileCost, code: string | null): string =>
  `| ${cell(name)} | ${status === 0 ? 'closed' : status} ${code ?? ''} | ${medianMs.toFixed(1)} | ${worstMs.toFixed(0)} | ${kbEach.toFixed(1)} |`;

await using gateway = await startHeapGateway({ NODE_ENV: 'production' });
console.log('| request | answer | median ms | worst ms | heap KB each |');
console.log('| --- | --- | --- | --- | --- |');
const costs: HostileCost[] = [];
for (const row of hostileRequests(gateway.location)) {
  const cost = await measureHostile(gateway, row);
  if (cost.status !== row.status) throw new Error(`${row.name}: ${cost.status} in place of ${row.status}`);
  costs.push(cost);
  console.log(line(cost, row.code));
}
const worst = (figure: (cost: HostileCost) => number): string => Math.max(...costs.map(figure)).toFixed(1);
console.log(
  `\n${costs.length} requests, 50 times each: median of all ${quantile(costs.map(({ medianMs }) => medianMs)).toFixed(1)} ms, ` +
    `slowest ${worst(({ worstMs }) => worstMs)} ms, most heap ${worst(({ kbEach }) => kbEach)} KB each, ` +
    `slowest good question right after ${worst(({ goodMs }) => goodMs ?? Infinity)} ms.`,
);
