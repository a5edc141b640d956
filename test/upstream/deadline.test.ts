import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { CallerGone } from '../../src/model/errors.ts';
import { fixedUrgency, sharedUrgency } from '../../src/model/urgency.ts';
import { orAborted } from '../../src/upstream/abort.ts';
import { deadline, untilUrgencyEnds } from '../../src/upstream/deadline.ts';
import { stack, type Send, type UpstreamRequest } from '../../src/upstream/send.ts';
import { answerWith, endOf, question } from './faulty.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const hanging: Send = ({ signal }) => orAborted(new Promise<never>(() => undefined), signal);

/** Asks an upstream that never answers; `lasted` is how long that took. */
const askInVain = (more: Partial<UpstreamRequest>, stages = [untilUrgencyEnds]) => {
  const startedAt = Date.now();
  return stack(
    stages,
    hanging,
  )(question(more)).then(
    () => Promise.reject(new Error('was answered')),
    (error: unknown) => ({ error, lasted: Date.now() - startedAt }),
  );
};
const inMs = (ms: number) => fixedUrgency('interactive', Date.now() + ms);

test('a call ends with the patience of whoever waits for it, and says so', async () => {
  const end = askInVain({ urgency: inMs(4_000) });
  await jest.runAllTimersAsync();
  const { error, lasted } = await end;
  expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryAfterMs: null });
  expect(String((error as Error).cause)).toBe('Error: no answer from listTags in time');
  expect(lasted).toBe(4_000);
});

test.each([
  ['longer, when somebody more patient joins', [6_000], 6_000],
  ['as long, when somebody less patient joins', [1_000], 4_000],
  ['as long as the most patient of several', [6_000, 9_000, 7_000], 9_000],
])('a call under way lasts %s', async (_what, joining, expected) => {
  const urgency = sharedUrgency(inMs(4_000));
  const end = askInVain({ urgency });
  for (const ms of joining) urgency.join(inMs(ms));
  await jest.runAllTimersAsync();
  expect((await end).lasted).toBe(expected);
});

test('who joins at the last moment prolongs the call, who comes later does not bring it back', async () => {
  const urgency = sharedUrgency(inMs(4_000));
  const end = askInVain({ urgency });
  await jest.advanceTimersByTimeAsync(3_999);
  urgency.join(inMs(2_000));
  await jest.advanceTimersByTimeAsync(2_000);
  urgency.join(inMs(2_000));
  expect((await end).lasted).toBe(5_999);
  expect(jest.getTimerCount()).toBe(0);
});

test.each([0, -1, -60_000])('who gave up %d ms ago sends nothing', async (ms) => {
  let sent = 0;
  const send = untilUrgencyEnds(() => {
    sent += 1;
    return answerWith({});
  });
  expect(await endOf(send(question({ urgency: inMs(ms) })))).toBe('UPSTREAM_TIMEOUT');
  expect(sent).toBe(0);
});

test('whoever leaves ends the call with their own reason', async () => {
  const leaving = new AbortController();
  const end = askInVain({ signal: leaving.signal });
  leaving.abort(new CallerGone());
  expect((await end).error).toBeInstanceOf(CallerGone);
});

test('an end of any kind leaves no timer and no listener', async () => {
  let listeners = 0;
  const urgency = {
    ...inMs(4_000),
    onRaise: () => {
      listeners += 1;
      return () => void (listeners -= 1);
    },
  };
  for (const outcome of [{ status: 503 }, new Error('a bug')]) {
    const heard: number[] = [];
    const send = untilUrgencyEnds(() => {
      heard.push(listeners);
      return answerWith(outcome);
    });
    await endOf(send(question({ urgency })));
    expect([heard, listeners, jest.getTimerCount()]).toEqual([[1], 0, 0]);
  }
});

test('an attempt ends by its own time or by that of the whole call, whichever is first', async () => {
  const both = [untilUrgencyEnds, deadline(3_000)];
  const ends = [askInVain({ urgency: inMs(8_000) }, both), askInVain({ urgency: inMs(1_000) }, both)];
  await jest.runAllTimersAsync();
  const told = (await Promise.all(ends)).map(({ error, lasted }) => [lasted, String((error as Error).cause)]);
  expect(told).toEqual([
    [3_000, 'Error: no answer from listTags in 3000 ms'],
    [1_000, 'Error: no answer from listTags in time'],
  ]);
});
