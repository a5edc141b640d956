import { expect, test } from '@jest/globals';
import { createServiceTokens } from '../../src/auth/service-tokens.ts';
import { openCallerDatabase } from '../../src/compose-database.ts';
import { createStoreFolder, startTestGateway } from '../support/gateway.ts';

test('a gateway that keeps tokens of callers and ages of credentials in one new SQLite file starts, and lets a service in', async () => {
  await using store = await createStoreFolder();
  const place = { path: store.path };
  await using gateway = await startTestGateway({
    access: ({ url, client, companyId }) => ({
      url,
      sandbox: null,
      grant: {
        kind: 'client-credentials',
        clientId: client.id,
        clientSecret: client.secret,
        previousSecret: null,
        companyId,
      },
    }),
    config: { auth: { kind: 'tokens' }, database: place, callerDatabase: place },
  });
  const database = await openCallerDatabase(place);
  const { token } = await createServiceTokens(database).create({
    name: 'reporting',
    scopes: ['locations.readonly'],
    locations: 'all',
    lifetimeMs: 60_000,
  });
  await database.close();
  const answer = await gateway.ask('{ viewer { subject } }', {}, { authorization: `Bearer ${token}` });
  expect(answer.data.viewer.subject).toBe('service:reporting');
  expect(await gateway.gateway.credentialAges()).toMatchObject([{ name: 'UPSTREAM_CLIENT_SECRET', ageDays: 0 }]);
});
