import type { FreshnessWish } from '../model/freshness.ts';

/** The headers of a request that speak of freshness; several lines of one name are joined by commas, as Node does. */
interface FreshnessHeaders {
  readonly cacheControl: string | undefined;
  readonly pragma: string | undefined;
}

/** RFC 9111 §1.2.2: what is too large to count is this. */
const mostSeconds = 2 ** 31;

/** What a request's `Cache-Control` asks for (RFC 9111 §5.2.1). Unknown and malformed directives are passed over, of two the stricter
 * counts. `no-cache` means "not older than the floor": browsers send it whenever their developer tools are open, and may not empty a
 * budget by that. `no-store` is not honoured: kept answers are shared by design, and no caller decides what the others find. */
export const freshnessWishOf = (
  { cacheControl, pragma }: FreshnessHeaders,
  noCacheFloorSeconds: number,
): FreshnessWish => {
  // RFC 9111 §5.4: Pragma is for those who know no Cache-Control.
  const directives = directivesOf(cacheControl ?? (saysNoCache(pragma) ? 'no-cache' : ''));
  const valuesOf = (name: string) => directives.flatMap((one) => (one.name === name ? [one.value] : []));
  const ages = valuesOf('max-age').flatMap(secondsOf);
  if (valuesOf('no-cache').length > 0) ages.push(noCacheFloorSeconds);
  const staleness = valuesOf('max-stale').flatMap((value) => (value === null ? [Infinity] : secondsOf(value)));
  return {
    maxAgeSeconds: least(ages),
    maxStaleSeconds: least(staleness),
    isOnlyIfCached: valuesOf('only-if-cached').length > 0,
  };
};

interface Directive {
  /** In lower case. */
  readonly name: string;
  /** Without the quotes that it may have stood in; null for none. */
  readonly value: string | null;
}

// A comma within quotes parts nothing: the directives of others may carry text.
const directivesOf = (header: string): Directive[] =>
  (header.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((part) => {
    const [name = '', ...rest] = part.split('=');
    const value = rest.length === 0 ? null : rest.join('=').trim();
    return { name: name.trim().toLowerCase(), value: value && (/^"(.*)"$/.exec(value)?.[1] ?? value) };
  });

const saysNoCache = (pragma = ''): boolean => directivesOf(pragma).some(({ name }) => name === 'no-cache');

// Empty for what is no number of seconds.
const secondsOf = (value: string | null): number[] =>
  value !== null && /^\d+$/.test(value) ? [Math.min(Number(value), mostSeconds)] : [];

const least = (all: readonly number[]): number | null => (all.length === 0 ? null : Math.min(...all));
