import { z } from 'zod';
import { count, counts, invalid, mapOf, percent, read, results, text, type Note } from '../read.ts';

// What a map holds for a platform of which nothing can be read: the platform stays, its numbers are not known.
const compared = z.object({ value: count, change: percent }).catch({ value: null, change: null });
const engaged = z
  .object({ likes: count, comments: count, shares: count, change: percent })
  .catch({ likes: null, comments: null, shares: null, change: null });
const totalled = z.object({ total: count, series: counts }).catch({ total: null, series: null });

const breakdown = z
  .object({ total: count, totalChange: percent, platforms: mapOf(compared) })
  .nullable()
  .catch(null);
const platformTotals = mapOf(totalled);
const share = z.object({ total: count, percentage: percent }).catch({ total: null, percentage: null });

const answer = z.object({
  dayRange: z.array(z.string()).nullable().catch(null),
  totals: z
    .object({ posts: count, likes: count, followers: count, impressions: count, comments: count })
    .partial()
    .catch({}),
  postPerformance: z
    .object({ posts: mapOf(counts), impressions: counts, likes: counts, comments: counts })
    .partial()
    .catch({}),
  breakdowns: z
    .object({
      posts: breakdown,
      impressions: breakdown,
      reach: breakdown,
      engagement: mapOf(engaged),
    })
    .partial()
    .catch({}),
  platformTotals: z
    .object({ impressions: platformTotals, followers: platformTotals, likes: platformTotals })
    .partial()
    .catch({}),
  demographics: z
    .object({
      gender: z.object({ totals: mapOf(share) }).catch({ totals: {} }),
      age: z.object({ totals: mapOf(count) }).catch({ totals: {} }),
    })
    .partial()
    .nullable()
    .catch(null),
});

/** What a statistics answer says, leaf by leaf; a leaf that is not what it should be is null. Dates are not in it: see reads/. */
export type StatisticsAnswer = z.infer<typeof answer> & { readonly traceId: string | null };

const traced = z.object({ traceId: text });

/** `{results, message, traceId}`, without the `success` of its neighbours (upstream README §2). Without `results` there is no answer, nor where
 * numbers were sent and none of them can be read; `results` that say nothing at all are legal. */
export const readAnswer = (body: unknown, note: Note): StatisticsAnswer => {
  const deviations: string[] = [];
  const said = read(
    answer,
    results(body),
    (field) => {
      deviations.push(field);
      note(field);
    },
    'results',
  );
  if (deviations.length > 0 && !holdsCount(said)) throw invalid('results');
  return { ...said, traceId: read(traced, body, note, 'body').traceId };
};

const percentages: readonly string[] = ['change', 'totalChange', 'percentage'];

const holdsCount = (value: unknown): boolean =>
  typeof value === 'number' ||
  (typeof value === 'object' &&
    value !== null &&
    Object.entries(value).some(([key, member]) => !percentages.includes(key) && holdsCount(member)));
