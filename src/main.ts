import { parseArgs } from 'node:util';
import closeWithGrace from 'close-with-grace';
import { banner, help, sandboxBanner } from './banner.ts';
import { startGateway, type UpstreamAccess } from './compose.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { createLog, type Log } from './observe/log.ts';

/** One line that says what to do, and an exit code that is not 0; stack traces help nobody who starts a program. */
const giveUp = (error: unknown): never => {
  if (error instanceof ConfigError) console.error(error.message);
  else if (isTaken(error))
    console.error(
      `Port ${error.port} is taken. Choose another one: PORT=4001 npm start (the sandbox's is SANDBOX_PORT).`,
    );
  else console.error(error);
  return process.exit(error instanceof ConfigError ? 2 : 1);
};

const isTaken = (error: unknown): error is Error & { port: number } =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;

const startSandbox = async ({ host, sandboxPort }: Config) =>
  (await import('./sandbox/server.ts')).startSandbox({ host, port: sandboxPort });

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
  const gateway = await startGateway(config, access, log);
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
  return {
    url,
    sandbox,
    grant: { kind: 'client-credentials', clientId: client.id, clientSecret: client.secret, companyId },
  };
};

const secretsOf = ({ upstream, redisUrl }: Config): string[] => {
  const grant = upstream.kind === 'live' ? upstream.grant : {};
  const named = ['clientSecret', 'refreshToken', 'privateToken'] as const;
  return [
    ...named.flatMap((name) => (name in grant ? [String(grant[name as keyof typeof grant])] : [])),
    ...(redisUrl ? [redisUrl] : []),
  ];
};

const runSandbox = async (config: Config): Promise<void> => {
  const sandbox = await startSandbox(config);
  console.log(sandboxBanner(sandbox));
  onSignal(createLog({ level: 'warn', secrets: [] }), () => sandbox.close());
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) console.log(help);
  else if (positionals[0] === 'sandbox') await runSandbox(readConfig({ ...process.env, UPSTREAM: 'sandbox' }));
  else await runGateway(readConfig(process.env));
};

main().catch(giveUp);
