import { explained } from '../compose-database.ts';
import { openGrantSpace } from '../compose-stored-grants.ts';
import { readConfig, type Config } from '../config.ts';
import type { Environment } from '../setting.ts';
import { createGrantStore, type GrantStore } from '../tokens/grant-store.ts';
import { SealError } from '../tokens/seal.ts';
import { readArguments, StartError, usageError, type Command } from './command.ts';
import { withDotEnv } from './dot-env.ts';
import { keyIdsOf, newKeyEntry } from './new-key.ts';

const help = `npm run keys [-- new | reseal]: the keys that seal stored grants (TOKEN_KEYS)

  npm run keys               how many stored grants each key has sealed, and what to do
  npm run -s keys -- new     one fresh entry for TOKEN_KEYS, and nothing else, on standard output
  npm run keys -- reseal     seals everything with the first key; safe beside gateways that have it

  --dot-env FILE             reads settings from FILE too; the environment stands over it

To change the key: add a new one at the end of TOKEN_KEYS and restart every gateway, so that all
can open what it seals; put it in front and restart again; run reseal; remove the old one.

Exit code: 0 all is well, 1 something is to be done, 2 arguments or settings make no sense.`;

/** `npm run keys`: looks after the ring of TOKEN_KEYS. */
export const keys: Command = async ({ args, env }) => {
  const options = { help: { type: 'boolean', short: 'h' }, 'dot-env': { type: 'string' } } as const;
  const { values, positionals } = readArguments('keys', args, options);
  const [action = 'status', ...more] = positionals;
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (more.length > 0) throw usageError('keys', 'There is one argument at most.');
  const settings = withDotEnv(env, values['dot-env']);
  if (action === 'new') return printNew(settings);
  if (action === 'status') return withStore(settings, showStatus);
  if (action === 'reseal') return withStore(settings, reseal);
  throw usageError('keys', 'The argument is neither new nor reseal.');
};

const printNew = (env: Environment): 0 => {
  const ids = keyIdsOf(env);
  console.log(newKeyEntry());
  console.error(
    ids.length === 0
      ? 'Set TOKEN_KEYS to it, or put it alone into a file and set TOKEN_KEYS_FILE. Keep it: without it no stored grant can be opened.'
      : 'Put it at the end of what TOKEN_KEYS holds, with a comma between, and restart every gateway; then in front and again; then "npm run keys -- reseal".',
  );
  return 0;
};

type Ring = readonly string[];

const withStore = async (env: Environment, work: (store: GrantStore, ring: Ring) => Promise<0 | 1>): Promise<0 | 1> => {
  const config = readConfig(env);
  const nothing = nothingSealed(config);
  if (nothing !== null || config.upstream.kind === 'sandbox' || config.upstream.grant.kind === 'private-token') {
    console.log(nothing);
    return 0;
  }
  const { url, grant } = config.upstream;
  const space = await openGrantSpace(config, { url, sandbox: null }, grant);
  try {
    return await explained(() => work(createGrantStore(space), space.seal.keyIds));
  } finally {
    await space.database.close();
  }
};

const nothingSealed = ({ upstream }: Config): string | null => {
  if (upstream.kind === 'sandbox')
    return 'SANDBOX MODE: grants live in memory, sealed with a key of that process alone. There is nothing to look after.';
  const { kind } = upstream.grant;
  const isStored = kind !== 'client-credentials' && kind !== 'private-token';
  return isStored ? null : `The ${kind} grant stores no tokens: TOKEN_KEYS has nothing to seal.`;
};

const showStatus = async (store: GrantStore, ring: Ring): Promise<0 | 1> => {
  const use = await store.keyUse();
  const [newest = '', ...older] = ring;
  const strangers = [...use.keys()].filter((id) => id !== null && !ring.includes(id)).map(String);
  const line = (id: string, what: string) => `  ${id.padEnd(20)}${grantsOf(use.get(id) ?? 0).padEnd(12)}${what}`;
  const unused = (id: string) => ((use.get(id) ?? 0) === 0 ? 'may be removed' : 'opens only');
  console.log('Keys of TOKEN_KEYS, newest first, and what they have sealed:\n');
  console.log(line(newest, 'seals whatever is new'));
  for (const id of older) console.log(line(id, unused(id)));
  for (const id of strangers) console.log(line(id, 'NOT IN TOKEN_KEYS'));
  const problems = problemsOf(use, older, strangers);
  console.log(`\n${problems.length === 0 ? 'All is well.' : problems.join('\n')}`);
  return problems.length === 0 ? 0 : 1;
};

const problemsOf = (use: ReadonlyMap<string | null, number>, older: Ring, strangers: Ring): string[] => {
  const isBehind = older.some((id) => (use.get(id) ?? 0) > 0);
  return [
    ...strangers.map((id) => `Add the key "${id}" to TOKEN_KEYS again: its grants cannot be opened without it.`),
    ...(use.has(null) ? [`${grantsOf(use.get(null) ?? 0)} damaged: connect again with "npm run connect".`] : []),
    ...(isBehind ? ['Restart every gateway with this TOKEN_KEYS, then run "npm run keys -- reseal".'] : []),
  ];
};

const reseal = async (store: GrantStore, [newest = '', ...older]: Ring): Promise<0 | 1> => {
  const count = await resealAll(store);
  const left = [...(await store.keyUse())].filter(([id]) => id !== newest);
  console.log(`${grantsOf(count)} sealed anew with "${newest}".`);
  if (left.length > 0) {
    console.log(
      'Others were sealed with an older key meanwhile: restart every gateway with this TOKEN_KEYS, then repeat.',
    );
    return 1;
  }
  if (older.length > 0)
    console.log(
      `Once every gateway has this order, nothing needs the older keys: remove ${older.join(', ')} from TOKEN_KEYS.`,
    );
  return 0;
};

const resealAll = async (store: GrantStore): Promise<number> => {
  try {
    return await store.reseal();
  } catch (error) {
    if (error instanceof SealError) throw new StartError(error.message, 1);
    throw error;
  }
};

const grantsOf = (count: number): string => `${count} ${count === 1 ? 'grant' : 'grants'}`;
