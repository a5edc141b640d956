// Names in the environment that look meant for us and are not ours. The environment is full of other people's
// names, so a name must look very much like one of ours before anyone is told.
import type { Environment, SettingRow } from './setting.ts';

/** Names that begin so are ours alone; one that we do not know is a mistake. */
const ownPrefixes = ['UPSTREAM_', 'CACHE_', 'SANDBOX_'];

/** Sentences about unknown names, never with their values: `problems` for names with our prefixes, else `warnings`. */
export interface NameFindings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Empty values are no settings, so their names are let be. */
export const findUnknownNames = (env: Environment, rows: readonly SettingRow[]): NameFindings => {
  const known = rows.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name]));
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [name, value = ''] of Object.entries(env)) {
    if (value === '' || known.includes(name) || isServiceLink(name, value)) continue;
    const nearest = nearestName(name.toUpperCase(), known);
    const isOurs = ownPrefixes.some((prefix) => name.toUpperCase().startsWith(prefix));
    if (isOurs)
      problems.push(`${name} is not a setting: ${nearest === null ? 'remove it' : `did you mean ${nearest}?`}`);
    else if (nearest !== null) warnings.push(`${name} is not a setting and is ignored: did you mean ${nearest}?`);
  }
  return { problems, warnings };
};

/**
 * Kubernetes and Docker describe every service to every container, so one called "cache" brings CACHE_SERVICE_HOST
 * and CACHE_PORT=tcp://… (kubernetes.io, "Service: discovering services", environment variables).
 */
const isServiceLink = (name: string, value: string): boolean =>
  /_SERVICE_(HOST|PORT)(_|$)/.test(name) ||
  /_PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?$/.test(name) ||
  (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));

const nearestName = (name: string, known: readonly string[]): string | null => {
  const vocabulary = new Set(known.flatMap(wordsOf));
  const words = wordsOf(name);
  // AZURE_CLIENT_SECRET is somebody else's: one word that we never use makes a name foreign. It still may be a slip of a key.
  const mayShareWords =
    words.every((word) => vocabulary.has(word)) || ownPrefixes.some((prefix) => name.startsWith(prefix));
  const candidates = known
    .map((candidate) => ({
      candidate,
      shared: mayShareWords ? sharedParts(name, candidate) : 0,
      // Distances are dear, and a large environment has thousands of pairs.
      mayBeSlip: Math.abs(candidate.length - name.length) <= slipsAllowed(candidate),
    }))
    .filter(({ shared, mayBeSlip }) => shared >= 2 || mayBeSlip)
    .map(({ candidate, shared }) => ({ candidate, shared, distance: editDistance(name, candidate) }))
    .filter(({ candidate, shared, distance }) => shared >= 2 || distance <= slipsAllowed(candidate))
    .sort((a, b) => Number(a.distance > 2) - Number(b.distance > 2) || b.shared - a.shared || a.distance - b.distance);
  return candidates[0]?.candidate ?? null;
};

/** Words in common, and pairs of neighbours: CLIENT_SECRET_ID has more of a client secret than of a client id. */
const sharedParts = (a: string, b: string): number => {
  const [parts, others] = [partsOf(a), partsOf(b)];
  return parts.filter((part) => others.includes(part)).length;
};

const partsOf = (name: string): readonly string[] => {
  const words = wordsOf(name);
  return [...words, ...words.slice(1).map((word, before) => `${words[before] ?? ''}_${word}`)];
};

const wordsOf = (name: string): readonly string[] => name.split('_').filter((word) => word !== '');

/** POST and HOSTS are words of their own, so the short names, HOST and PORT, are let be. */
const slipsAllowed = (name: string): number => (name.length < 6 ? 0 : name.length < 9 ? 1 : 2);

/** Inserted, removed, replaced and swapped letters (optimal string alignment), row by row. */
const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
};

const at = (distances: readonly number[], column: number): number => distances[column] ?? Infinity;
