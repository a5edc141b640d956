// What people look at: the start page, the explorer, the pages of an install.
import { areCallersAsked } from './callers-config.ts';
import type { Consenting } from './compose-grants.ts';
import type { UpstreamAccess } from './compose.ts';
import type { Config } from './config.ts';
import { curlFor, linksFor } from './http/addresses.ts';
import { apolloSandboxRoutes } from './http/apollo-sandbox.ts';
import { homeRoutes } from './http/home.ts';
import type { createHttpServer } from './http/server.ts';
import { isLoopbackName } from './http/loopback.ts';
import { oauthRoutes, type OAuthOptions } from './http/oauth.ts';
import type { CatalogueEntry } from './operation/catalogue.ts';
import { readTypeDefs } from './operation/schema.ts';

/** What pages are made of; the addresses are known once the gateway listens. */
export interface PageMatter {
  readonly catalogue: readonly CatalogueEntry[];
  readonly consenting: Consenting | null;
  readonly address: () => string;
  readonly publicUrl: () => string;
}

/** Whether strangers may learn the schema: by introspection, by the file, by the operations of the start page. */
export const isShowingSchema = ({ introspection, isProduction }: Config): boolean =>
  introspection === null ? !isProduction : introspection === 'on';

/** Adds the pages, and gives what a person is told at the start. */
export const pages =
  (config: Config, access: UpstreamAccess, { catalogue, consenting, address, publicUrl }: PageMatter) =>
  (app: Awaited<ReturnType<typeof createHttpServer>>) => {
    const { isProduction } = config;
    const { sandbox } = access;
    const installUrl = () => (consenting ? `${publicUrl()}/oauth/install` : null);
    const needsToken = areCallersAsked(config.auth);
    const curl = () => (sandbox ? curlFor(address(), sandbox.locations.full, needsToken) : null);
    const controlUrl = sandbox?.controlUrl ?? null;
    const schema = isShowingSchema(config) ? { catalogue, text: readTypeDefs().join('\n') } : null;
    homeRoutes(() => ({
      mode: sandbox ? 'sandbox' : 'live',
      links: linksFor(address(), { isProduction, hasSchema: schema !== null, controlUrl, installUrl: installUrl() }),
      curl: curl(),
      schema,
    }))(app);
    if (!isProduction) {
      const document = catalogue.find(({ name }) => name === 'LiveReporting')?.text ?? '';
      apolloSandboxRoutes({ document, variables: { location: sandbox?.locations.full ?? '' } })(app);
    }
    if (consenting) oauthRoutes(toOAuthOptions(config, access, consenting, publicUrl))(app);
    return { installUrl, curl };
  };

// An administrator is who sits at the gateway's machine, or, where others reach it too, has a link from there. In sandbox mode anybody is.
const toOAuthOptions = (
  { host }: Config,
  { sandbox }: UpstreamAccess,
  { installs, tickets }: Consenting,
  publicUrl: () => string,
): OAuthOptions => ({
  installs,
  publicUrl,
  administrator: ({ host: named, address = '', ticket }) => {
    if (sandbox) return 'sandbox';
    if (ticket !== null) return tickets.isValid(ticket) ? 'ticket' : null;
    // Behind a proxy every request may come from this machine and name it, too; and whoever reaches another address may name this one.
    const all = [host, named, address.replace(/^::ffff:/, ''), new URL(publicUrl()).hostname];
    return all.every(isLoopbackName) ? 'loopback' : null;
  },
});
