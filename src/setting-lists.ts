// The kinds of settings that hold several values, separated by commas.
import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopbackName } from './http/loopback.ts';
import type { Setting } from './setting.ts';

interface ListWords {
  readonly doc: string;
  /** As it would be written; empty for none. */
  readonly default?: string;
}

interface ListKind {
  /** What may stand there, for people. */
  readonly values: string;
  /** What is wrong with one of them; null for nothing. */
  readonly problem: (item: string) => string | null;
}

const list = (
  name: string,
  { doc, default: written = '' }: ListWords,
  { values, problem }: ListKind,
): Setting<readonly string[]> => {
  const schema = z.string().transform((given, context) => {
    const items = itemsOf(given);
    const found = items.map(problem).find((one) => one !== null);
    if (items.length === 0 || found !== undefined) context.addIssue(found ?? `must be ${values}`);
    if (new Set(items).size < items.length) context.addIssue('must not name anything twice');
    return items;
  });
  return { name, values, default: written, isSecret: false, doc, absent: itemsOf(written), schema };
};

const itemsOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Texts without blanks. */
export const words = (name: string, text: ListWords): Setting<readonly string[]> =>
  list(name, text, {
    values: 'text without spaces, several separated by commas',
    problem: (item) =>
      /^[\x21-\x7e]+$/.test(item) ? null : 'must be text without spaces, several separated by commas',
  });

/** Some of a few words. */
export const choices = (name: string, known: readonly string[], text: ListWords): Setting<readonly string[]> =>
  list(name, text, {
    values: `some of ${known.map((word) => `\`${word}\``).join(', ')}, separated by commas`,
    problem: (item) => (known.includes(item) ? null : `must be some of ${known.join(', ')}, separated by commas`),
  });

// What travels in the clear must not leave this machine.
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname));

/** Origins of pages, as browsers send them. http only for this machine. */
export const origins = (name: string, text: ListWords): Setting<readonly string[]> =>
  list(name, text, {
    values: 'https:// origins, separated by commas',
    problem: (item) => {
      const url = URL.parse(item);
      return url && isSafe(url) && url.origin === item
        ? null
        : 'must be origins such as https://app.example.com, without a path';
    },
  });

/** Addresses of documents that are fetched. http only from this machine. */
export const fetched = (name: string, text: ListWords): Setting<readonly string[]> =>
  list(name, text, {
    values: 'https:// URLs, separated by commas',
    problem: (item) => {
      const url = URL.parse(item);
      const isBare = url?.username === '' && url.password === '' && url.hash === '';
      return isBare && isSafe(url)
        ? null
        : 'must begin with https:// (http only from this machine), without credentials';
    },
  });

/** Addresses of machines, or of networks in CIDR form. */
export const networks = (name: string, text: ListWords): Setting<readonly string[]> =>
  list(name, text, {
    values: 'IP addresses or CIDR networks, separated by commas',
    problem: (item) => {
      const [address = '', bits, ...rest] = item.split('/');
      const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
      const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
      return most > 0 && isNetwork && rest.length === 0 ? null : 'must be IP addresses or networks such as 10.0.0.0/8';
    },
  });
