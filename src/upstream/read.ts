import { z } from 'zod';
import { GatewayError } from '../model/errors.ts';

/** Told of each deviation that was tolerated: the path of the field, without indexes. */
export type Note = (field: string) => void;

/** Text, or null for anything else. */
export const text = z.string().nullable().catch(null);
/** An id that passed the allow-list of model/ids.ts; anything else is refused, so that a row without its id is a bad row. */
export const idOf = <Id extends string>(toId: (text: string) => Id | null) =>
  z.string().transform((value, context): Id => {
    const id = toId(value);
    if (id !== null) return id;
    context.addIssue({ code: 'custom', message: 'not an id' });
    return z.NEVER;
  });
/** True only for true. */
export const flag = z.boolean().nullable().catch(null);
/** A whole number from 0 to 2^53-1, also where upstream sends it as digits; null for anything else. */
export const count = z
  .union([
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ])
  .nullable()
  .catch(null);
/** A percentage; upstream sends text such as "-86.64" when it is not zero (upstream README §2). */
export const percent = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^[+-]?\d{1,12}(\.\d+)?%?$/)
      .transform(parseFloat),
  ])
  .nullable()
  .catch(null);
/** A list of whole numbers, null where one is not; null where there is no list. */
export const counts = z.array(count).nullable().catch(null);
/** A map from upstream's own keys (platforms, age ranges); empty where there is none. `value` must tolerate whatever it is given:
 * a value that it refuses empties the map. */
export const mapOf = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string(), value)
    .transform((map) => Object.assign(Object.create(null) as typeof map, map)) // without a prototype: see noteDeviations
    .catch({});

// Date.parse alone would read "Tag 5" as a day in 2001, and a text without a zone in the zone of this machine.
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

/** Epoch milliseconds of an RFC 3339 text; null for anything that is not a moment. */
export const instant = (value: string | null): number | null => {
  const ms = value !== null && rfc3339.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : ms;
};

/** A text that `instant` reads, or null for anything else. */
export const moment = z
  .string()
  .refine((value) => instant(value) !== null)
  .nullable()
  .catch(null);

/** UPSTREAM_INVALID_RESPONSE that names the field in the log. */
export const invalid = (field: string): GatewayError =>
  new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error(`upstream answer: ${field}`) });

/** Reads what must be there; `field` names it in the log. */
export const read = <T>(schema: z.ZodType<T>, raw: unknown, note: Note, field: string): T => {
  const result = schema.safeParse(raw);
  if (!result.success) throw invalid([field, ...(result.error.issues[0]?.path ?? [])].join('.'));
  noteDeviations(raw, result.data, note, field);
  return result.data;
};

/** A row that could be read, and its place in the list. */
export interface Row<T> {
  readonly value: T;
  readonly index: number;
}

/** Reads the rows that can be read; a bad one is counted and left out, it never spoils the list. Where none of them can be read there
 * is no answer: "no rows" would be a lie. `emptyTexts`: what upstream says in place of an empty list. */
export const readRows = <T>(
  schema: z.ZodType<T>,
  raw: unknown,
  { note, field, emptyTexts = [] }: { note: Note; field: string; emptyTexts?: readonly string[] },
): { readonly rows: readonly Row<T>[]; readonly length: number } => {
  if (typeof raw === 'string' && emptyTexts.includes(raw)) return { rows: [], length: 0 };
  if (!Array.isArray(raw)) throw invalid(field);
  const rows = raw.flatMap((item: unknown, index) => {
    const result = schema.safeParse(item);
    if (!result.success) {
      note(`${field}[]`);
      return [];
    }
    noteDeviations(item, result.data, note, `${field}[]`);
    return [{ value: result.data, index }];
  });
  if (rows.length === 0 && raw.length > 0) throw invalid(`${field}[]`);
  return { rows, length: raw.length };
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// What was sent and did not survive as it was: a text where a number belongs, an object where a text belongs. Absent and null are no
// deviation. Keys of a map are upstream's and without number, so they have no place in a name that is counted.
const noteDeviations = (raw: unknown, kept: unknown, note: Note, path: string): void => {
  if (raw === undefined || raw === null) return;
  if (Array.isArray(raw) && Array.isArray(kept)) {
    raw.forEach((item, index) => {
      noteDeviations(item, kept[index], note, `${path}[]`);
    });
  } else if (isObject(raw) && isObject(kept)) {
    const isMap = Object.getPrototypeOf(kept) === null;
    for (const key of Object.keys(kept)) noteDeviations(raw[key], kept[key], note, `${path}.${isMap ? '*' : key}`);
  } else if (kept === null || typeof raw !== typeof kept || Array.isArray(raw) !== Array.isArray(kept)) note(path);
};

const envelope = z.object({ success: z.boolean().nullish(), results: z.record(z.string(), z.unknown()) });

/** The `results` of the envelope of upstream README §2; without them, or with `success: false`, there is no answer. */
export const results = (body: unknown): Record<string, unknown> => {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.path[0] === 'success' ? 'success' : 'results');
  if (parsed.data.success === false) throw invalid('success');
  return parsed.data.results;
};
