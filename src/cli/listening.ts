import { StartError } from './command.ts';

/** Where a server is to listen, and the setting that says so. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly portName: 'PORT' | 'SANDBOX_PORT' | 'ADMIN_PORT';
}

const hostNameOf = ({ portName }: Place): string => (portName === 'ADMIN_PORT' ? 'ADMIN_HOST' : 'HOST');
const notAnAddress = (place: Place) =>
  `${place.host} is not an address of this machine: set ${hostNameOf(place)} to one that is, such as ${hostNameOf(place)}=127.0.0.1.`;
const notFound = (place: Place) =>
  `The name ${place.host} leads to no address: set ${hostNameOf(place)} to one of this machine, such as ${hostNameOf(place)}=127.0.0.1.`;

/** What listening, and looking up the name of the host before it, fail with (errno(3), getaddrinfo(3)). */
const remedies: Readonly<Partial<Record<string, (place: Place) => string>>> = {
  EADDRINUSE: ({ port, portName }) =>
    `Port ${port} is taken: choose another one with ${portName}, such as ${portName}=0, which takes one that is free.`,
  EACCES: ({ port, portName }) =>
    `Port ${port} is not allowed to this user: choose one from 1024 up with ${portName}, or ${portName}=0, which takes one that is free.`,
  EADDRNOTAVAIL: notAnAddress,
  EAFNOSUPPORT: notAnAddress,
  EINVAL: notAnAddress, // a link-local address without its interface
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
};

/** Throws a StartError that says whose port or address it was, which the error itself does not. */
export const listening = async <T>(place: Place, server: Promise<T>): Promise<T> => {
  try {
    return await server;
  } catch (error) {
    const remedy = isListening(error) ? remedies[error.code] : undefined;
    throw remedy ? new StartError(remedy(place), 1) : error;
  }
};

/** Files, too, are refused with EACCES. By property: under Jest, Node's own errors are of another realm. */
const isListening = (error: unknown): error is { readonly code: string } =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  typeof error.code === 'string' &&
  'syscall' in error &&
  ['listen', 'bind', 'getaddrinfo'].some((call) => call === error.syscall);
