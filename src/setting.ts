// The kinds of settings there are. The settings themselves, one row each, stand in settings.ts.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopbackName } from './http/loopback.ts';
import type { Lifetime } from './model/freshness.ts';
import type { SealKey } from './tokens/seal.ts';

/** What people are told about one setting, in the README's table and in .env.example. */
export interface SettingRow {
  readonly name: string;
  /** What may stand there, for people: "whole number, 0 to 65535". */
  readonly values: string;
  /** Taken when the setting is absent or empty; empty text when nothing is. */
  readonly default: string;
  /** True also for what only may hold a secret, such as a URL with a password: it can be given as NAME_FILE too. */
  readonly isSecret: boolean;
  readonly doc: string;
}

/** A row with its way of reading. `absent` is the value when nothing is set. */
export interface Setting<T> extends SettingRow {
  readonly absent: T;
  readonly schema: z.ZodType<T, string>;
}

interface Words<T> {
  readonly default: T;
  readonly doc: string;
}

type Range = Words<number> & { readonly min: number; readonly max: number };

/** A whole number within `min` and `max`, both allowed. Its unit is the end of its name. */
export const integer = (name: string, { default: absent, min, max, doc }: Range): Setting<number> => {
  const values = `whole number, ${min} to ${max}`;
  const error = `must be a ${values}`;
  const schema = z
    .string()
    .regex(/^\d+$/, { error, abort: true })
    .transform(Number)
    .pipe(z.int(error).min(min, error).max(max, error));
  return { name, values, default: String(absent), isSecret: false, doc, absent, schema };
};

const longestSeconds = 30 * 86_400;

/** Three ages of an answer in seconds, each at least the one before; those that are left out are the default's, or as long as the one
 * before where that is longer. */
export const lifetime = (name: string, { default: absent, doc }: Words<Lifetime>): Setting<Lifetime> => {
  const values = 'up to three whole numbers, 0 to 2592000, none smaller than the one before';
  const schema = z.string().transform((given, context) => {
    const [fresh = NaN, revalidate = Math.max(fresh, absent.revalidateSeconds), hard] = given
      .split(',')
      .map((part) => (/^\s*\d{1,7}\s*$/.test(part) ? Number(part) : NaN));
    const ages = [fresh, revalidate, hard ?? Math.max(revalidate, absent.hardSeconds)] as const;
    const isAscending = ages.every((age, index) => age <= longestSeconds && age >= (ages[index - 1] ?? 0));
    if (!isAscending || given.split(',').length > 3) context.addIssue(`must be ${values}, such as 60,600,86400`);
    return { freshSeconds: ages[0], revalidateSeconds: ages[1], hardSeconds: ages[2] };
  });
  const { freshSeconds, revalidateSeconds, hardSeconds } = absent;
  const shown = [freshSeconds, revalidateSeconds, hardSeconds].join(',');
  return { name, values, default: shown, isSecret: false, doc, absent, schema };
};

/** One of a few words. A default of `null` means that config.ts works it out from other settings. */
export const choice = <W extends string, A extends W | null>(
  name: string,
  words: readonly [W, ...W[]],
  { default: absent, doc }: Words<A>,
): Setting<W | A> => {
  const values = words.map((word) => `\`${word}\``).join(' or ');
  const schema = z.string().transform((given, context) => {
    const word = words.find((candidate) => candidate === given);
    if (word !== undefined) return word;
    context.addIssue(`must be ${words.join(' or ')}`);
    return z.NEVER;
  });
  return { name, values, default: absent ?? '', isSecret: false, doc, absent, schema };
};

type Text<A> = Words<A> & { readonly values: string; readonly form: RegExp };

