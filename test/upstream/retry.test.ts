import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CallerGone, GatewayError, type ErrorCode } from '../../src/model/errors.ts';
import { sharedUrgency } from '../../src/model/urgency.ts';
import { createTally } from '../../src/observe/tally.ts';
import { deadline, untilUrgencyEnds } from '../../src/upstream/deadline.ts';
import { createRetryBudget } from '../../src/upstream/retry-budget.ts';
import { retry } from '../../src/upstream/retry.ts';
import { stack, type UpstreamRequest } from '../../src/upstream/send.ts';
import { answerWith, endOf, question, startFaulty, ways, type Faulty, type Outcome } from './faulty.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const failed = (code: ErrorCode, ms?: number) => new GatewayError(code, ms === undefined ? {} : { retryAfterMs: ms });
const after = (status: number, seconds: string) => ({ status, headers: { 'retry-after': seconds } });

/** Asks once over plain outcomes, each in its turn, the last one for ever; tells when each attempt was made. */
const ask = (outcomes: readonly Outcome[], more: Partial<UpstreamRequest> = {}, patienceMs = 10_000) => {
  const startedAt = Date.now();
  const attempts: number[] = [];
  const send = retry({ budget: createRetryBudget(), tally: createTally() })(() => {
    attempts.push(Date.now() - startedAt);
    return answerWith(outcomes[Math.min(attempts.length, outcomes.length) - 1] ?? {});
  });
  const end = endOf(send(question(more, patienceMs)));
  return { attempts, end };
};
const askToTheEnd = async (...given: Parameters<typeof ask>) => {
  const { attempts, end } = ask(...given);
  await jest.runAllTimersAsync();
  return { attempts, end: await end };
};

