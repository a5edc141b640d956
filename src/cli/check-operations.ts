import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readConfig, type Config } from '../config.ts';
import {
  checkOperations as check,
  type CheckedOperations,
  type ClientFiles,
  type ClientOperation,
  type Finding,
} from '../operation/client-operations.ts';
import { costLimitsOf, type CostLimits } from '../operation/cost-limits.ts';
import { unknownSize } from '../operation/needs.ts';
import { createSchema } from '../operation/schema.ts';
import type { Environment } from '../setting.ts';
import { pathFrom, readArguments, StartError, usageError, type Command } from './command.ts';
import { withDotEnv } from './dot-env.ts';
import { tableLines } from './table.ts';
import { counted } from './words.ts';

const help = `npm run check:operations FOLDER: the check before a client is shipped

Holds the operations of a client against the schema, the limits of documents (MAX_DOCUMENT_*, …) and those of
upstream calls (MAX_UPSTREAM_CALLS, MAX_UPSTREAM_CALLS_PER_LOCATION), and prints what each may cost and which scopes
its caller needs. Nothing is asked upstream, and nothing has to run.

FOLDER is read with the folders within, but for node_modules and what begins with a dot: *.graphql and *.gql, where
fragments may be in other files than their operations, and *.json, manifests as GraphQL Codegen, Relay and Apollo
write them.

  --json            one JSON object on standard output and nothing else
  --dot-env FILE    reads settings from FILE too; the environment stands over it

Exit code: 0 this gateway takes all of them, 1 something is to be done, 2 arguments or settings make no sense.`;

/** `npm run check:operations`: whether this gateway would take what a client is going to ask. */
export const checkOperations: Command = async ({ args, env }) => {
  const { values, positionals } = readArguments('check:operations', args, {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
    'dot-env': { type: 'string' },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw usageError('check:operations', 'Name one folder.');
  const config = readConfig(withDotEnv(env, values['dot-env']));
  const checked = check(await readFolder(folder, env), {
    schema: createSchema(),
    documentLimits: config.documentLimits,
    costLimits: liveCosts(config),
  });
  const { operations, problems } = checked;
  if (operations.length === 0 && problems.length === 0) throw new StartError(`${folder} holds no operation.`, 1);
  console.log(values.json ? jsonOf(checked) : textOf(checked));
  return problems.length === 0 ? 0 : 1;
};

// What it costs over a live upstream: a sandbox has an endpoint for account statistics and gives the locations away.
const liveCosts = (config: Config): CostLimits => {
  const isLive = config.upstream.kind === 'live';
  return costLimitsOf(isLive ? config : { ...config, accountStatistics: 'roll-up' }, { isLive: true });
};

const readFolder = async (folder: string, env: Environment): Promise<ClientFiles> => {
  const paths = (await filesBelow(pathFrom(env, folder))).filter((path) => /\.(graphql|gql|json)$/.test(path)).sort();
  const files = await Promise.all(
    paths.map(async (path) => ({
      file: relative(pathFrom(env, '.'), path),
      text: await readable(path, readFile(path, 'utf8')),
    })),
  );
  const isManifest = ({ file }: (typeof files)[number]): boolean => file.endsWith('.json');
  return {
    sources: files.filter((one) => !isManifest(one)),
    manifests: files.filter(isManifest).map(({ file, text: json }) => ({ file, json })),
  };
};

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readable(folder, readdir(folder, { withFileTypes: true }));
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
      if (entry.isDirectory()) return filesBelow(path);
      // A link to a folder may lead back to where it is.
      return entry.isFile() || (await readable(path, stat(path))).isFile() ? [path] : [];
    }),
  );
  return found.flat();
};

const readable = <T>(path: string, reading: Promise<T>): Promise<T> =>
  reading.catch(() => {
    throw new StartError(`${path} cannot be read: check the path and its permissions.`, 2);
  });

const jsonOf = (checked: CheckedOperations): string =>
  JSON.stringify(
    {
      operations: checked.operations.map(({ name, file, needs }) => ({
        ...{ name, file, isValid: needs !== null },
        upstreamCalls: needs && { total: needs.worst.total, perLocation: needs.worst.perLocation },
        scopes: needs?.scopes ?? [],
      })),
      scopes: scopesOf(checked.operations),
      problems: checked.problems,
      warnings: checked.warnings,
    },
    null,
    2,
  );

const scopesOf = (operations: readonly ClientOperation[]): readonly string[] =>
  [...new Set(operations.flatMap(({ needs }) => needs?.scopes ?? []))].sort();

const textOf = ({ operations, problems, warnings }: CheckedOperations): string => {
  const scopes = scopesOf(operations);
  return [
    ...tableLines([head, ...operations.map(cellsOf)]),
    '',
    ...problems.map((finding) => `${placeOf(finding)} error: ${finding.message}`),
    ...warnings.map((finding) => `${placeOf(finding)} warning: ${finding.message}`),
    ...(problems.length + warnings.length === 0 ? [] : ['']),
    `${counted(operations.length, 'operation')}, ${counted(problems.length, 'error')}, ${counted(warnings.length, 'warning')}.`,
    `Scopes for all of them: ${scopes.join(' ') || 'none'}`,
    'Calls are those of a live upstream at worst, with nothing cached. Lists and page sizes that come in variables count as',
    `${unknownSize}, or as the default of the variable.`,
  ].join('\n');
};

const placeOf = ({ file, line, column }: Finding): string => `${file}:${line}:${column}:`;

const head = ['OPERATION', 'FILE', 'CALLS', 'PER LOCATION', 'SCOPES'];

const cellsOf = ({ name, file, needs }: ClientOperation): readonly string[] => [
  name,
  file,
  String(needs?.worst.total ?? '-'),
  String(needs?.worst.perLocation ?? '-'),
  needs === null ? 'not valid' : needs.scopes.join(' ') || 'none',
];
