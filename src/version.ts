import { readFileSync } from 'node:fs';

/** As package.json has it. */
export const version = (): string => {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return text;
};
