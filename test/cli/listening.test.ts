import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { listening, type Place } from '../../src/cli/listening.ts';
import { startGateway } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/observe/log.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { byClientCredentials } from '../support/gateway.ts';

const log = createLog({ level: 'silent', secrets: [] });

const servers: readonly (readonly [Place['portName'], (place: Omit<Place, 'portName'>) => Promise<unknown>])[] = [
  ['SANDBOX_PORT', (place) => startSandbox(place)],
  [
    'PORT',
    async (place) => {
      const sandbox = await startSandbox();
      const config = { ...readConfig({ UPSTREAM: 'sandbox' }), ...place };
      return startGateway(config, byClientCredentials(sandbox), log).finally(() => sandbox.close());
    },
  ],
];

describe.each(servers)('a server that has its port from %s', (portName, start) => {
  const told = (place: Omit<Place, 'portName'>) => listening({ ...place, portName }, start(place));

  test.each([
    ['an address of another machine', '192.0.2.1', /^192\.0\.2\.1 is not an address of this machine: set HOST to .*$/],
    ['a name that leads nowhere', 'host.invalid', /^The name host\.invalid leads to no address: set HOST to .*$/],
  ])('says on %s to set HOST', async (_what, host, message) => {
    const refused = told({ host, port: 0 });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ name: 'StartError', exitCode: 1 });
  });

  test('says on a taken port which setting to change', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(told({ host: '127.0.0.1', port })).rejects.toThrow(
      `Port ${port} is taken: choose another one with ${portName}, such as ${portName}=0, which takes one that is free.`,
    );
    server.close();
  });
});

/** Not every machine forbids the low ports. */
const failing = (code: string, syscall: string) => Promise.reject(Object.assign(new Error(code), { code, syscall }));

test('a port that this user may not have is told with those that are allowed', async () => {
  const place = { host: '127.0.0.1', port: 80, portName: 'SANDBOX_PORT' } as const;
  await expect(listening(place, failing('EACCES', 'listen'))).rejects.toThrow(
    /^Port 80 is not allowed to this user: .*1024.*SANDBOX_PORT.*$/,
  );
});

test('what nobody foresaw, and what is no matter of listening, stays what it is', async () => {
  const place = { host: '127.0.0.1', port: 80, portName: 'PORT' } as const;
  await expect(listening(place, failing('EWOBBLE', 'listen'))).rejects.toThrow(/^EWOBBLE$/);
  await expect(listening(place, failing('EACCES', 'open'))).rejects.toThrow(/^EACCES$/); // a file
});
