// The parts of README.md and .env.example that are made from the code. `npm run docs` writes them, a test compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import { envExample, settingsTable } from '../src/config.ts';
import { errorTable } from '../src/model/errors.ts';
import { readCatalogue } from '../src/operation/catalogue.ts';
import { createSchema } from '../src/operation/schema.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const catalogueTable = (): string =>
  table(
    [
      'operation',
      'trigger: when you need it',
      'action: what it asks',
      'key fields',
      'scopes',
      'upstream calls, at worst',
    ],
    readCatalogue(createSchema(), { rollUpLocations: 50, listingCalls: 20 }).map(
      ({ file, name, trigger, action, keyFields, scopes, worst }) => [
        `[${name}](examples/operations/${file})`,
        trigger,
        action,
        keyFields,
        scopes.map((scope) => `\`${scope}\``).join(' ') || 'none',
        String(worst.total),
      ],
    ),
  );

const errorRows = (): string =>
  table(
    ['code', 'message', 'what to do', 'worth repeating'],
    Object.entries(errorTable).map(([code, { message, remedy, isRetryable }]) => [
      `\`${code}\``,
      message,
      remedy,
      isRetryable ? 'yes' : 'no',
    ]),
  );

const parts: Readonly<Record<string, () => string>> = {
  catalogue: catalogueTable,
  settings: settingsTable,
  errors: errorRows,
};

/** README.md with each part between `<!-- name -->` and `<!-- /name -->` made anew. Throws when a part has no place. */
export const renderReadme = (readme: string): string =>
  Object.entries(parts).reduce((text, [name, make]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!place.test(text)) throw new Error(`README.md has no place for ${name}`);
    return text.replace(place, (_all, start: string, end: string) => `${start}${make().trim()}\n${end}`);
  }, readme);

if (process.argv[1] === import.meta.filename) {
  writeFileSync('README.md', renderReadme(readFileSync('README.md', 'utf8')));
  writeFileSync('.env.example', envExample());
}
