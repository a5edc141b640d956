import { unprocessable } from './errors.ts';

const MAXIMUM = 100; // not documented; a client that advances by what it asked for must be found out

const wholeNumber = (text: string | undefined, fallback: number, name: string): number => {
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw unprocessable([`${name} must be a number string`]);
  return Number(text);
};

/** One page of a list by the `limit` and `skip` of a query, which the vendor types as strings. More than 100 is clamped. */
export const page = <T>(
  rows: readonly T[],
  query: Readonly<Record<string, string>>,
  defaultLimit: number,
): readonly T[] => {
  const limit = Math.min(wholeNumber(query['limit'], defaultLimit, 'limit'), MAXIMUM);
  const skip = wholeNumber(query['skip'], 0, 'skip');
  return rows.slice(skip, skip + limit);
};

/** What `searchText` finds: names that contain it, whatever the case. */
export const search = <T>(rows: readonly T[], text: string | undefined, name: (row: T) => string): readonly T[] => {
  if (text === undefined || text === '') return rows;
  const wanted = text.toLowerCase();
  return rows.filter((row) => name(row).toLowerCase().includes(wanted));
};
