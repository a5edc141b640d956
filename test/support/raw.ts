import { connect } from 'node:net';

/** What comes back for bytes that no client library would send, until the other side closes. */
export const sendRaw = (url: string, text: string): Promise<string> => {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(Number(port), hostname, () => socket.write(text));
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('error', reject);
  socket.on('close', () => resolve(answer));
  return promise;
};
