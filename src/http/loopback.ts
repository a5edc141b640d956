import { isIPv4 } from 'node:net';

/** True only for names of this machine that no other one is reached by. Takes IPv6 with and without brackets, and no port. */
export const isLoopbackName = (hostname: string): boolean =>
  ['localhost', '::1', '[::1]'].includes(hostname.toLowerCase()) || (isIPv4(hostname) && hostname.startsWith('127.'));

/** The name of a `Host` header, without its port. Not Fastify's `hostname`, which believes the `X-Forwarded-Host` of a trusted proxy. */
export const hostNameOf = (host = ''): string => host.replace(/:\d+$/, '');