describe('what is repeated, and when', () => {
  // Half of the jitter: 50 ms before the second attempt, 100 ms before the third.
  test.each<[string, Outcome[], number[], number | string]>([
    ['a good answer is not', [{}], [0], 200],
    [
      'no answer, twice, then a good one',
      [failed('UPSTREAM_UNAVAILABLE'), failed('UPSTREAM_UNAVAILABLE'), {}],
      [0, 50, 150],
      200,
    ],
    ['no answer ever, three times in all', [failed('UPSTREAM_UNAVAILABLE')], [0, 50, 150], 'UPSTREAM_UNAVAILABLE'],
    ['a time-out once', [failed('UPSTREAM_TIMEOUT'), {}], [0, 50], 200],
    ['a second time-out is not', [failed('UPSTREAM_TIMEOUT')], [0, 50], 'UPSTREAM_TIMEOUT'],
    [
      'a time-out among other faults counts as one',
      [{ status: 500 }, failed('UPSTREAM_TIMEOUT'), {}],
      [0, 50, 150],
      200,
    ],
    [
      'a second time-out after another fault is not',
      [failed('UPSTREAM_TIMEOUT'), { status: 502 }, failed('UPSTREAM_TIMEOUT')],
      [0, 50, 150],
      'UPSTREAM_TIMEOUT',
    ],
    ['500', [{ status: 500 }], [0, 50, 150], 500],
    ['502', [{ status: 502 }, {}], [0, 50], 200],
    ['503', [{ status: 503 }, {}], [0, 50], 200],
    ['504', [{ status: 504 }, {}], [0, 50], 200],
    ['501 is not', [{ status: 501 }], [0], 501],
    ['400 is not', [{ status: 400 }], [0], 400],
    ['401 is not', [{ status: 401 }], [0], 401],
    ['404 is not', [{ status: 404 }], [0], 404],
    ['422 is not', [{ status: 422 }], [0], 422],
    ['302 is not', [{ status: 302 }], [0], 302],
    ['our own limiter is obeyed', [failed('UPSTREAM_RATE_LIMITED', 5)], [0], 'UPSTREAM_RATE_LIMITED'],
    ['an open circuit is left alone', [failed('UPSTREAM_CIRCUIT_OPEN', 5)], [0], 'UPSTREAM_CIRCUIT_OPEN'],
    [
      'a refusal on the second attempt is the end of it',
      [{ status: 500 }, failed('UPSTREAM_CIRCUIT_OPEN', 5)],
      [0, 50],
      'UPSTREAM_CIRCUIT_OPEN',
    ],
    ['failed credentials are not', [failed('UPSTREAM_AUTH_FAILED')], [0], 'UPSTREAM_AUTH_FAILED'],
    ['an answer that is none is not', [failed('UPSTREAM_INVALID_RESPONSE')], [0], 'UPSTREAM_INVALID_RESPONSE'],
    ['a bug is not', [new Error('a bug')], [0], 'Error: a bug'],
    ['a caller who has gone is not asked for again', [new CallerGone()], [0], 'CallerGone: the caller has gone'],
    ['503 as late as it says', [after(503, '1'), {}], [0, 1_000], 200],
    ['503 at once where it says 0', [after(503, '0'), {}], [0, 0], 200],
    ['503 that says 2 s, once', [after(503, '2')], [0, 2_000], 503],
    ['503 that says 3 s is not', [after(503, '3')], [0], 503],
    ['503 that says 1 s, 1 s and no more', [after(503, '1')], [0, 1_000, 2_000], 503],
    ['503 that says 1 s and then 2 s: the sum is too long', [after(503, '1'), after(503, '2')], [0, 1_000], 503],
    ['503 that says nonsense, a second later', [after(503, 'soon'), {}], [0, 1_000], 200],
    [
      'a missing token that says when is not: its room asks again by itself',
      [failed('UPSTREAM_UNAVAILABLE', 700)],
      [0],
      'UPSTREAM_UNAVAILABLE',
    ],
    [
      'a missing token that says much later is not',
      [failed('UPSTREAM_UNAVAILABLE', 60_000)],
      [0],
      'UPSTREAM_UNAVAILABLE',
    ],
    ['429 without a word is not', [{ status: 429 }], [0], 429],
    ['429 as late as it says', [after(429, '1'), {}], [0, 1_000], 200],
    ['429 that says 3 s is not', [after(429, '3')], [0], 429],
    ['429 as late as our own budget says', [{ status: 429, budgetWaitMs: 300 }, {}], [0, 300], 200],
    ['429 at the later of both', [{ ...after(429, '1'), budgetWaitMs: 1_234 }, {}], [0, 1_234], 200],
    ['429 where our budget is empty for long is not', [{ ...after(429, '1'), budgetWaitMs: 10_000 }], [0], 429],
    [
      '429 for a day that is used up is not',
      [{ status: 429, headers: { 'retry-after': '1', 'x-ratelimit-daily-remaining': '0' }, budgetWaitMs: 1 }],
      [0],
      429,
    ],
    [
      '500 with a day that is used up is not',
      [{ status: 500, headers: { 'x-ratelimit-daily-remaining': '0' } }],
      [0],
      500,
    ],
    [
      '500 with a day that lies is',
      [{ status: 500, headers: { 'x-ratelimit-daily-remaining': '' } }, {}],
      [0, 50],
      200,
    ],
  ])('%s', async (_what, outcomes, attempts, end) => {
    expect(await askToTheEnd(outcomes)).toEqual({ attempts, end });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('what may not be asked twice never is', async () => {
    const { attempts, end } = await askToTheEnd([failed('UPSTREAM_UNAVAILABLE')], { isRepeatable: false });
    expect([attempts, end]).toEqual([[0], 'UPSTREAM_UNAVAILABLE']);
  });

  test.each([
    [0, [0, 0, 0]],
    [0.999, [0, 100, 300]],
  ])('the wait between is drawn between nothing and all of it: %d', async (drawn, attempts) => {
    jest.spyOn(Math, 'random').mockReturnValue(drawn);
    expect((await askToTheEnd([{ status: 500 }])).attempts).toEqual(attempts);
  });
});

describe('those who wait', () => {
  test.each([
    ['a second, where two are left', 2_000, [0, 1_000]],
    ['nothing, where the wait takes all that is left', 1_000, [0]],
    ['nothing, where less is left', 999, [0]],
  ])('are made to wait %s', async (_what, patienceMs, attempts) => {
    expect((await askToTheEnd([after(503, '1'), {}], {}, patienceMs)).attempts).toEqual(attempts);
  });

  test('are made to wait longer after somebody more patient has joined them', async () => {
    const urgency = sharedUrgency(question({}, 500).urgency);
    const { attempts, end } = ask([{ status: 500 }, after(503, '1'), {}], { urgency });
    urgency.join(question({}, 5_000).urgency);
    await jest.runAllTimersAsync();
    expect([attempts, await end]).toEqual([[0, 50, 1_050], 200]);
  });

  test('hear the reason at once when the wait is called off, and nothing more is sent', async () => {
    const leaving = new AbortController();
    const { attempts, end } = ask([after(503, '2')], { signal: leaving.signal });
    await jest.advanceTimersByTimeAsync(700);
    leaving.abort(new CallerGone());
    expect(await end).toBe('CallerGone: the caller has gone');
    expect(attempts).toEqual([0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('who has no more time is not served by a repeat: their own time-out is none of an attempt', async () => {
    const { attempts, end } = ask([failed('UPSTREAM_TIMEOUT')], { signal: AbortSignal.abort() });
    expect([await end, attempts]).toEqual(['UPSTREAM_TIMEOUT', [0]]);
  });
});

describe('the budget for repeats', () => {
  const taken = (budget: ReturnType<typeof createRetryBudget>) => {
    let count = 0;
    while (count < 1_000 && budget.takeRepeat()) count += 1;
    return count;
  };
  const after200 = () => {
    const budget = createRetryBudget();
    for (let first = 0; first < 200; first += 1) budget.first();
    return budget;
  };

  test.each([
    [0, 3],
    [1, 3],
    [15, 3],
    [19, 3],
    [20, 4],
    [24, 4],
    [200, 40],
  ])('of %d first attempts %d repeats', (firsts, repeats) => {
    const budget = createRetryBudget();
    for (let first = 0; first < firsts; first += 1) budget.first();
    expect(taken(budget)).toBe(repeats);
  });

  test('counts the last ten seconds', () => {
    const budget = after200();
    expect(taken(budget)).toBe(40);
    jest.setSystemTime(Date.now() + 8_000);
    expect(taken(budget)).toBe(0);
    for (let first = 0; first < 50; first += 1) budget.first();
    expect(taken(budget)).toBe(10);
    jest.setSystemTime(Date.now() + 2_000);
    expect(taken(budget)).toBe(0); // 50 and 10 are left
    jest.setSystemTime(Date.now() + 8_000);
    expect(taken(budget)).toBe(3);
  });

  test('a clock that is set back does not freeze it', () => {
    const budget = after200();
    expect(taken(budget)).toBe(40);
    jest.setSystemTime(Date.now() - 3_600_000);
    expect(taken(budget)).toBe(3);
  });

  test('of two hundred who fail at once forty come back, and what we refuse ourselves earns no repeat', async () => {
    const budget = createRetryBudget();
    let sent = 0;
    let outcome: Outcome = failed('UPSTREAM_CIRCUIT_OPEN');
    const send = retry({ budget, tally: createTally() })(() => {
      sent += 1;
      return answerWith(outcome);
    });
    const ask200 = async () => {
      sent = 0;
      const answers = Array.from({ length: 200 }, () => endOf(send(question())));
      await jest.runAllTimersAsync();
      await Promise.all(answers);
      return sent;
    };
    expect(await ask200()).toBe(200);
    expect(taken(budget)).toBe(3);
    outcome = { status: 500 };
    expect(await ask200()).toBe(237); // three of the forty are taken
  });
});

describe('over the wire', () => {
  test.each<[string, Faulty['ways'], number, number | string]>([
    ['reset twice, then good', [ways.reset, ways.reset, ways.good], 3, 200],
    ['cut, then good', [ways.cut, ways.good], 2, 200],
    ['500 twice, then good', [ways.status(500), ways.status(500), ways.good], 3, 200],
    ['500 for ever', [ways.status(500)], 3, 500],
    ['503 for two seconds', [ways.status(503, { 'retry-after': '2' }), ways.good], 2, 200],
    ['503 for an hour', [ways.status(503, { 'retry-after': '3600' }), ways.good], 1, 503],
    ['429 for a second', [ways.status(429, { 'retry-after': '1' }), ways.good], 2, 200],
    ['429 without a word', [ways.status(429)], 1, 429],
    ['hangs once', [ways.hang, ways.good], 2, 200],
    ['hangs for ever', [ways.hang], 2, 'UPSTREAM_TIMEOUT'],
    ['hangs, then is reset', [ways.hang, ways.reset, ways.good], 3, 200],
  ])('an upstream that is %s', async (_what, upstreamWays, arrived, end) => {
    await using upstream = await startFaulty();
    upstream.ways = upstreamWays;
    const stages = [untilUrgencyEnds, retry({ budget: createRetryBudget(), tally: createTally() }), deadline(3_000)];
    const answer = endOf(stack(stages, upstream.transport)(question()));
    const ends: unknown[] = [];
    void answer.then((one) => ends.push(one));
    while (ends.length === 0) {
      // Time stands still while something is on its way.
      while (!upstream.isQuiet() && !upstream.isStuck()) await turn();
      await jest.advanceTimersByTimeAsync(50);
    }
    expect([await answer, upstream.arrived()]).toEqual([end, arrived]);
  });
});
