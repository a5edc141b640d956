import { parseEnv } from 'node:util';
import { readConfig, type Config } from '../config.ts';
import { createQuestions, type Questions } from './ask.ts';
import { openBrowser } from './browser.ts';
import { ownGateway, pathFrom, StartError, type Command, type CommandWorld, type OpenGateway } from './command.ts';
import { installLink, joinRunning, runningGateway } from './connect-running.ts';
import { gatherSettings, readConnectFlags, type ConnectFlags } from './connect-settings.ts';
import { showConnection } from './connect-show.ts';
import { grantsAt, waitForConsent, type LiveGrants } from './connect-wait.ts';
import { besidePackage, changed, readDotEnv, writeDotEnv, type Changes, type DotEnv } from './dot-env.ts';

const help = `npm run connect [-- …]: from nothing to a live first query

Asks for what .env and the environment do not say, writes all of it to .env (mode 0600, the rest of it stays),
prints what to enter in the vendor's form, starts a gateway on PORT, opens the consent page, waits, and shows
what is connected, with a first answer.

  --grant KIND               authorization-code (single locations) or agency (a company with its locations)
  --client-id ID
  --client-secret-file FILE  .env then names the file and holds no secret; else UPSTREAM_CLIENT_SECRET in the
                             environment, or hidden input. Never as an argument: those are in every process list.
  --company-id ID            refuse every other company
  --no-browser               open no browser, only say the address
  --print                    for a host without a browser: print an address that is good for an hour on any machine
                             that reaches PUBLIC_URL, which must lead here; beside a gateway that runs, one for that
  --again                    wait for a consent although something is connected already
  --dot-env FILE             write FILE in place of .env, and read it; the environment stands over it
  --sandbox                  the vendor is the sandbox: start "npm run sandbox" in another terminal and run the line
                             that it prints. Writes .env.sandbox in place of .env.

Exit code: 0 connected and the first query answered, 1 not, 2 arguments or settings make no sense.`;

/** `npm run connect`: leads a person to a grant and to a first live answer. */
export const connect: Command = async (world) => {
  const flags = readConnectFlags(world.args);
  if (flags.help) {
    console.log(help);
    return 0;
  }
  const file = readDotEnv(placeOf(flags, world));
  const questions = createQuestions();
  const env = { ...parseEnv(file.text), ...world.env };
  const settings = await gatherSettings(flags, env, questions);
  const known = Object.entries(settings).map(([name, value]) => [name, value ?? undefined] as const);
  const config = readConfig({ ...env, ...Object.fromEntries(known) });
  for (const warning of config.warnings) console.error(warning);
  const running = await runningGateway(config);
  if (running) return joinRunning(running, config, { isLinkWanted: flags.print === true, env });
  await keep(file, settings);
  const opened = await world.open({ ...config, ...ownGateway }, { level: 'warn', sink: { write: tellOfInstall } });
  try {
    return await lead(opened, config, { flags, questions, path: file.path });
  } finally {
    await opened.close();
  }
};

const placeOf = ({ 'dot-env': given, sandbox }: ConnectFlags, { env }: CommandWorld): string => {
  if (given !== undefined) return pathFrom(env, given);
  if (sandbox) return besidePackage('.env.sandbox');
  if (env['DOT_ENV'] !== 'off') return besidePackage('.env');
  throw new StartError('DOT_ENV=off leaves .env alone: name another file with --dot-env FILE.', 2);
};

const keep = async (file: DotEnv, settings: Changes): Promise<void> => {
  const before = parseEnv(file.text);
  const differing = Object.entries(settings).filter(([name, value]) => (before[name] ?? null) !== value);
  const changes = Object.fromEntries(differing);
  // Also where nothing changes: the file may be readable by others.
  await writeDotEnv(file, changed(file.text, changes));
  const put = differing.flatMap(([name, value]) => (value === null ? [] : [name]));
  const what = put.length === 0 ? 'has everything already' : `now holds ${put.join(', ')}`;
  console.log(`${file.path} ${what}; only you can read it.`);
};

interface Circumstances {
  readonly flags: ConnectFlags;
  readonly questions: Questions | null;
  readonly path: string;
}

const lead = async (opened: OpenGateway, config: Config, circumstances: Circumstances): Promise<0 | 1> => {
  const { consenting, url } = opened.gateway;
  const { flags, questions, path } = circumstances;
  if (!consenting) throw new Error('a grant without consent'); // checked with the settings
  const before = await grantsAt(consenting.store);
  let shown: LiveGrants = before;
  if (before.size === 0 || (await wantsAnother(before, circumstances))) {
    console.log(whatToEnter(`${config.publicUrl ?? url}/oauth/callback`, config.scopes));
    if (questions && !(await questions.yes('Is the app saved with them?', true)))
      throw new StartError('Nothing was connected.', 1);
    const address = addressOf(opened.gateway, config, flags);
    console.log(invitation(address, flags, config));
    if (!flags.print && !flags['no-browser']) openBrowser(address);
    shown = await waitForConsent(consenting.store, before);
  }
  const isWell = await showConnection(opened, shown, config.scopes);
  const isUsual = path === besidePackage('.env');
  console.log(
    `\nStart the gateway:\n\n  ${isUsual ? 'npm start' : `DOT_ENV=off npx node --env-file=${path} src/start.js`}`,
  );
  return isWell ? 0 : 1;
};

const wantsAnother = async (before: LiveGrants, { flags, questions }: Circumstances): Promise<boolean> => {
  console.log(`\nConnected already: ${[...before.keys()].join(', ')}`);
  if (flags.again) return true;
  return questions ? questions.yes('Connect another, or the same again?', false) : false;
};

// Where PUBLIC_URL is set the browser comes back there, and its cookie with it: so it begins there too, and with a ticket.
const addressOf = (
  { url, consenting }: OpenGateway['gateway'],
  { publicUrl }: Config,
  { print }: ConnectFlags,
): string => {
  const ticket = print || publicUrl !== null ? consenting?.tickets.issue() : undefined;
  return installLink(publicUrl ?? url, ticket);
};

// At the edge of the line: they are copied.
const whatToEnter = (redirectUri: string, scopes: readonly string[]): string => `
Enter this in the vendor's form of the app.

Redirect address:

${redirectUri}

Scopes:

${scopes.join('\n')}
`;

const invitation = (address: string, { print }: ConnectFlags, { publicUrl, host }: Config): string => {
  if (!print && publicUrl === null) return `Consent here:\n\n${address}\n`;
  const way =
    publicUrl === null
      ? `PUBLIC_URL is not set, so this address works on this machine only. Set PUBLIC_URL to one that leads here, or let the\nother machine reach ${host} as its own: ssh -L ${new URL(address).port}:${new URL(address).host} this-host`
      : `${publicUrl} must lead to this gateway.`;
  return `Open this in any browser within an hour:\n\n${address}\n\n${way}\n`;
};

// The page tells the browser's side; here is why. The log has redacted it.
const tellOfInstall = (line: string): void => {
  const { audit, action, outcome, error } = JSON.parse(line) as Readonly<Record<string, string | undefined>>; // a line of our own log
  if (audit === 'grant' && action?.startsWith('install'))
    console.error(`\nNothing was stored (${outcome ?? 'failed'}): the browser says what to do. ${error ?? ''}`);
};
