// What is promised under load, over real sockets. Ends with 1 where a promise is broken.
import { parseArgs } from 'node:util';
import { batching } from './load-batching.ts';
import { dashboards } from './load-dashboards.ts';
import { outage } from './load-outage.ts';
import { priority } from './load-priority.ts';
import { redis } from './load-redis.ts';
import type { Scenario } from './scenario.ts';

const scenarios: readonly Scenario[] = [dashboards, batching, priority, outage, redis];

const help = `npm run bench:load -- [scenario…] [--seconds N]

Starts a sandbox with its limits on, gateways in processes of their own and, where it takes one, a Redis (redis-server must
be on the PATH); asks, prints a table and says which promises were kept. All scenarios, or those that are named:

${scenarios.map(({ name, about, seconds }) => `  ${name.padEnd(11)} ${about}${seconds === null ? '' : `; ${seconds} s a run`}`).join('\n')}

  --seconds N  measures for N seconds a run instead
  --help       this text

Ends with 0 when every promise was kept, with 1 when one was broken, with 2 when it was called wrongly.`;

const wrong = (why: string): never => {
  console.error(`${why}\n\n${help}`);
  process.exit(2);
};

const readArguments = () => {
  try {
    const options = { seconds: { type: 'string' }, help: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const unknown = positionals.find((name) => !scenarios.some((scenario) => scenario.name === name));
    if (unknown !== undefined) return wrong(`There is no scenario ${unknown}.`);
    const seconds = values.seconds === undefined ? null : Number(values.seconds);
    if (seconds !== null && !(seconds >= 1)) return wrong('--seconds wants a number from 1.');
    const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    return { chosen, seconds, isHelp: values.help === true };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : 'These arguments cannot be read.');
  }
};

const { chosen, seconds, isHelp } = readArguments();
if (isHelp) console.log(help);
else {
  for (const scenario of chosen) {
    const promised = await scenario.run(seconds ?? scenario.seconds ?? 0);
    const isKept = promised.every((one) => one.isKept);
    console.log();
    for (const one of promised) console.log(`  ${one.isKept ? 'kept  ' : 'BROKEN'}  ${one.what}`);
    console.log(`${scenario.name}: ${isKept ? 'every promise kept' : 'A PROMISE WAS BROKEN'}`);
    if (!isKept) process.exitCode = 1;
  }
}
