import { readConfig, type Config } from '../config.ts';
import { readCatalogue } from '../operation/catalogue.ts';
import { createSchema } from '../operation/schema.ts';
import { ownGateway, readArguments, usageError, type Command, type OpenGateway } from './command.ts';
import { withDotEnv } from './dot-env.ts';
import { findLocation } from './verify-look.ts';
import { operationLine, problemsOf, summaryText, tableHead, type Report } from './verify-report.ts';
import { callsIn, deviationsIn, runOperation, tokenRequestsIn, type Outcome } from './verify-run.ts';
import { readState } from './verify-state.ts';

const help = `npm run verify [-- …]: the check before going live

Asks the configured upstream every operation of examples/operations once, with nothing cached, and shows what
answered, what it cost, scopes, deviations from the contract, credentials, the grant store and the budget left.
It only reads; nothing has to run beside it. Without any UPSTREAM_* setting it verifies a sandbox of its own.

  --location ID     ask about this location; else about the one of the first five with most to ask about
  --json            one JSON object on standard output and nothing else
  --dot-env FILE    reads settings from FILE too; the environment stands over it

Exit code: 0 everything answered and no wanted scope is missing, 1 something is to be done, 2 arguments or
settings make no sense.`;

/** `npm run verify`: whether this gateway would work with what it is told. */
export const verify: Command = async ({ args, env, open }) => {
  const { values, positionals } = readArguments('verify', args, {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
    location: { type: 'string' },
    'dot-env': { type: 'string' },
  });
  if (positionals.length > 0) throw usageError('verify', 'Everything has a name, such as --location ID.');
  if (values.help) {
    console.log(help);
    return 0;
  }
  const config = readConfig(withDotEnv(env, values['dot-env']));
  const say = values.json ? () => undefined : (text: string) => console.log(text);
  const opened = await open(alone(config), { level: 'silent' });
  try {
    const report = await examine(opened, config, { locationId: values.location ?? null, say });
    if (values.json) console.log(JSON.stringify(report, null, 2));
    return report.problems.length === 0 ? 0 : 1;
  } finally {
    await opened.close();
  }
};

// Beside whatever runs, and with nothing to answer from but upstream.
const alone = (config: Config): Config => ({
  ...config,
  ...ownGateway,
  host: '127.0.0.1',
  port: 0,
  sandboxPort: 0,
  adminPort: 0,
  isCacheOn: false,
});

interface Wishes {
  readonly locationId: string | null;
  readonly say: (text: string) => void;
}

const examine = async (opened: OpenGateway, config: Config, { locationId, say }: Wishes): Promise<Report> => {
  const { gateway, access } = opened;
  const mode = access.sandbox ? 'sandbox' : 'live';
  for (const warning of config.warnings) say(warning);
  say(`${mode === 'sandbox' ? 'SANDBOX MODE: a sandbox of its own, all data is invented' : access.url}\n`);
  const { location, problems: looking } = await findLocation(opened, locationId);
  if (location) say(`Asking about ${location.name ?? 'a location without a name'} (${location.id})\n`);
  const operations = await runAll(opened, config, { location, say });
  const state = await readState(opened, config, location?.id ?? null);
  const found = {
    mode,
    upstreamUrl: access.url,
    grant: access.grant.kind,
    location: location && { id: location.id, name: location.name },
    operations,
    ...state,
    upstreamCalls: callsIn(gateway.tally),
    tokenRequests: tokenRequestsIn(gateway.tally),
    deviations: deviationsIn(gateway.tally),
    credentialMaxAgeDays: config.credentialMaxAgeDays,
  } as const;
  const report = { ...found, problems: problemsOf(found, looking) };
  say(`\n${summaryText(report)}\n`);
  say(report.problems.length === 0 ? 'All is well.' : report.problems.map((problem) => `- ${problem}`).join('\n'));
  return report;
};

interface Matter {
  readonly location: Awaited<ReturnType<typeof findLocation>>['location'];
  readonly say: (text: string) => void;
}

const runAll = async ({ gateway }: OpenGateway, config: Config, { location, say }: Matter): Promise<Outcome[]> => {
  const catalogue = readCatalogue(createSchema(), { rollUpLocations: 0, listingCalls: 0 }); // costs are not looked at
  const outcomes: Outcome[] = [];
  say(tableHead);
  for (const entry of catalogue) {
    const outcome = await runOperation({ gateway, tally: gateway.tally, location }, entry);
    say(operationLine(outcome));
    outcomes.push(outcome);
  }
  return outcomes;
};
