import type { Client } from './redis-connection.ts';

/** Channels that are listened to on a connection of their own, as one that listens can do nothing else. */
export interface Listening {
  /** Listens for good; what is published while the connection is lost is never heard. */
  readonly subscribe: (channel: string, listener: (text: string) => void) => void;
  readonly close: () => void;
}

/** Connects with the first channel, and again whenever the connection is lost. */
export const createListening = (open: () => Client, onProblem: (error: unknown) => void): Listening => {
  const channels: { readonly channel: string; readonly listener: (text: string) => void }[] = [];
  let client: Client | null = null;
  const listen = (): void => {
    for (const { channel, listener } of channels) {
      // Harmless where it listens already: the client knows its channels, also over a new connection.
      if (client?.isReady === true) client.subscribe(channel, listener).catch(onProblem);
    }
  };
  const connect = (): Client => {
    const opened = open();
    opened.on('error', onProblem); // without a listener a dropped connection ends the process
    opened.on('ready', listen);
    opened.connect().catch(onProblem);
    return opened;
  };
  return {
    subscribe: (channel, listener) => {
      channels.push({ channel, listener });
      client ??= connect();
      listen();
    },
    close: () => {
      client?.destroy();
      client = null;
    },
  };
};
