import { ConfigError, readConfig } from '../../src/config.ts';

/** What is wrong with these settings; empty when nothing is. Callers are not asked who they are, unless AUTH is given, be it empty. */
export const problemsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    readConfig({ AUTH: 'none', ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

/** The grant of a live upstream; the kind where there is none. */
export const grantOf = (env: Readonly<Record<string, string>>) => {
  const { upstream } = readConfig({ AUTH: 'none', ...env });
  return upstream.kind === 'live' ? upstream.grant : upstream.kind;
};

/** A client's credentials, enough for the grants that are not stored. */
export const client = { AUTH: 'none', UPSTREAM_CLIENT_ID: 'client-1', UPSTREAM_CLIENT_SECRET: 's3cret-value' };

/** A key of 32 bytes as base64. */
export const keyText = (letter: string): string => Buffer.alloc(32, letter).toString('base64');

/** With the client's credentials, enough for the grants that are stored. */
export const keys = { TOKEN_KEYS: `first:${keyText('k')}` };
