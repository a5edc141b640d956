import { randomBytes } from 'node:crypto';
import { createSettingReader, type Environment } from '../setting.ts';
import { rows } from '../settings.ts';

/** A fresh entry for TOKEN_KEYS, `id:base64`. Its id is the day's, such as k20261124, with a letter where the ring has that already. */
export const newKeyEntry = (ids: readonly string[], now = new Date()): string => {
  const day = `k${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const id = [day, ...Array.from('bcdefghijklmnopqrstuvwxyz', (letter) => day + letter)].find(
    (candidate) => !ids.includes(candidate),
  );
  return `${id ?? `${day}-${randomBytes(4).toString('hex')}`}:${randomBytes(32).toString('base64')}`;
};

/** Ids of TOKEN_KEYS, newest first; none where it is absent or cannot be read. */
export const keyIdsOf = (env: Environment): readonly string[] =>
  (createSettingReader(env, () => undefined).read(rows.tokenKeys) ?? []).map(({ id }) => id);
