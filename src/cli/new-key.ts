import { createHash, randomBytes } from 'node:crypto';
import { createSettingReader, type Environment } from '../setting.ts';
import { rows } from '../settings.ts';

/** A fresh entry for TOKEN_KEYS, `id:base64`. Its id is the day's and its own, such as k20261124-3f9a: two keys of one id would pass for
 * each other. */
export const newKeyEntry = (now = new Date()): string => {
  const key = randomBytes(32);
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  return `k${day}-${createHash('sha256').update(key).digest('hex').slice(0, 4)}:${key.toString('base64')}`;
};

/** Ids of TOKEN_KEYS, newest first; none where it is absent or cannot be read. */
export const keyIdsOf = (env: Environment): readonly string[] =>
  (createSettingReader(env, () => undefined).read(rows.tokenKeys) ?? []).map(({ id }) => id);
