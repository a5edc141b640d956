import closeWithGrace from 'close-with-grace';
import { banner, help, sandboxBanner } from './banner.ts';
import { StartError, type Command, type OpenGateway } from './cli/command.ts';
import { listening } from './cli/listening.ts';
import type { UpstreamAccess } from './compose.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { createLog, type Log } from './observe/log.ts';

/** Stack traces help nobody who starts a program, but what we did not expect keeps its own. */
const giveUp = (error: unknown): never => {
  const isExpected = error instanceof ConfigError || error instanceof StartError;
  console.error(isExpected ? error.message : error);
  return process.exit(error instanceof StartError ? error.exitCode : error instanceof ConfigError ? 2 : 1);
};

const startSandbox = async ({ host, sandboxPort: port }: Config) => {
  const sandbox = await import('./sandbox/server.ts');
  return listening({ host, port, portName: 'SANDBOX_PORT' }, sandbox.startSandbox({ host, port }));
};

const onSignal = (log: Log, close: () => Promise<void>): void => {
  closeWithGrace({ delay: 15_000, logger: false }, async ({ signal, err }) => {
    if (err) log.failed('ending after an error', err);
    else log.info('closing', { signal: signal ?? 'close' });
    await close();
  });
};

/** Over the configured upstream, in sandbox mode over a sandbox of its own. */
const openGateway = async (config: Config, log: Log): Promise<OpenGateway> => {
  const { startGateway } = await import('./compose.ts'); // --help, mistakes and keys do without it
  const sandbox = config.upstream.kind === 'sandbox' ? await startSandbox(config) : null;
  const access = accessOf(config, sandbox);
  const starting = listening({ ...config, portName: 'PORT' }, startGateway(config, access, log));
  const gateway = await starting.catch(async (error: unknown) => {
    await sandbox?.close();
    throw error;
  });
  const close = async () => {
    await gateway.close();
    await sandbox?.close();
  };
  return { gateway, access, close };
};

const runGateway = async (config: Config): Promise<void> => {
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  for (const warning of config.warnings) log.warn(warning);
  const { gateway, access, close } = await openGateway(config, log);
  const { isProduction } = config;
  if (access.sandbox) console.log(banner({ gateway, controlUrl: access.sandbox.controlUrl, isProduction }));
  else log.info('listening', { url: gateway.url, mode: 'live', connect: gateway.installUrl });
  onSignal(log, close);
};

const accessOf = ({ upstream }: Config, sandbox: Awaited<ReturnType<typeof startSandbox>> | null): UpstreamAccess => {
  if (upstream.kind === 'live') return { ...upstream, sandbox: null };
  if (!sandbox) throw new Error('sandbox mode without a sandbox');
  const { url, client, companyId } = sandbox;
  const app = { clientId: client.id, clientSecret: client.secret, previousSecret: null, companyId };
  const { grantKind: kind } = upstream;
  return { url, sandbox, grant: kind === 'agency' ? { ...app, kind, refreshToken: null } : { ...app, kind } };
};

const secretsOf = ({ upstream, redisUrl, database, callerDatabase, tokenKeys }: Config): string[] => {
  const grant: Readonly<Record<string, unknown>> = upstream.kind === 'live' ? { ...upstream.grant } : {};
  const named = ['clientSecret', 'previousSecret', 'refreshToken', 'privateToken'].map((name) => grant[name]);
  const keys = tokenKeys?.map(({ bytes }) => Buffer.from(bytes).toString('base64')) ?? [];
  const urls = [database, callerDatabase].map((place) => ('url' in place ? place.url : null));
  return [...named, ...keys, redisUrl, ...urls].filter((value) => typeof value === 'string');
};

const runSandbox = async (config: Config): Promise<void> => {
  const sandbox = await startSandbox(config);
  console.log(sandboxBanner(sandbox));
  onSignal(createLog({ level: 'warn', secrets: [] }), () => sandbox.close());
};

/** Loaded by name, so that a start pays for none of them. */
const commands: Readonly<Partial<Record<string, () => Promise<Command>>>> = {
  connect: async () => (await import('./cli/connect.ts')).connect,
  verify: async () => (await import('./cli/verify.ts')).verify,
  keys: async () => (await import('./cli/keys.ts')).keys,
  tokens: async () => (await import('./cli/tokens.ts')).tokens,
  'access-log': async () => (await import('./cli/access-log.ts')).accessLog,
  'check-operations': async () => (await import('./cli/check-operations.ts')).checkOperations,
};

const runCommand = async (command: Command, args: readonly string[]): Promise<void> => {
  const open = (config: Config, log: { level: string; sink?: { write(line: string): void } }) =>
    openGateway(config, createLog({ ...log, secrets: secretsOf(config) }));
  process.exitCode = await command({ args, env: process.env, open });
};

const main = async (): Promise<void> => {
  const [command, ...more] = process.argv.slice(2);
  const load = commands[command ?? ''];
  if (command === '--help' || command === '-h') console.log(help);
  else if (load) await runCommand(await load(), more);
  else if (more[0] !== undefined) throw unknownArgument(more[0]);
  else if (command === 'sandbox') await runSandbox(readConfig({ ...process.env, UPSTREAM: 'sandbox' }));
  else if (command === undefined) await runGateway(readConfig(process.env));
  else throw unknownArgument(command);
};

/** Quotes the name alone: what follows it may be a secret. */
const unknownArgument = (argument: string) =>
  new StartError(
    `There is no argument "${argument.split('=', 1).join()}". Settings are environment variables: "npm start -- --help" says what there is.`,
    2,
  );

main().catch(giveUp);
