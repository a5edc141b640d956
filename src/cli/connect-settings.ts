import { isLoopbackName } from '../http/loopback.ts';
import type { Environment } from '../setting.ts';
import type { Questions } from './ask.ts';
import { pathFrom, readArguments, StartError, usageError } from './command.ts';
import type { Changes } from './dot-env.ts';
import { newKeyEntry } from './new-key.ts';

/** What stands on the command line. */
export interface ConnectFlags {
  readonly help?: boolean;
  readonly print?: boolean;
  readonly sandbox?: boolean;
  readonly again?: boolean;
  readonly 'no-browser'?: boolean;
  readonly grant?: string;
  readonly 'client-id'?: string;
  readonly 'client-secret-file'?: string;
  readonly 'company-id'?: string;
  readonly 'dot-env'?: string;
}

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;

/** Throws StartError for what there is not. */
export const readConnectFlags = (args: readonly string[]): ConnectFlags => {
  const { values, positionals } = readArguments('connect', args, {
    help: { ...flag, short: 'h' },
    print: flag,
    sandbox: flag,
    again: flag,
    'no-browser': flag,
    grant: value,
    'client-id': value,
    'client-secret-file': value,
    'company-id': value,
    'dot-env': value,
  });
  if (positionals.length > 0) throw usageError('connect', 'Everything has a name, such as --client-id ID.');
  return values;
};

/** The settings that lead to a grant; a secret may stand in its file. Those that are null are taken out of the way of others. */
const names = [
  'URL',
  'AUTHORIZE_URL',
  'PKCE',
  'GRANT',
  'CLIENT_ID',
  'CLIENT_SECRET',
  'CLIENT_SECRET_FILE',
  'COMPANY_ID',
  'SCOPES',
  'RECONNECT',
];
const callers = ['AUTH', 'AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY', 'AUTH_PUBLIC_KEY_FILE'];
const surroundings = ['DATABASE_URL', 'DATABASE_URL_FILE', 'DATA_DIR', 'PUBLIC_URL', 'HOST', 'PORT'];
const written = [...names.map((name) => `UPSTREAM_${name}`), 'TOKEN_KEYS', 'TOKEN_KEYS_FILE', ...surroundings];

/** Everything that a gateway needs to know to be connected, from the command line, the environment and the person, in this order. Throws
 * StartError for what is missing and cannot be asked for. */
export const gatherSettings = async (
  flags: ConnectFlags,
  env: Environment,
  questions: Questions | null,
): Promise<Changes> => {
  const flagged = { ...sandboxSettings(flags, env), ...flagSettings(flags, env) };
  const told = { ...pick(env), ...flagged };
  checkGrant(told['UPSTREAM_GRANT'] ?? null, env);
  const missing = missingOf(told);
  if (missing.length > 0 && !questions) throw new StartError(nobodyToAsk(missing), 2);
  const asked = questions ? await ask(told, questions) : {};
  const keys = isSet(told, 'TOKEN_KEYS') ? {} : { TOKEN_KEYS: newKeyEntry() };
  return { ...told, ...asked, ...keys, ...callersOf(env) };
};

// Whoever has not said who may call begins with this machine alone; a gateway for others refuses to start with that.
const callersOf = (env: Environment): Changes => (callers.some((name) => env[name]) ? {} : { AUTH: 'none' });

const pick = (env: Environment): Changes =>
  Object.fromEntries(written.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

const isSet = (told: Changes, name: string): boolean => Boolean(told[name] ?? told[`${name}_FILE`]);

const flagSettings = (flags: ConnectFlags, env: Environment): Changes => {
  const { grant, 'client-id': clientId, 'client-secret-file': file, 'company-id': companyId } = flags;
  return {
    ...(grant === undefined ? {} : { UPSTREAM_GRANT: grant }),
    ...(clientId === undefined ? {} : { UPSTREAM_CLIENT_ID: clientId }),
    ...(companyId === undefined ? {} : { UPSTREAM_COMPANY_ID: companyId }),
    ...(file === undefined ? {} : { UPSTREAM_CLIENT_SECRET: null, UPSTREAM_CLIENT_SECRET_FILE: pathFrom(env, file) }),
  };
};

const sandboxSettings = ({ sandbox }: ConnectFlags, { UPSTREAM_URL: url = '' }: Environment): Changes => {
  if (!sandbox) return {};
  const parsed = URL.parse(url);
  if (parsed === null || !isLoopbackName(parsed.hostname))
    throw new StartError(
      '--sandbox needs "npm run sandbox" in another terminal: it prints the whole line to run here.',
      2,
    );
  return { UPSTREAM_AUTHORIZE_URL: new URL('/v2/oauth/chooselocation', parsed).href, UPSTREAM_PKCE: 'on' };
};

const grants = [
  {
    value: 'authorization-code',
    label: 'Single locations',
    hint: 'authorization-code: an administrator of each location consents',
  },
  { value: 'agency', label: 'A whole agency', hint: 'agency: one consent for all its locations with the app' },
] as const;

const checkGrant = (grant: string | null, { UPSTREAM: upstream }: Environment): void => {
  if (upstream === 'sandbox')
    throw new StartError('UPSTREAM=sandbox is set, and its data is invented: remove it to connect a real account.', 2);
  if (grant !== null && !['authorization-code', 'agency', 'refresh-token'].includes(grant))
    throw new StartError(
      'The grant of UPSTREAM_GRANT or --grant is none that people consent to: use --grant authorization-code or --grant agency. ' +
        '"npm run verify" checks the others.',
      2,
    );
};

const waysToTell: Readonly<Record<string, string>> = {
  UPSTREAM_GRANT: '--grant authorization-code or --grant agency',
  UPSTREAM_CLIENT_ID: '--client-id ID',
  UPSTREAM_CLIENT_SECRET: '--client-secret-file FILE, or UPSTREAM_CLIENT_SECRET in the environment',
};

const missingOf = (told: Changes): string[] => Object.keys(waysToTell).filter((name) => !isSet(told, name));

const nobodyToAsk = (missing: readonly string[]): string =>
  [
    'There is no terminal to ask at, and these are missing:',
    ...missing.map((name) => `  ${waysToTell[name] ?? name}`),
  ].join('\n');

const ask = async (told: Changes, questions: Questions): Promise<Changes> => {
  const answers: Record<string, string> = {};
  const missing = missingOf(told);
  if (missing.includes('UPSTREAM_GRANT'))
    answers['UPSTREAM_GRANT'] = await questions.choose('What is to be connected?', grants);
  if (missing.includes('UPSTREAM_CLIENT_ID'))
    answers['UPSTREAM_CLIENT_ID'] = (await questions.word("Client id of the app in the vendor's marketplace")) ?? '';
  if (missing.includes('UPSTREAM_CLIENT_SECRET'))
    answers['UPSTREAM_CLIENT_SECRET'] = await questions.secret('Client secret (not shown)');
  if (missing.length > 0 && !isSet(told, 'UPSTREAM_COMPANY_ID')) {
    const companyId = await questions.word('Company id, to refuse every other (Enter for none)', true);
    if (companyId !== null) answers['UPSTREAM_COMPANY_ID'] = companyId;
  }
  return answers;
};
