/** The endpoints the sandbox knows. The names are the sandbox's own; the vendor's paths stand in routes/. */
export type RouteName =
  | 'listTags'
  | 'readTagDetails'
  | 'listAccounts'
  | 'readStatistics'
  | 'readAccountStatistics'
  | 'readLocation'
  | 'searchLocations'
  | 'chooseLocation'
  | 'token'
  | 'locationToken'
  | 'installedLocations'
  | 'reconnect'
  | 'listCategories'
  | 'readCategory'
  | 'listPosts'
  | 'readPost';

/** How a sandbox starts. Everything has a default; two sandboxes of one seed hold the same data. */
export interface SandboxOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 7. Decides names, ids, figures and which calls a fault with a rate hits. */
  readonly seed?: number;
  /** The clock, epoch milliseconds; default Date.now. */
  readonly now?: () => number;
  /** That many further installed locations, "Branch 1" to "Branch n", of 50 tags and one account each. Default 0. */
  readonly extraLocations?: number;
  /** Rows of the tag list carry only `_id`, `tag` and `locationId`, which the contract allows. Default false. */
  readonly incompleteListRows?: boolean;
  /** Default 86,399, as the vendor. */
  readonly accessTokenTtlSeconds?: number;
  /** A spent refresh token that comes again revokes all that came of it, as RFC 9700 §4.14.2 wants it. Default false. */
  readonly revokesFamilyOnReuse?: boolean;
  /** Default 100 calls in 10,000 ms, per location or company. The window starts with its first call. */
  readonly burst?: { readonly limit: number; readonly windowMs: number };
  /** Default 200,000 calls a UTC day, per location or company. */
  readonly dailyLimit?: number;
}

/** One call that arrived. It is filled in as the call goes on: `status` and `durationMs` come last. */
export interface SandboxCall {
  /** Epoch milliseconds of the sandbox's clock. */
  readonly at: number;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** Secrets, and the state of an authorization request, are replaced by "***". */
  readonly query: Readonly<Record<string, string>>;
  readonly route: RouteName | 'unknown';
  /** The location the call is about, else the one its token belongs to. */
  readonly locationId: string | null;
  /** Null while open, and for ever when the answer was cut or never given. */
  readonly status: number | null;
  /** Real time, whatever the clock says. */
  readonly durationMs: number;
  /** The Version header as sent. */
  readonly version: string | null;
  /** Parsed JSON or form; secrets are replaced by "***". */
  readonly requestBody: unknown;
  /** First 8 hex digits of the SHA-256 of the bearer token. */
  readonly tokenFingerprint: string | null;
  /** The GraphQL operations that caused the call, from the header `x-graphql-operations`. */
  readonly operations: readonly string[];
  /** Path and query as they came on the wire, undecoded, but for the same secrets. */
  readonly rawPath: string;
}

/** What a fault does; see {@link SandboxFault} for when. */
export type FaultKind =
  | { readonly kind: 'latency'; readonly ms: number }
  /** A string body is sent as it is as text/html, anything else as JSON. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** 429 with nothing remaining; `retryAfter` is sent as Retry-After, which the vendor does not promise. */
  | { readonly kind: 'rate-limit'; readonly retryAfter?: string }
  /** Half the body, then the socket is destroyed. The work was done: a token was rotated. */
  | { readonly kind: 'cut' }
  /** The socket is destroyed before any byte; nothing was done. */
  | { readonly kind: 'reset' }
  /** Never answers, until the caller goes or the sandbox closes. */
  | { readonly kind: 'hang' }
  /** Well-formed JSON of nonsense: numbers for strings, strings for lists, null for rows. */
  | { readonly kind: 'wrong-types' }
  /** This JSON in place of the route's own; the status stays. */
  | { readonly kind: 'body'; readonly body: unknown }
  | {
      readonly kind: 'unauthorized';
      readonly reason: 'expired' | 'scope' | 'version' | 'token-class' | 'private-token';
    };

/** Which calls a fault hits. */
interface FaultTarget {
  readonly route: RouteName | '*';
  /** Absent: whatever the location. */
  readonly locationId?: string;
  /** After this many hits the fault ends by itself. Absent: it stays until cleared. */
  readonly times?: number;
  /** Share of the matching calls that are hit, 0 to 1, drawn from the seed. Absent: all. */
  readonly rate?: number;
}

