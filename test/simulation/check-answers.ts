import type { Freshness, Lifetime } from '../../src/model/freshness.ts';
import type { Verdict } from './checks.ts';
import { locationsIn, readMark, type Mark } from './upstream-data.ts';

/** One part of an answer: what was asked, and what came. */
export interface AnsweredPart {
  readonly kind: string;
  /** Whose answer it must be: a location, or `company`. */
  readonly owner: string;
  /** Where upstream put its mark; all must bear it. */
  readonly marks: readonly (string | null)[];
  /** Null where the graph does not tell. */
  readonly freshness: Freshness | null;
  readonly lifetime: Lifetime;
}

/** Looks at what callers and the shared store are given. */
export interface AnswerChecks {
  readonly answered: (part: AnsweredPart, now: number) => void;
  readonly written: (key: string, text: string) => void;
}

/** `slackMs`: how far clocks may be apart, and how long an answer may have been on its way. */
export const createAnswerChecks = (slackMs: number, { broken }: Verdict): AnswerChecks => ({
  answered: ({ kind, owner, marks, freshness, lifetime }, now) => {
    for (const text of marks) {
      const mark = readMark(text);
      if (mark?.location !== owner) {
        broken('tenant', `${kind} of ${owner} bears the mark ${text}`);
        return;
      }
      const ageMs = now - mark.at;
      if (ageMs > lifetime.hardSeconds * 1_000 + slackMs) {
        broken('age', `${kind} of ${owner} is ${ageMs} ms old; its hard limit is ${lifetime.hardSeconds} s`);
      }
      const lie = freshness === null ? null : lieOf(freshness, { mark, ageMs, lifetime, slackMs });
      if (lie !== null) broken('honesty', `${kind} of ${owner}: ${lie}`);
    }
  },
  written: (key, text) => {
    if (key.includes('company')) return; // a list of locations is the company's answer
    const stranger = locationsIn(text).find((location) => !key.includes(location));
    if (stranger !== undefined) broken('tenant', `the shared key ${key} holds something of ${stranger}`);
  },
});

interface Truth {
  readonly mark: Mark;
  readonly ageMs: number;
  readonly lifetime: Lifetime;
  readonly slackMs: number;
}

// Of a combination the oldest part is told, so what is told may be older than what was looked at, never younger.
const lieOf = (
  { fetchedAt, state, staleReason }: Freshness,
  { mark, ageMs, lifetime, slackMs }: Truth,
): string | null => {
  if (fetchedAt > mark.at + slackMs) return `it is said to be ${fetchedAt - mark.at} ms younger than it is`;
  if (state === 'FRESH' && ageMs > lifetime.freshSeconds * 1_000 + slackMs) return `${ageMs} ms old, and called fresh`;
  return (state === 'STALE_IF_ERROR') === (staleReason !== null) ? null : `${state} for ${staleReason ?? 'no reason'}`;
};
