import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBudgets } from '../../src/limiter/budgets.ts';
import { createLedger } from '../../src/limiter/ledger.ts';
import { limit } from '../../src/limiter/limit.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';
import { createTally } from '../../src/observe/tally.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import { retry } from '../../src/upstream/retry.ts';
import { createRetryBudget } from '../../src/upstream/retry-budget.ts';
import { stack, type Send, type UpstreamRequest } from '../../src/upstream/send.ts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

const request: UpstreamRequest = {
  endpoint: 'listTags',
  method: 'GET',
  path: '/tags',
  headers: {},
  body: null,
  holder: { kind: 'company' },
  scope: 'socialplanner/tag.readonly',
  isRepeatable: true,
  ...ownCause('interactive', 0),
};

/** Ten permits in a minute, of an upstream that answers each request after the next one of these times, then after the last. */
const create = (...answersMs: number[]) => {
  const burst = { limit: 10, windowMs: 60_000 };
  const ledger = createLedger({ burst, dailyLimit: 1_000, replicas: 1, attemptMs: 10_000 });
  const budgets = createBudgets(ledger, { interactiveReserve: 0, answerMs: 500 });
  const tally = createTally();
  let sent = 0;
  const transport: Send = async () => {
    const ms = answersMs[Math.min(sent, answersMs.length - 1)] ?? 0;
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { status: 200, headers: {}, body: null };
  };
  const send = stack([retry({ budget: createRetryBudget(), tally }), limit(budgets, tally)], transport);
  return {
    sent: () => sent,
    left: async () => (await budgets.quota('company')).burst.remaining,
    /** What becomes of a request of somebody who has so many milliseconds left: a status or an error. */
    ask: async (leftMs: number): Promise<unknown> => {
      const urgency = fixedUrgency('interactive', Date.now() + leftMs);
      const answer = send({ ...request, urgency }).then(
        ({ status }) => status,
        (error: unknown) => (error instanceof GatewayError ? `${error.code} ${error.retryAfterMs}` : error),
      );
      await jest.advanceTimersByTimeAsync(5_000);
      return answer;
    },
  };
};

describe('who has hardly any time left', () => {
  test('costs no request where answers have taken longer of late, and is told once', async () => {
    const { ask, sent, left } = create(100);
    expect(await ask(8_000)).toBe(200);
    expect(await ask(99)).toBe('UPSTREAM_TIMEOUT 500');
    expect([sent(), await left()]).toEqual([1, 9]);
    expect(await ask(100)).toBe(200);
  });

  test('is sent where nobody knows what answers take, and again when none has come for ten seconds', async () => {
    const { ask, sent } = create(100);
    expect(await ask(1)).toBe(200);
    expect(await ask(1)).toBe('UPSTREAM_TIMEOUT 500');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await ask(1)).toBe(200);
    expect(sent()).toBe(2);
  });

  test('needs the more, the less answers are alike', async () => {
    const { ask } = create(100, 100, 180, 60);
    for (let call = 0; call < 4; call += 1) await ask(8_000);
    expect(await ask(150)).toBe('UPSTREAM_TIMEOUT 500');
    expect(await ask(250)).toBe(200);
  });

  test('is sent with half a second, however long answers take', async () => {
    const { ask } = create(4_000);
    expect(await ask(8_000)).toBe(200);
    expect(await ask(499)).toBe('UPSTREAM_TIMEOUT 500');
    expect(await ask(500)).toBe(200);
  });

  test('and would have to wait for a permit is told when one comes', async () => {
    const { ask, sent } = create(0);
    for (let call = 0; call < 10; call += 1) await ask(8_000);
    expect(await ask(400)).toBe('UPSTREAM_RATE_LIMITED 10000');
    expect(sent()).toBe(10);
  });
});
