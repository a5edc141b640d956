import {
  createServiceTokens,
  TooManyServiceTokens,
  type NewServiceToken,
  type ServiceToken,
  type ServiceTokens,
} from '../auth/service-tokens.ts';
import { readServiceToken } from '../auth/service-token-text.ts';
import { explained, openCallerDatabase } from '../compose-database.ts';
import { readCallerDatabase } from '../config.ts';
import { toLocationId, type LocationId } from '../model/ids.ts';
import { requiredScopesOf } from '../operation/directives.ts';
import { createSchema } from '../operation/schema.ts';
import type { Environment } from '../setting.ts';
import { readArguments, StartError, usageError, type Command } from './command.ts';
import { withDotEnv } from './dot-env.ts';
import { tableLines } from './table.ts';
import { momentText } from './words.ts';

const help = `npm run tokens -- create | list | revoke: tokens for services that call this gateway

  npm run -s tokens -- create …    prints a new token, once, and nothing else on standard output
    --name NAME                    the service: a-z, 0-9 and -, at most 64
    --scope SCOPE                  what it may ask for; may be repeated
    --location ID                  a location that it may read; may be repeated
    --all-locations                in place of those: all that the upstream grant reaches
    --expires 90d                  how long it is good: hours or days, 1h to 365d

  npm run tokens -- list           all tokens, when they were last used, and which are still good
    --json                         one JSON list on standard output

  npm run tokens -- revoke ID      that token is refused from then on, by every gateway within 10 s

  --dot-env FILE                   reads settings from FILE too; the environment stands over it

The store is that of DATABASE_URL or DATA_DIR: the one of the gateways. It keeps a digest of a token, so that
nobody can show it again. Two tokens of one name are good at a time: to change one, create the second,
give it to the service, and revoke the first once "last used" no longer moves.

Exit code: 0 done, 1 refused or not found, 2 arguments or settings make no sense.`;

const options = {
  help: { type: 'boolean', short: 'h' },
  'dot-env': { type: 'string' },
  json: { type: 'boolean' },
  name: { type: 'string' },
  scope: { type: 'string', multiple: true },
  location: { type: 'string', multiple: true },
  'all-locations': { type: 'boolean' },
  expires: { type: 'string' },
} as const;

const usedBy: Readonly<Record<string, readonly string[]>> = {
  create: ['name', 'scope', 'location', 'all-locations', 'expires'],
  list: ['json'],
  revoke: [],
};

type Values = ReturnType<typeof readArguments<typeof options>>['values'];

/** `npm run tokens`: makes, shows and revokes service tokens. */
export const tokens: Command = async ({ args, env }) => {
  const { values, positionals } = readArguments('tokens', args, options);
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [action = '', ...more] = positionals;
  checkUse(action, values);
  const settings = withDotEnv(env, values['dot-env']);
  if (action === 'revoke') {
    const id = idOf(more);
    return withStore(settings, (store) => revoke(store, id));
  }
  if (more.length > 0) throw usage(`After ${action} everything has a name, such as --name NAME.`);
  if (action === 'list') return withStore(settings, (store) => show(store, values.json === true));
  const wanted = wantedOf(values);
  return withStore(settings, (store) => create(store, wanted));
};

const usage = (problem: string): StartError => usageError('tokens', problem);

const checkUse = (action: string, values: Values): void => {
  const used = usedBy[action];
  if (used === undefined) throw usage('The first argument is create, list or revoke.');
  const stray = Object.keys(values).find((name) => name !== 'dot-env' && !used.includes(name));
  if (stray !== undefined) throw usage(`--${stray} is not for ${action}.`);
};

const withStore = async <T>(env: Environment, work: (store: ServiceTokens) => Promise<T>): Promise<T> => {
  const database = await openCallerDatabase(readCallerDatabase(env));
  try {
    return await explained(() => work(createServiceTokens(database)));
  } finally {
    await database.close();
  }
};

const create = async (store: ServiceTokens, wanted: NewServiceToken): Promise<0> => {
  const { token, id, expiresAt } = await store.create(wanted).catch((error: unknown) => {
    if (!(error instanceof TooManyServiceTokens)) throw error;
    throw new StartError(`${error.message} "npm run tokens -- revoke ID" revokes one.`, 1);
  });
  console.log(token);
  console.error(
    `Token ${id} of "${wanted.name}" is good until ${inUtc(expiresAt)} for ${wanted.scopes.join(', ')} in ${placesOf(wanted)}.\n` +
      'It is shown this once. The service sends it as "Authorization: Bearer …".',
  );
  return 0;
};

