import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { StartError } from './command.ts';

/** No line of the gateway is longer, in characters; one that is counts as one that cannot be read. */
const longestLine = 65_536;
const chunkBytes = 262_144;

/** Reads a file from its beginning to its end, `-` standard input, `.gz` what is packed in it, and holds no more of it than a piece and a
 * line. Empty lines are left out, one that is too long comes as null. Throws StartError for what cannot be opened or unpacked. */
export const eachLine = async (file: string, take: (line: string | null) => void): Promise<void> => {
  const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: chunkBytes });
  const lines = async (chunks: AsyncIterable<Buffer>) => {
    const splitter = createSplitter(take);
    const decoder = new StringDecoder('utf8');
    for await (const chunk of chunks) splitter.push(decoder.write(chunk));
    splitter.push(decoder.end());
    splitter.end();
  };
  try {
    if (file.endsWith('.gz')) await pipeline(source, createGunzip({ chunkSize: chunkBytes }), lines);
    else await pipeline(source, lines);
  } catch (error) {
    throw new StartError(`${file} cannot be read: ${reasonOf(error)}.`, 2);
  }
};

const createSplitter = (take: (line: string | null) => void) => {
  let rest = '';
  let isCut = false;
  const give = (line: string) => {
    if (isCut || line.length > longestLine) take(null);
    else if (line.trim() !== '') take(line);
    isCut = false;
  };
  return {
    push: (text: string) => {
      const lines = text.split('\n');
      const last = lines.pop() ?? '';
      for (const line of lines) {
        give(rest + line);
        rest = '';
      }
      rest += last;
      if (rest.length <= longestLine) return;
      rest = '';
      isCut = true;
    },
    end: () => {
      if (rest !== '' || isCut) give(rest);
    },
  };
};

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this account may not read it',
  EISDIR: 'it is a folder',
  Z_DATA_ERROR: 'it is not packed by gzip, or damaged',
  Z_BUF_ERROR: 'it ends too early',
};

// By property: under Jest, Node's own errors are of another realm.
const reasonOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
  if (code === null) throw error;
  return reasons[code] ?? code;
};
