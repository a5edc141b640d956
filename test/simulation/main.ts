// Time and chance are taken over before anything else is imported, so that libraries live in them, too.
import { breakNames } from './break-names.ts';
import { takeOverTime } from './clock.ts';
import { readCommand, usage, type Command } from './options.ts';

const realNow = performance.now.bind(performance);

const simulate = async ({ world, seeds, isJson, isTellingEvents }: Command): Promise<boolean> => {
  const time = takeOverTime();
  const { runWorld } = await import('./run.ts');
  const { failureOf, summarize, tableOf } = await import('./summary.ts');
  const { breaks } = await import('./breaks.ts');
  const startedAt = realNow();
  const seconds = () => (realNow() - startedAt) / 1_000;
  const tell = (text: string) => {
    if (!isJson) process.stdout.write(`${text}\n`);
  };
  let toldAt = 0;
  const listeners = {
    onEvent: isTellingEvents ? tell : null,
    onProgress: ({ upstream }: { upstream: { counts: () => { arrivals: number } } }, virtualMs: number) => {
      if (seconds() - toldAt < 3) return;
      toldAt = seconds();
      const memoryMb = Math.round(process.memoryUsage().rss / 2 ** 20);
      const hours = (virtualMs / 3_600_000).toFixed(2);
      tell(`${toldAt.toFixed(0)} s: ${upstream.counts().arrivals} upstream calls, ${hours} h virtual, ${memoryMb} MB`);
    },
  };
  const reports = [];
  for (let seed = world.seed; seed < world.seed + seeds; seed += 1) {
    const report = await runWorld({ ...world, seed }, time, listeners);
    if (report.violation !== null) tell(failureOf(report));
    reports.push({ ...report, lastEvents: [] });
    if (world.breaking !== 'none' && report.violation?.invariant === breaks[world.breaking].noticedBy) break;
  }
  const summary = summarize(reports, seconds());
  process.stdout.write(`${isJson ? JSON.stringify(summary) : tableOf(summary)}\n`);
  return summary.failures.length === 0;
};

const main = async (): Promise<void> => {
  try {
    const command = readCommand(process.argv.slice(2), breakNames);
    if (command === null) process.stdout.write(usage(breakNames));
    else if (!(await simulate(command))) process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 2;
  }
};

await main();
