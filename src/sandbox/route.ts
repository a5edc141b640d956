import type { Client } from './client.ts';
import type { Clock } from './clock.ts';
import type { RouteName } from './contract.ts';
import type { Figures } from './figures.ts';
import type { Grants } from './grants.ts';
import type { Installations } from './installations.ts';
import type { Post } from './posts.ts';
import type { Location } from './seed.ts';
import type { State } from './state.ts';
import type { Grant, Holder } from './tokens.ts';

/**
 * What a route sees of a call. `body` is parsed JSON or the fields of a form, a list where a field is repeated, and
 * undefined when there is none.
 */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly version: string | null;
  /** The token of the Authorization header, null when it has none. */
  readonly bearer: string | null;
}

/** What a route answers; the server adds traceId and headers. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a page for people answers; the server adds traceId. */
export interface Page {
  readonly status: number;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All a route may look at or change. */
export interface World {
  readonly clock: Clock;
  readonly client: Client;
  readonly state: State;
  readonly installations: Installations;
  readonly grants: Grants;
  readonly figures: Figures;
  readonly postsOf: (location: Location) => readonly Post[];
  readonly incompleteListRows: boolean;
}

interface RouteBase {
  readonly name: RouteName;
  readonly method: 'GET' | 'POST';
  /** A Fastify pattern. */
  readonly path: string;
}

/** No bearer, no Version, no budget: the credentials are in the body. */
export interface OpenRoute extends RouteBase {
  readonly kind: 'open';
  answer(call: Call, world: World): Answer;
}

/** HTML for a browser in place of JSON: no bearer, no Version, no budget. It answers its own refusals. */
export interface PageRoute extends RouteBase {
  readonly kind: 'page';
  answer(call: Call, world: World): Page;
}

/** Wants a token; which data it reads follows from its holder. */
export interface BearerRoute extends RouteBase {
  readonly kind: 'bearer';
  readonly scope: string;
  readonly classes: readonly Holder['kind'][];
  /** The vendor's Agency-Access-Only: a private integration token will not do. */
  readonly isOAuthOnly: boolean;
  readonly isVersionOptional: boolean;
  answer(call: Call, world: World, grant: Grant): Answer;
}

/** Wants a sub-account token of the very location it asks about. */
export interface LocationRoute extends RouteBase {
  readonly kind: 'location';
  readonly scope: string;
  readonly locationIn: 'params' | 'query';
  answer(call: Call, world: World, location: Location): Answer;
}

/** An endpoint: data and one function; what is common to all is in guard.ts and server.ts. */
export type ApiRoute = OpenRoute | BearerRoute | LocationRoute;

/** All that the sandbox serves outside its control page. */
export type Route = ApiRoute | PageRoute;

/** The social planner's envelope. */
export const envelope = (status: number, message: string, results: Readonly<Record<string, unknown>>): Answer => ({
  status,
  body: { success: true, statusCode: status, message, results },
});

/** True for a JSON object; arrays are none. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field of the body, or of a query, when it is a text that is not empty. */
export const textField = (body: unknown, name: string): string | null => {
  const value = isRecord(body) ? body[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
};
