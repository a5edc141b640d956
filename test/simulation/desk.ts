import type { Lifetimes } from '../../src/cache/keys.ts';
import { CallerGone } from '../../src/model/errors.ts';
import type { Break } from './breaks.ts';
import type { AnswerChecks } from './check-answers.ts';
import type { Verdict } from './checks.ts';
import type { VirtualTime } from './clock.ts';
import type { EventLog } from './events.ts';
import { runOperation, type Question, type Settled } from './operation.ts';
import type { Random } from './random.ts';
import type { Replica, Running } from './replica.ts';

/** Takes operations to a replica and looks at what becomes of them, as the HTTP room does. */
export interface Desk {
  /** To any replica that is up; nothing happens where none is. Resolves with the end of it, also when its replica dies:
   * with the milliseconds after which it makes sense to come again. */
  readonly ask: (question: Question, leavesAfterMs?: number | null) => Promise<number>;
  /** Whoever waited for an answer of this replica has lost it. */
  readonly lost: (replica: Replica) => void;
  readonly counts: Counts;
  readonly waiting: () => number;
}

/** What became of all operations. */
interface Counts {
  operations: number;
  /** Parts of answers, by what they were: FRESH, a stale state, a code, … */
  readonly parts: Map<string, number>;
  fromCache: number;
  shared: number;
  left: number;
  lost: number;
}

/** What the desk is made of. */
export interface DeskDeps {
  readonly time: VirtualTime;
  readonly events: EventLog;
  readonly verdict: Verdict;
  readonly answers: AnswerChecks;
  readonly replicas: readonly Replica[];
  readonly lifetimes: Lifetimes;
  readonly random: Random;
  readonly breaking: Pick<Break, 'endsAt'>;
}

/** Milliseconds: REQUEST_DEADLINE_MS, the part of it that upstream calls have (the HTTP room needs the rest), and how much later the last of
 * them may be known. */
const deadlineMs = 10_000;
const callShare = 0.8;
const slackMs = 250;

interface Waiting {
  readonly running: Running;
  readonly end: (comeAgainMs: number) => void;
}

/** Nobody waits. */
export const createDesk = (deps: DeskDeps): Desk => {
  const { time, events, verdict, answers, replicas, lifetimes, random } = deps;
  const counts: Counts = { operations: 0, parts: new Map(), fromCache: 0, shared: 0, left: 0, lost: 0 };
  const waiting = new Set<Waiting>();

  const note = (settled: Settled, who: string): void => {
    for (const outcome of settled.outcomes) counts.parts.set(outcome, (counts.parts.get(outcome) ?? 0) + 1);
    counts.fromCache += settled.cost.fromCache;
    counts.shared += settled.cost.shared;
    events.note('settles', who, settled.outcomes.join(' '));
    const [surprise] = settled.surprises;
    if (surprise !== undefined) verdict.broken('surprise', describe(surprise));
    const silent = settled.refusals.find(
      (error) => error.code === 'UPSTREAM_RATE_LIMITED' && !((error.retryAfterMs ?? 0) > 0),
    );
    if (silent) verdict.broken('refusal', `${who} is refused without a time`);
  };

  const ask = (question: Question, leavesAfterMs: number | null = null): Promise<number> => {
    const up = replicas.flatMap((replica) => replica.running() ?? []);
    const running = up[Math.floor(random.next() * up.length)];
    if (running === undefined) return Promise.resolve(0);
    const { life } = running;
    counts.operations += 1;
    const who = `${life.name} ${question.priority} ${question.topic.kind} ${question.location}`;
    events.note('asks', who);
    const controller = new AbortController();
    const abort = (reason: Error) => time.live(life, () => controller.abort(reason));
    const { promise, resolve } = Promise.withResolvers<number>();
    const timers = [
      time.after(callShare * deadlineMs + slackMs, () =>
        verdict.broken('end', `${who} has not ended by itself in its time`),
      ),
      leavesAfterMs === null
        ? () => undefined
        : time.after(leavesAfterMs, () => {
            counts.left += 1;
            abort(new CallerGone());
          }),
    ];
    const entry: Waiting = {
      running,
      end: (comeAgainMs) => {
        for (const cancel of timers) cancel();
        waiting.delete(entry);
        resolve(comeAgainMs);
      },
    };
    waiting.add(entry);
    const partDeps = {
      lifetimes,
      answered: (part: Parameters<AnswerChecks['answered']>[0]) => answers.answered(part, time.now()),
    };
    void time.live(life, async () => {
      const endsAt = deps.breaking.endsAt(Date.now() + callShare * deadlineMs);
      const settled = await runOperation(running, question, partDeps, { signal: controller.signal, endsAt });
      note(settled, who);
      entry.end(Math.max(0, ...settled.refusals.map(({ retryAfterMs }) => retryAfterMs ?? 0)));
    });
    return promise;
  };
  return {
    ask,
    counts,
    waiting: () => waiting.size,
    lost: (replica) => {
      for (const entry of waiting) {
        if (entry.running.life.name !== replica.name) continue;
        counts.lost += 1;
        entry.end(0);
      }
    },
  };
};

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
