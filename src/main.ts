import closeWithGrace from 'close-with-grace';
import { banner, help, sandboxBanner } from './banner.ts';
import { startGateway, type UpstreamAccess } from './compose.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { createLog, type Log } from './observe/log.ts';

/** What the person who starts the program can mend; the message is the one line that says how. */
class StartError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Stack traces help nobody who starts a program, but what we did not expect keeps its own. */
const giveUp = (error: unknown): never => {
  const isExpected = error instanceof ConfigError || error instanceof StartError;
  console.error(isExpected ? error.message : error);
  return process.exit(error instanceof StartError ? error.exitCode : error instanceof ConfigError ? 2 : 1);
};

interface Place {
  readonly host: string;
  readonly port: number;
  readonly portName: 'PORT' | 'SANDBOX_PORT';
}

const notAnAddress = ({ host }: Place) =>
  `${host} is not an address of this machine: set HOST to one that is, such as HOST=127.0.0.1.`;
const notFound = ({ host }: Place) =>
  `The name ${host} leads to no address: set HOST to one of this machine, such as HOST=127.0.0.1.`;

/** What listening, and looking up the name of the host before it, fail with (errno(3), getaddrinfo(3)). */
const remedies: Readonly<Partial<Record<string, (place: Place) => string>>> = {
  EADDRINUSE: ({ port, portName }) =>
    `Port ${port} is taken: choose another one with ${portName}, such as ${portName}=0, which takes one that is free.`,
  EACCES: ({ port, portName }) =>
    `Port ${port} is not allowed to this user: choose one from 1024 up with ${portName}, or ${portName}=0, which takes one that is free.`,
  EADDRNOTAVAIL: notAnAddress,
  EAFNOSUPPORT: notAnAddress,
  EINVAL: notAnAddress, // a link-local address without its interface
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
};

/** Says whose port it was, which the error itself does not. */
const listening = async <T>(place: Place, server: Promise<T>): Promise<T> => {
  try {
    return await server;
  } catch (error) {
    const remedy = isListening(error) ? remedies[error.code] : undefined;
    throw remedy ? new StartError(remedy(place), 1) : error;
  }
};

/** Files, too, are refused with EACCES. */
const isListening = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error &&
  'code' in error &&
  'syscall' in error &&
  ['listen', 'bind', 'getaddrinfo'].some((call) => call === error.syscall);

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

const runGateway = async (config: Config): Promise<void> => {
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  for (const warning of config.warnings) log.warn(warning);
  const sandbox = config.upstream.kind === 'sandbox' ? await startSandbox(config) : null;
  const access: UpstreamAccess = accessOf(config, sandbox);
  const gateway = await listening({ ...config, portName: 'PORT' }, startGateway(config, access, log));
  if (sandbox) console.log(banner({ gateway, controlUrl: sandbox.controlUrl, isProduction: config.isProduction }));
  else log.info('listening', { url: gateway.url, mode: 'live' });
  onSignal(log, async () => {
    await gateway.close();
    await sandbox?.close();
  });
};

const accessOf = ({ upstream }: Config, sandbox: Awaited<ReturnType<typeof startSandbox>> | null): UpstreamAccess => {
  if (upstream.kind === 'live') return { ...upstream, sandbox: null };
  if (!sandbox) throw new Error('sandbox mode without a sandbox');
  const { url, client, companyId } = sandbox;
  const app = { clientId: client.id, clientSecret: client.secret, previousSecret: null, companyId };
  const { grantKind: kind } = upstream;
  return { url, sandbox, grant: kind === 'agency' ? { ...app, kind, refreshToken: null } : { ...app, kind } };
};

const secretsOf = ({ upstream, redisUrl, database, tokenKeys }: Config): string[] => {
  const grant: Readonly<Record<string, unknown>> = upstream.kind === 'live' ? { ...upstream.grant } : {};
  const named = ['clientSecret', 'previousSecret', 'refreshToken', 'privateToken'].map((name) => grant[name]);
  const keys = tokenKeys?.map(({ bytes }) => Buffer.from(bytes).toString('base64')) ?? [];
  const databaseUrl = 'url' in database ? database.url : null;
  return [...named, ...keys, redisUrl, databaseUrl].filter((value) => typeof value === 'string');
};

const runSandbox = async (config: Config): Promise<void> => {
  const sandbox = await startSandbox(config);
  console.log(sandboxBanner(sandbox));
  onSignal(createLog({ level: 'warn', secrets: [] }), () => sandbox.close());
};

const main = async (): Promise<void> => {
  const [command, ...more] = process.argv.slice(2);
  if (command === '--help' || command === '-h') console.log(help);
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
