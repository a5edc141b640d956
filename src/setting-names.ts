// Names in the environment that look meant for us and are not ours. The environment is full of other people's
// names, so a name must look very much like one of ours before the start is stopped for it.
import type { Environment, SettingRow } from './setting.ts';

const ownPrefixes = ['UPSTREAM_', 'CACHE_', 'SANDBOX_', 'AUTH_'];

/** Sentences about unknown names, never with their values: `problems` for slips of names with our prefixes, else `warnings`. */
export interface NameFindings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Empty values are no settings, so their names are let be. */
export const findUnknownNames = (env: Environment, rows: readonly SettingRow[]): NameFindings => {
  const spellings = rows.flatMap(spellingsOf);
  const known = new Set(spellings.filter(({ name, meant }) => name === meant).map(({ name }) => name));
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [name, value = ''] of Object.entries(env)) {
    if (value === '' || known.has(name) || isServiceLink(name, value)) continue;
    const meant = nearest(name.toUpperCase(), spellings)?.meant;
    const isLikeOurs = ownPrefixes.some((prefix) => name.toUpperCase().startsWith(prefix));
    if (isLikeOurs && meant !== undefined) problems.push(`${name} is not a setting: did you mean ${meant}?`);
    else if (meant !== undefined) warnings.push(`${name} is not a setting and is ignored: did you mean ${meant}?`);
    else if (isLikeOurs) warnings.push(`${name} is not a setting of ours and is ignored.`);
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

interface Spelling {
  readonly name: string;
  readonly meant: string;
  readonly slipsAllowed: number;
}

/** What is no secret cannot stand in a file, but people try. */
const spellingsOf = ({ name, isSecret }: SettingRow): readonly Spelling[] => {
  // POST and HOSTS are words of their own, so the short names, HOST and PORT, are let be.
  const slipsAllowed = name.length < 6 ? 0 : name.length < 9 ? 1 : 2;
  const file = `${name}_FILE`;
  return [
    { name, meant: name, slipsAllowed },
    { name: file, meant: isSecret ? file : name, slipsAllowed },
  ];
};

const nearest = (name: string, spellings: readonly Spelling[]): Spelling | undefined =>
  spellings
    // Distances are dear, and a large environment has thousands of pairs.
    .filter((spelling) => Math.abs(spelling.name.length - name.length) <= spelling.slipsAllowed)
    .map((spelling) => ({
      spelling,
      slips: haveSameWords(name, spelling.name) ? 0 : slipsBetween(name, spelling.name),
    }))
    .filter(({ spelling, slips }) => slips <= spelling.slipsAllowed)
    .sort((a, b) => a.slips - b.slips)[0]?.spelling;

const haveSameWords = (a: string, b: string): boolean => sortedWords(a) === sortedWords(b);

const sortedWords = (name: string): string => name.split('_').sort().join('_');

/** Letters inserted, removed and replaced (Levenshtein's distance), row by row; two that are swapped count as two. */
const slipsBetween = (a: string, b: string): number => {
  let last = Array.from({ length: b.length + 1 }, (_one, column) => column);
  for (const [row, letter] of Array.from(a).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const change = at(last, column) + (letter === other ? 0 : 1);
      current.push(Math.min(change, at(last, column + 1) + 1, at(current, column) + 1));
    }
    last = current;
  }
  return at(last, b.length);
};

const at = (distances: readonly number[], column: number): number => distances[column] ?? Infinity;
