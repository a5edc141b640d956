import { readFileSync } from 'node:fs';
import { chmod, realpath, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { Environment } from '../setting.ts';
import { pathFrom, StartError } from './command.ts';

/** A file of settings, as Node's loadEnvFile and shells read it. */
export interface DotEnv {
  readonly path: string;
  /** Empty where there is no file yet. */
  readonly text: string;
}

/** Where settings lie unless somebody says otherwise: beside package.json. */
export const besidePackage = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Throws StartError where it cannot be read; a file that is not there is empty. */
export const readDotEnv = (path: string): DotEnv => {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    if (isNoFile(error)) return { path, text: '' };
    throw new StartError(`${path} cannot be read: check the path and its permissions.`, 1);
  }
};

// By its property: under Jest, errors of Node's own modules are no instances of this realm's Error.
const isNoFile = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

/** What the environment says stands over the file. Without a path the environment alone: the launcher has read `.env` into it. */
export const withDotEnv = (env: Environment, path: string | undefined): Environment => {
  if (path === undefined) return env;
  const file = pathFrom(env, path);
  const { text } = readDotEnv(file);
  if (text === '') throw new StartError(`${file} does not exist or is empty.`, 2);
  return { ...parseEnv(text), ...env };
};

/** Settings to put into a file; null takes one out. */
export type Changes = Readonly<Record<string, string | null>>;

/** The text with the changes: lines of the same name are replaced where they stand, the others are added at the end; all else stays. Throws
 * StartError for a value that no quoting can bring through. */
export const changed = (text: string, changes: Changes): string => {
  const pending = new Map(Object.entries(changes));
  const kept = text.split('\n').flatMap((line) => {
    const name = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=/.exec(line)?.[1] ?? '';
    if (!(name in changes)) return [line];
    const value = pending.get(name) ?? null;
    pending.delete(name); // a second line of that name would win
    return value === null ? [] : [`${name}=${quoted(name, value)}`];
  });
  const added = [...pending].flatMap(([name, value]) => (value === null ? [] : [`${name}=${quoted(name, value)}`]));
  const before = kept.join('\n').replace(/\n*$/, '');
  return [...(before === '' ? [] : [before]), ...added].join('\n') + '\n';
};

// Node keeps single quotes literal and knows no escapes; a shell does the same. Docker's --env-file takes no quotes at all, hence none where none are needed.
const quoted = (name: string, value: string): string => {
  if (/^[\w@%+=:,./-]+$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  if (!/["$`\\!]/.test(value)) return `"${value}"`;
  throw new StartError(
    `${name} has quotes in it that .env files and shells read differently: put it into a file of its own and set ${name}_FILE.`,
    1,
  );
};

/** Readable by its owner only, whole or not at all. A link stays one. */
export const writeDotEnv = async ({ path }: DotEnv, text: string): Promise<void> => {
  try {
    const target = await realpath(path).catch(() => path);
    const draft = `${target}.new`;
    await writeFile(draft, text, { mode: 0o600 });
    await chmod(draft, 0o600); // the mode above is for new files only
    await rename(draft, target);
  } catch {
    throw new StartError(`${path} cannot be written: check its folder and permissions.`, 1);
  }
};
