import { z } from 'zod';
import { count, counts, mapOf, percent, read, text, type Note } from '../read.ts';

const breakdown = z
  .object({ total: count, totalChange: percent, platforms: mapOf(z.object({ value: count, change: percent })) })
  .nullable()
  .catch(null);
const platformTotals = mapOf(z.object({ total: count, series: counts }));
const share = z.union([
  z.object({ total: count, percentage: percent }),
  count.transform((total) => ({ total, percentage: null })),
]);

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
      engagement: mapOf(z.object({ likes: count, comments: count, shares: count, change: percent })),
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
      age: z.object({ totals: mapOf(share) }).catch({ totals: {} }),
    })
    .partial()
    .nullable()
    .catch(null),
});

/** What a statistics answer says, leaf by leaf; a leaf that is not what it should be is null. Dates are not in it: see reads/. */
export type StatisticsAnswer = z.infer<typeof answer> & { readonly traceId: string | null };

const outer = z.object({ results: z.record(z.string(), z.unknown()), traceId: text });

/** `{results, message, traceId}`: statistics have no `success` (upstream README §2); without `results` there is no answer. */
export const readAnswer = (body: unknown, note: Note): StatisticsAnswer => {
  const { results, traceId } = read(outer, body, note, 'body');
  return { ...read(answer, results, note, 'results'), traceId };
};