const revoke = async (store: ServiceTokens, id: string): Promise<0 | 1> => {
  const isThere = await store.revoke(id);
  console.log(
    isThere ? `Token ${id} is revoked.` : 'There is no token of that id: "npm run tokens -- list" shows all.',
  );
  return isThere ? 0 : 1;
};

const show = async (store: ServiceTokens, isJson: boolean): Promise<0> => {
  const all = await store.list();
  if (isJson) console.log(JSON.stringify(all.map(inJson), null, 2));
  else if (all.length === 0) console.log('There is no token yet: "npm run tokens -- create" makes one.');
  else console.log(tableLines([heads, ...all.map(cellsOf)]).join('\n'));
  return 0;
};

const heads = ['id', 'name', 'state', 'created', 'expires', 'last used', 'scopes', 'locations'];

const cellsOf = (token: ServiceToken): readonly string[] => [
  token.id,
  token.name,
  token.state,
  inUtc(token.createdAt),
  inUtc(token.expiresAt),
  token.lastUsedAt === null ? 'never' : inUtc(token.lastUsedAt),
  token.scopes.join(' '),
  placesOf(token),
];

const inJson = ({ createdAt, expiresAt, revokedAt, lastUsedAt, ...rest }: ServiceToken) => ({
  ...rest,
  createdAt: new Date(createdAt),
  expiresAt: new Date(expiresAt),
  revokedAt: revokedAt === null ? null : new Date(revokedAt),
  lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt),
});

const inUtc = (moment: number): string => `${momentText(moment)} UTC`;

const placesOf = ({ locations }: Pick<ServiceToken, 'locations'>): string =>
  locations === 'all' ? 'all locations' : locations.join(' ');

const idOf = ([given = '', ...more]: readonly string[]): string => {
  // A token that was found where it should not be may be given whole.
  const id = readServiceToken(given)?.id ?? given;
  if (more.length > 0 || !/^[0-9a-z]{10}$/.test(id)) throw usage('After revoke stands the id of one token.');
  return id;
};

const wantedOf = ({ name = '', scope, location, 'all-locations': isAll, expires }: Values): NewServiceToken => {
  if (!/^[a-z0-9-]{1,64}$/.test(name)) throw usage('--name must be 1 to 64 of a-z, 0-9 and -.');
  return {
    name,
    scopes: scopesOf(scope),
    locations: locationsOf(location, isAll === true),
    lifetimeMs: lifetimeOf(expires ?? '90d'),
  };
};

const scopesOf = (given: readonly string[] = []): readonly string[] => {
  const known = knownScopes();
  if (given.length > 0 && given.every((scope) => known.includes(scope))) return [...new Set(given)];
  throw usage(`Each --scope must be one of ${known.join(', ')}.`);
};

// Those that some field needs: another one would open nothing.
const knownScopes = (): readonly string[] => {
  const schema = createSchema();
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    'getInterfaces' in type ? Object.values(type.getFields()) : [],
  );
  return [...new Set(fields.flatMap((field) => requiredScopesOf(schema, field) ?? []).flat())].toSorted();
};

const locationsOf = (given: readonly string[] = [], isAll: boolean): 'all' | readonly LocationId[] => {
  if (isAll !== (given.length === 0)) throw usage('Give --location ID, once or several times, or --all-locations.');
  const ids = given.flatMap((id) => toLocationId(id) ?? []);
  if (ids.length < given.length) throw usage('--location must be 1 to 64 letters, digits, _ and -.');
  return isAll ? 'all' : [...new Set(ids)];
};

const hourMs = 3_600_000;

const lifetimeOf = (text: string): number => {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const lifetimeMs = Number(count) * (unit === 'h' ? hourMs : 24 * hourMs);
  if (lifetimeMs >= hourMs && lifetimeMs <= 365 * 24 * hourMs) return lifetimeMs;
  throw usage('--expires must be hours or days from 1h to 365d, such as 12h or 90d.');
};