/** Text of a given form; `values` finishes the sentence "must be …". */
export const text = <A extends string | null>(
  name: string,
  { default: absent, doc, values, form }: Text<A>,
): Setting<string | A> => {
  const schema = z.string().regex(form, `must be ${values.replaceAll('`', '')}`);
  return { name, values, default: absent ?? '', isSecret: false, doc, absent, schema };
};

/** Printable ASCII, as RFC 6749 appendix A has it for client secrets and tokens: a line break would split a header. */
export const secret = (name: string, doc: string, { isManyLines = false } = {}): Setting<string | null> => {
  const form = isManyLines ? /^[\x20-\x7e\r\n]+$/ : /^[\x20-\x7e]+$/;
  const schema = z.string().regex(form, `must be ${isManyLines ? '' : 'one line of '}printable ASCII characters`);
  return { name, values: 'text', default: '', isSecret: true, doc, absent: null, schema };
};

/** The zone's own name is kept as written: Intl would turn Asia/Kolkata into Asia/Calcutta. */
export const timeZone = (name: string, { default: absent, doc }: Words<string>): Setting<string> => {
  const values = 'name of an IANA time zone, such as Europe/Rome';
  const schema = z.string().refine(isTimeZone, `must be the ${values}`);
  return { name, values, default: absent, isSecret: false, doc, absent, schema };
};

const isTimeZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/** The base of an HTTP API: an origin and nothing else, without the slash at its end. */
export const origin = <A extends string | null>(name: string, words: Words<A>): Setting<string | A> =>
  webAddress(name, words, {
    values: 'https:// URL without a path',
    problem: ({ pathname, search, hash }) =>
      pathname === '/' && search === '' && hash === ''
        ? null
        : 'must end after the host name and port: no path, no query',
    read: ({ origin: read }) => read,
  });

/** The address of a page, with its path. */
export const pageUrl = (name: string, words: Words<string>): Setting<string> =>
  webAddress(name, words, {
    values: 'https:// URL',
    problem: ({ hash }) => (hash === '' ? null : 'must not have a #fragment'),
    read: ({ href }) => href,
  });

interface AddressKind {
  readonly values: string;
  readonly problem: (url: URL) => string | null;
  readonly read: (url: URL) => string;
}

const webAddress = <A extends string | null>(
  name: string,
  { default: absent, doc }: Words<A>,
  { values, problem, read }: AddressKind,
): Setting<string | A> => {
  const schema = z.string().transform((given, context) => {
    const url = URL.parse(given);
    const found =
      url === null ? 'must be a URL, such as https://api.example.com' : (addressProblem(url) ?? problem(url));
    if (found !== null) context.addIssue(found);
    return url === null ? '' : read(url);
  });
  return { name, values, default: absent ?? '', isSecret: false, doc, absent, schema };
};

const addressProblem = ({ protocol, hostname, username, password }: URL): string | null => {
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://';
  if (username !== '' || password !== '') return 'must not contain credentials: they have settings of their own';
  if (protocol === 'http:' && !isLoopbackName(hostname))
    return 'must begin with https:// (http only reaches this machine)';
  return null;
};

/** A URL of a service. May hold a password, hence a secret. `schemes`: without the colon. */
export const serviceUrl = (name: string, doc: string, schemes: readonly string[]): Setting<string | null> => {
  const values = `${schemes.map((scheme) => `${scheme}://`).join(' or ')} URL`;
  const isOurs = (given: string) => schemes.includes(URL.parse(given)?.protocol.slice(0, -1) ?? '');
  const schema = z.string().refine(isOurs, `must be a ${values}`);
  return { name, values, default: '', isSecret: true, doc, absent: null, schema };
};

const keyForm = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/;

/** Keys of 32 bytes, each under a name of its own, the newest first. */
export const keyRing = (name: string, doc: string): Setting<readonly SealKey[] | null> => {
  const schema = z.string().transform((given, context) => {
    const keys = given.split(',').flatMap((part): SealKey[] => {
      const [, id, text] = keyForm.exec(part.trim()) ?? [];
      return id === undefined || text === undefined ? [] : [{ id, bytes: Buffer.from(text, 'base64') }];
    });
    if (keys.length !== given.split(',').length)
      context.addIssue('must be id:base64 of 32 bytes, several separated by commas');
    if (new Set(keys.map(({ id }) => id)).size < keys.length) context.addIssue('must not have two keys of one id');
    return keys;
  });
  const values = '`id:base64` of 32 bytes, several separated by commas, the newest first';
  return { name, values, default: '', isSecret: true, doc, absent: null, schema };
};

/** An address or host name to listen on. */
export const host = (name: string, { default: absent, doc }: Words<string>): Setting<string> => {
  const values = 'IP address or host name';
  const isHost = (given: string): boolean => isIP(given) > 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(given);
  const schema = z.string().refine(isHost, `must be an ${values}, without scheme and port`);
  return { name, values, default: absent, isSecret: false, doc, absent, schema };
};

/** The environment, or any record like it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings and gathers what is wrong with them, so that a person sees all of it at once. */
export interface SettingReader {
  /** The value, or what stands for absent when there is none or it is bad. */
  readonly read: <T>(setting: Setting<T>) => T;
  /** Whether someone gave it, be it well or badly. */
  readonly isSet: (setting: SettingRow) => boolean;
}

/** `problem` receives sentences that name settings and paths, never a value: a secret may stand in the wrong place. */
export const createSettingReader = (env: Environment, problem: (sentence: string) => void): SettingReader => {
  const isSet = ({ name, isSecret }: SettingRow): boolean =>
    (env[name] ?? '') !== '' || (isSecret && (env[`${name}_FILE`] ?? '') !== '');

  const given = ({ name, isSecret }: SettingRow): string => {
    const value = env[name] ?? '';
    const path = isSecret ? (env[`${name}_FILE`] ?? '') : '';
    if (path === '') return value;
    if (value === '') return readSecretFile(name, path, problem);
    problem(`${name} and ${name}_FILE are both set: keep one of them.`);
    return '';
  };

  const read = <T>(setting: Setting<T>): T => {
    const value = given(setting);
    if (value === '') return setting.absent;
    const result = setting.schema.safeParse(value);
    if (result.success) return result.data;
    problem(`${setting.name} ${result.error.issues[0]?.message ?? 'cannot be read'}.`);
    return setting.absent;
  };

  return { read, isSet };
};

const readSecretFile = (name: string, path: string, problem: (sentence: string) => void): string => {
  // A secret put into NAME_FILE by mistake must not be printed as if it were a path.
  const place = /^\.{0,2}[/\\]|^[a-z]:\\/i.test(path) ? ` ${path}` : '';
  try {
    const content = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
    if (content === '') problem(`${name}_FILE names a file${place} that is empty: put the value of ${name} into it.`);
    return content;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? ` (${String(error.code)})` : '';
    problem(`${name}_FILE names a file${place} that cannot be read${code}: check the path and its permissions.`);
    return '';
  }
};
