import { expect, test } from '@jest/globals';
import { rateLimitHeaders } from '../../src/http/rate-limit-headers.ts';

const requests = { name: 'requests', limit: 6_000, remaining: 5_999, windowSeconds: 60, resetSeconds: 1 } as const;
const cost = { name: 'cost', limit: 900, remaining: 0, windowSeconds: 60, resetSeconds: 3 } as const;

test('a caller within its limits reads each of them, and what is left of it', () => {
  expect(rateLimitHeaders({ policies: [requests, { ...cost, remaining: 12 }], retryAfterMs: null })).toEqual({
    'ratelimit-policy': '"requests";q=6000;w=60, "cost";q=900;w=60',
    ratelimit: '"requests";r=5999;t=1, "cost";r=12;t=3',
  });
});

test('a caller over a limit is told as well when to come back, in whole seconds and never too early', () => {
  const headers = rateLimitHeaders({ policies: [requests, cost], retryAfterMs: 2_001 });
  expect(headers).toMatchObject({ ratelimit: '"requests";r=5999;t=1, "cost";r=0;t=3', 'retry-after': '3' });
  expect(rateLimitHeaders({ policies: [cost], retryAfterMs: 1 })).toMatchObject({ 'retry-after': '1' });
});

test('without limits nothing is said', () => {
  expect(rateLimitHeaders({ policies: [], retryAfterMs: null })).toEqual({});
});

test('of a location that others use too, only when to come back', () => {
  expect(rateLimitHeaders({ policies: [], retryAfterMs: 1_500 })).toEqual({ 'retry-after': '2' });
});
