import { connect } from 'node:net';

/** How a request is sent: by a client library, or byte by byte as no library would. */
export type Sent =
  | { readonly kind: 'fetch'; readonly path: string; readonly init: RequestInit }
  | { readonly kind: 'bytes'; readonly bytes: string | Uint8Array };

/** A request that means no good, and what is owed to it. */
export interface HostileRequest {
  readonly name: string;
  readonly status: number;
  /** Of the first error; null where there is none, or no body. */
  readonly code: string | null;
  readonly sent: Sent;
  /** Routes of upstream that it may reach all the same, as a good question would; none unless said. */
  readonly reaches?: readonly string[];
}

/** What came back. */
export interface HostileAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Longer than any of them may take; an answer that never comes is told as status 0. */
const patienceMs = 20_000;

/** Text made by index, with a space between. */
export const repeat = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

/** By fetch, with the media type that tells errors by status. */
export const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Sent => ({
  kind: 'fetch',
  path: '/graphql',
  init: {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'application/graphql-response+json', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  },
});

/** A question with its variables. */
export const ask = (query: unknown, variables?: unknown): Sent => post(JSON.stringify({ query, variables }));

/** Sends it to the gateway at `url`. */
export const sendHostile = async (url: string, sent: Sent): Promise<HostileAnswer> => {
  if (sent.kind === 'bytes') return sendBytes(url, sent.bytes);
  const response = await fetch(url + sent.path, { ...sent.init, signal: AbortSignal.timeout(patienceMs) });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
};

// To the end of the connection, or to the end of the first answer where the gateway keeps it.
const sendBytes = (url: string, bytes: string | Uint8Array): Promise<HostileAnswer> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    const end = () => {
      clearTimeout(impatience);
      socket.destroy();
      resolve(read(text));
    };
    const impatience = setTimeout(end, patienceMs);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) end();
    });
    socket.on('error', () => undefined); // the gateway may be gone before everything is written
    socket.on('close', end);
  });

const isWhole = (text: string): boolean => {
  const head = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  return head > 0 && length !== undefined && text.length >= head + 4 + Number(length);
};

const read = (text: string): HostileAnswer => {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0),
    type: /\r\ncontent-type: ([^\r]*)/i.exec(head)?.[1] ?? '',
    text: Buffer.from(rest.join('\r\n\r\n').replace(/^0\r\n\r\n$/, ''), 'latin1').toString(), // Node's own answers end with an empty chunk
  };
};
