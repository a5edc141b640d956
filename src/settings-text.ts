// What people read about the settings, made from the table.
import type { SettingRow } from './setting.ts';
import { rows } from './settings.ts';

/** The rows in order, as people see them. */
export const settings: readonly SettingRow[] = Object.values(rows);

/** The text of .env.example: every setting commented out, with its default, in a form that Node and shells both read. */
export const envExample = (): string => {
  const head = [
    '# Every setting with its default. None is needed to start with the sandbox.',
    '# To use such a file: cp .env.example .env; npm start reads it, and what the environment says stands.',
  ];
  const entry = ({ name, values, default: given, isSecret, doc }: SettingRow): string => {
    const value = given.includes(' ') ? `"${given}"` : given;
    const file = isSecret ? [`# ${name}_FILE=`] : [];
    return [`# ${plain(doc)} (${plain(values)})`, `# ${name}=${value}`, ...file].join('\n');
  };
  return [head.join('\n'), ...settings.map(entry)].join('\n\n') + '\n';
};

const plain = (markdown: string): string => markdown.replaceAll('`', '');

/** The README's table, in GitHub's Markdown, without a line break at its end. */
export const settingsTable = (): string => {
  const line = ({ name, values, default: given, isSecret, doc }: SettingRow): string => {
    const names = isSecret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
    return `| ${names} | ${given === '' ? '' : `\`${given}\``} | ${values} | ${doc} |`;
  };
  return ['| setting | default | values | what it does |', '| --- | --- | --- | --- |', ...settings.map(line)].join(
    '\n',
  );
};