/**
 * A switch that breaks calls. All latencies that match add up; of the other kinds the one set first wins, so two faults
 * with `times` follow one another.
 */
export type SandboxFault = FaultTarget & FaultKind;

/** A tag as the sandbox keeps it, soft-deleted ones included. */
export interface SandboxTag {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly updatedAt: string;
  /** A user id of the location. */
  readonly createdBy: string;
  readonly isDeleted: boolean;
}

/** A connected social account. Statistics want `profileId`, posts want `id`. */
interface SandboxAccount {
  readonly id: string;
  readonly profileId: string;
  readonly platform: string;
  readonly name: string;
  readonly isExpired: boolean;
  readonly hasStatisticsPermissions: boolean;
}

/** Whom a token belongs to: one location, or the whole company. */
export type TokenHolder = { readonly locationId: string } | { readonly companyId: string };

/** The seeded locations, each with its own difficulty. */
interface SandboxLocations {
  /** Six platforms, 40 tags. */
  readonly full: string;
  /** 2,300 tags. */
  readonly large: string;
  /** Neither tag nor account: the answers with a string in place of a list. */
  readonly empty: string;
  /** One account expired, one without permission for statistics, one healthy. */
  readonly restricted: string;
  /** Of the company, but without the app. */
  readonly notInstalled: string;
  /** Of another company. */
  readonly otherTenant: string;
}

/** A running sandbox. Its methods act at once; unknown location or tag ids throw, they are a mistake of the caller. */
export interface Sandbox {
  /** http://127.0.0.1:PORT, without a slash at the end. */
  readonly url: string;
  /** The page for people; its JSON interface lies below it. */
  readonly controlUrl: string;
  /** The consent page; see routes/choose-location.ts for its query and the fields of its form. */
  readonly authorizeUrl: string;
  /** The id has the vendor's form: app id, hyphen, suffix. The secret is the one valid now. */
  readonly client: { readonly id: string; readonly secret: string };
  readonly companyId: string;
  readonly locations: SandboxLocations;
  readonly extraLocationIds: readonly string[];
  /** Every location of the company, also the one without the app. */
  readonly readableLocationIds: readonly string[];
  /** As it is now. */
  readonly installedLocationIds: readonly string[];
  /** Oldest first, the last 20,000, without those to the control page. */
  calls(): readonly SandboxCall[];
  clearCalls(): void;
  setFault(fault: SandboxFault): void;
  clearFaults(): void;
  /** Without `scopes` its access tokens carry what the location is granted when they are issued. */
  issueRefreshToken(holder: TokenHolder, scopes?: readonly string[]): string;
  /** A private integration token: it does not expire and cannot be renewed. */
  issuePrivateToken(holder: TokenHolder, scopes?: readonly string[]): string;
  /** What later tokens of the location carry; tokens already issued keep what they have. */
  grantScopes(locationId: string, scopes: readonly string[]): void;
  /** While paused the token endpoints answer 400 "Location is not active" and spend no refresh token. */
  pauseLocation(locationId: string, isPaused: boolean): void;
  /** The old secret is refused from now on with 401 invalid_client. Returns the new one. */
  rotateClientSecret(): string;
  /** While it is not, POST /oauth/reconnect answers 403. It is at first. */
  allowReconnect(isAllowed: boolean): void;
  /** Its refresh and access tokens and codes are invalid from now on, those of a company's locations are not. */
  revokeGrants(holder: TokenHolder): void;
  install(locationId: string): void;
  /** Its tokens and codes are invalid from now on, and it gets no new ones: 400 "Location is not installed". */
  uninstall(locationId: string): void;
  /** How often the token endpoint was given a refresh token that had been used before. */
  spentRefreshTokensPresented(): number;
  /** All access tokens issued so far are expired from now on; private tokens are not. */
  expireAccessTokens(): void;
  /** The latest thousand tokens and codes given out, and client secrets of before: what must never be found in a log or an answer of whoever calls. */
  issuedSecrets(): readonly string[];
  /** Returns the new tag's id. */
  addTag(locationId: string, name: string): string;
  renameTag(locationId: string, tagId: string, name: string): void;
  /** Soft deletion, as the vendor's: gone from the list, still in the details. */
  removeTag(locationId: string, tagId: string): void;
  tagsOf(locationId: string): readonly SandboxTag[];
  accountsOf(locationId: string): readonly SandboxAccount[];
  /** Ends every connection at once, hanging calls too. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
