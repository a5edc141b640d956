import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Caller as CallerModel } from '../model/caller.ts';
import type { Location as LocationModelModel, LocationPage as LocationPageModelModel } from '../model/location.ts';
import type { Installation as InstallationModelModel } from '../model/installation.ts';
import type { SocialAccounts as SocialAccountsModelModel, SocialAccount as SocialAccountModelModel } from '../model/social-account.ts';
import type { Tag as TagModelModel, TagPage as TagPageModelModel, TagDetails as TagDetailsModelModel } from '../model/tag.ts';
import type { Statistics as StatisticsModelModel, Metric as MetricModelModel, PlatformMetric as PlatformMetricModelModel, Warning as WarningModelModel } from '../model/statistics.ts';
import type { Freshness as FreshnessModelModel } from '../model/freshness.ts';
import type { Quota as QuotaModelModel } from '../model/quota.ts';
import type { GatewayContext } from '../resolvers/context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A whole number from 0 to 2^53-1, sent as a JSON number. Used for counters because Int stops at 2^31-1. */
  Count: { input: number; output: number; }
  /** A calendar date without time or zone, ISO 8601 (2026-06-01). */
  Date: { input: string; output: string; }
  /** An instant with offset, RFC 3339. Always answered in UTC. */
  DateTime: { input: number; output: number; }
  /** An IANA time zone name, including links such as US/Central. */
  TimeZone: { input: string; output: string; }
};

/** Audience of one age range. Upstream's ranges may change, so they are data, not an enum. */
export type AgeRangeShare = {
  readonly __typename?: 'AgeRangeShare';
  /** Range as upstream spells it, such as 18-24 or 65+. */
  readonly key: Scalars['String']['output'];
  /** Highest age, inclusive. Null: no upper end. */
  readonly maxAge: Maybe<Scalars['Int']['output']>;
  /** Lowest age, inclusive. */
  readonly minAge: Scalars['Int']['output'];
  /** Percent of the audience, 0 to 100. Null when upstream does not say. */
  readonly percentage: Maybe<Scalars['Float']['output']>;
  /** People. */
  readonly total: Maybe<Scalars['Count']['output']>;
};

/** Who the audience is. */
export type Audience = {
  readonly __typename?: 'Audience';
  /** By age. */
  readonly ageRanges: ReadonlyArray<AgeRangeShare>;
  /** By gender. */
  readonly genders: ReadonlyArray<GenderShare>;
};

/** Ways to say what to compare with. */
export type ComparisonInput =
  /** A rule. */
  { readonly preset: ComparisonPreset; readonly range?: never; }
  |  /** Explicit days. */
  { readonly preset?: never; readonly range: DateRangeInput; };

/** Comparison rules. */
export const ComparisonPreset = {
  /** No comparison; change fields are null. */
  None: 'NONE',
  /** The same number of days just before. */
  PreviousPeriod: 'PREVIOUS_PERIOD'
} as const;

export type ComparisonPreset = typeof ComparisonPreset[keyof typeof ComparisonPreset];
/** A value on a day. */
export type DailyValue = {
  readonly __typename?: 'DailyValue';
  /** The day, in the location's time zone. */
  readonly date: Scalars['Date']['output'];
  /** Null when upstream had no number for that day. */
  readonly value: Maybe<Scalars['Count']['output']>;
};

/** Days, both inclusive. */
export type DatePeriod = {
  readonly __typename?: 'DatePeriod';
  /** Number of days. */
  readonly days: Scalars['Int']['output'];
  /** First day. */
  readonly from: Scalars['Date']['output'];
  /** Last day. */
  readonly to: Scalars['Date']['output'];
};

/** Days, both inclusive, in the location's time zone; at most 366 of them, in the years 2000 to 2199. */
export type DateRangeInput = {
  /** First day. */
  readonly from: Scalars['Date']['input'];
  /** Last day. */
  readonly to: Scalars['Date']['input'];
};

/** How fresh a part of the answer is. Nothing in it changes from one second to the next, so equal answers are equal bytes; the age is the client's clock minus fetchedAt. */
export type Freshness = {
  readonly __typename?: 'Freshness';
  /** When upstream gave it; of a roll-up, the oldest part. */
  readonly fetchedAt: Scalars['DateTime']['output'];
  /** Why it is stale. Null when it is fresh or only being revalidated. */
  readonly staleReason: Maybe<StaleReason>;
  /** Verdict, in the words of RFC 5861. */
  readonly state: FreshnessState;
};

/** Freshness verdicts. */
export const FreshnessState = {
  /** Within its time to live. */
  Fresh: 'FRESH',
  /** Too old for its kind or for the request; given because upstream could not answer. Never beyond the hard limit of its kind. */
  StaleIfError: 'STALE_IF_ERROR',
  /** Past its time to live; given at once while it is read again behind. */
  StaleWhileRevalidate: 'STALE_WHILE_REVALIDATE'
} as const;

export type FreshnessState = typeof FreshnessState[keyof typeof FreshnessState];
/** Genders as the platforms report them. */
export const Gender = {
  /** Female. */
  Female: 'FEMALE',
  /** Male. */
  Male: 'MALE',
  /** Not known. */
  Unknown: 'UNKNOWN'
} as const;

export type Gender = typeof Gender[keyof typeof Gender];
/** Audience of one gender. */
export type GenderShare = {
  readonly __typename?: 'GenderShare';
  /** Gender as the platforms report it. */
  readonly gender: Gender;
  /** Percent of the audience, 0 to 100. */
  readonly percentage: Maybe<Scalars['Float']['output']>;
  /** People. */
  readonly total: Maybe<Scalars['Count']['output']>;
};

/** How a location's token comes to be. */
export const GrantKind = {
  /** Exchanged from an agency token, and renewed by exchanging again. */
  AgencyExchange: 'AGENCY_EXCHANGE',
  /** Client credentials of the app. */
  ClientCredentials: 'CLIENT_CREDENTIALS',
  /** Authorised directly for the location; has its own rotating refresh token. */
  LocationGrant: 'LOCATION_GRANT',
  /** A static private integration token. */
  PrivateIntegration: 'PRIVATE_INTEGRATION'
} as const;

export type GrantKind = typeof GrantKind[keyof typeof GrantKind];
/** State of the grant that the gateway holds for a location. Never contains a token. */
export type Installation = {
  readonly __typename?: 'Installation';
  /** How the token is obtained. */
  readonly grantKind: GrantKind;
  /** Upstream scopes granted. */
  readonly grantedScopes: ReadonlyArray<Scalars['String']['output']>;
  /** Upstream scopes that this graph can use and that were not granted. Fields that need them answer null with code UPSTREAM_SCOPE_MISSING. */
  readonly missingScopes: ReadonlyArray<Scalars['String']['output']>;
  /** Connection state. */
  readonly status: InstallationStatus;
  /** When the access token runs out. Renewal happens well before. */
  readonly tokenExpiresAt: Maybe<Scalars['DateTime']['output']>;
  /** When the access token was last renewed. */
  readonly tokenRenewedAt: Maybe<Scalars['DateTime']['output']>;
};

/** Connection states. */
export const InstallationStatus = {
  /** Working grant. */
  Connected: 'CONNECTED',
  /** No grant is held: never installed, or uninstalled. */
  NotInstalled: 'NOT_INSTALLED',
  /** Upstream has paused the location; the grant is kept and works again when the pause ends. */
  Paused: 'PAUSED',
  /** The grant was refused; an administrator must authorise again. */
  ReauthorizationRequired: 'REAUTHORIZATION_REQUIRED'
} as const;

export type InstallationStatus = typeof InstallationStatus[keyof typeof InstallationStatus];
/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type Location = {
  readonly __typename?: 'Location';
  /** City. */
  readonly city: Maybe<Scalars['String']['output']>;
  /** ISO 3166 country code as upstream gives it. */
  readonly country: Maybe<Scalars['String']['output']>;
  /** Upstream location id. */
  readonly id: Scalars['ID']['output'];
  /** Whether the gateway holds a working grant for this location, and what it covers. Never contains a token. Null with an error when the store cannot be read. */
  readonly installation: Maybe<Installation>;
  /** Name to show. Null when upstream gives none. */
  readonly name: Maybe<Scalars['String']['output']>;
  /** What is left of this location's upstream request budget. Null with an error when it cannot be told. */
  readonly quota: Maybe<UpstreamQuota>;
  /** Connected social accounts; statistics are addressed by these. Null with an error when upstream cannot answer and nothing is stored. */
  readonly socialAccounts: Maybe<SocialAccountList>;
  /** Social statistics for a period, with comparison. */
  readonly statistics: Maybe<Statistics>;
  /** One tag by id. */
  readonly tag: Maybe<Tag>;
  /** Full records of these tags, in the order asked for, null for each that upstream does not know. At most 1,000 ids; they travel in as few upstream calls as possible. */
  readonly tagDetails: Maybe<ReadonlyArray<Maybe<TagDetails>>>;
  /** Social planner tags, in upstream's order. */
  readonly tags: Maybe<TagConnection>;
  /** IANA zone that decides what a day is. */
  readonly timeZone: Maybe<Scalars['TimeZone']['output']>;
};


/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type LocationSocialAccountsArgs = {
  includeExpired?: Scalars['Boolean']['input'];
  platforms?: InputMaybe<ReadonlyArray<SocialPlatform>>;
};


/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type LocationStatisticsArgs = {
  input?: InputMaybe<StatisticsInput>;
};


/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type LocationTagArgs = {
  id: Scalars['ID']['input'];
};


/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type LocationTagDetailsArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};


/** A sub-account that has the app installed. Its owner's personal data is deliberately not modelled. */
export type LocationTagsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
  search?: InputMaybe<Scalars['String']['input']>;
};

/** Page of locations. */
export type LocationConnection = {
  readonly __typename?: 'LocationConnection';
  /** Edges with cursors. */
  readonly edges: ReadonlyArray<LocationEdge>;
  /** Shortcut without cursors. */
  readonly nodes: ReadonlyArray<Location>;
  /** Paging state. */
  readonly pageInfo: PageInfo;
  /** How many there are in all. Null where there may be more than can be listed. */
  readonly totalCount: Maybe<Scalars['Count']['output']>;
};

/** A location and its cursor. */
export type LocationEdge = {
  readonly __typename?: 'LocationEdge';
  /** Cursor. */
  readonly cursor: Scalars['String']['output'];
  /** The location. */
  readonly node: Location;
};

/** Which locations. */
export type LocationFilter = {
  /** These ids, at most 100; ids that the caller may not read are left out. */
  readonly ids?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
  /** Case-insensitive match on the name, 2 to 200 characters. */
  readonly search?: InputMaybe<Scalars['String']['input']>;
};

/** Names of metrics. */
export const MetricName = {
  /** Comments. */
  Comments: 'COMMENTS',
  /** Likes, comments and shares together. */
  Engagement: 'ENGAGEMENT',
  /** Followers. */
  Followers: 'FOLLOWERS',
  /** Impressions. */
  Impressions: 'IMPRESSIONS',
  /** Likes. */
  Likes: 'LIKES',
  /** Posts published. */
  Posts: 'POSTS',
  /** Reach. */
  Reach: 'REACH',
  /** Shares. */
  Shares: 'SHARES'
} as const;

export type MetricName = typeof MetricName[keyof typeof MetricName];
/** Where a page ends (Relay cursor connections). */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** Cursor of the last edge. Pass it as after. */
  readonly endCursor: Maybe<Scalars['String']['output']>;
  /** More items after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** More items before this page. Always false when paging forward over an upstream offset. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first edge. */
  readonly startCursor: Maybe<Scalars['String']['output']>;
};

/** Ways to say which days. */
export type PeriodInput =
  /** Relative to today in the location's time zone. */
  { readonly preset: PeriodPreset; readonly range?: never; }
  |  /** Explicit days. */
  { readonly preset?: never; readonly range: DateRangeInput; };

/** Relative periods; today is never included, as upstream does it. */
export const PeriodPreset = {
  /** 7 days ending yesterday. */
  Last_7Days: 'LAST_7_DAYS',
  /** 14 days ending yesterday. */
  Last_14Days: 'LAST_14_DAYS',
  /** 30 days ending yesterday. */
  Last_30Days: 'LAST_30_DAYS',
  /** 90 days ending yesterday. */
  Last_90Days: 'LAST_90_DAYS'
} as const;

export type PeriodPreset = typeof PeriodPreset[keyof typeof PeriodPreset];
/** One metric on one platform. */
export type PlatformMetric = {
  readonly __typename?: 'PlatformMetric';
  /** Percent against the comparison period. */
  readonly changePercent: Maybe<Scalars['Float']['output']>;
  /** Platform. */
  readonly platform: SocialPlatform;
  /** Platform exactly as upstream spelled it. */
  readonly platformKey: Scalars['String']['output'];
  /** One point per day. Null when upstream gives none. */
  readonly series: Maybe<ReadonlyArray<DailyValue>>;
  /** Over the whole period. */
  readonly total: Maybe<Scalars['Count']['output']>;
};

/** Kinds of caller. */
export const PrincipalKind = {
  /** Another internal service. */
  Service: 'SERVICE',
  /** A person in a front end. */
  User: 'USER'
} as const;

export type PrincipalKind = typeof PrincipalKind[keyof typeof PrincipalKind];
/** Read operations. Every answer is limited to the locations that the caller may read. */
export type Query = {
  readonly __typename?: 'Query';
  /** Account-level metrics. One roll-up over the locations that the caller may read, at most 50; those left out or not readable are named in quality.warnings. Where the gateway is set to ask upstream's account-level endpoint instead, input must be null. */
  readonly accountStatistics: Maybe<Statistics>;
  /** One location by the id that upstream gives it. Null when the caller may not read it; where the caller may read all that the grant reaches, a location is looked up only when a field needs it, and an unknown one shows there. Not there and not yours are not told apart. */
  readonly location: Maybe<Location>;
  /** The locations that the caller may read, in the order of their ids. Null with an error when upstream is needed and cannot answer. */
  readonly locations: Maybe<LocationConnection>;
  /** Who is asking, and what they may see. */
  readonly viewer: Viewer;
};


/** Read operations. Every answer is limited to the locations that the caller may read. */
export type QueryAccountStatisticsArgs = {
  input?: InputMaybe<StatisticsInput>;
};


/** Read operations. Every answer is limited to the locations that the caller may read. */
export type QueryLocationArgs = {
  id: Scalars['ID']['input'];
};


/** Read operations. Every answer is limited to the locations that the caller may read. */
export type QueryLocationsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<LocationFilter>;
  first?: Scalars['Int']['input'];
};

/** What the gateway does about the budget. */
export const QuotaMode = {
  /** No more than the reserve remains of the window or of the day: what people wait for runs, live feeds and background work wait. */
  Conserving: 'CONSERVING',
  /** The day is used up: only kept answers are given until it is expected to reset, then one request tries whether it has. */
  Exhausted: 'EXHAUSTED',
  /** All priorities run. */
  Normal: 'NORMAL'
} as const;

export type QuotaMode = typeof QuotaMode[keyof typeof QuotaMode];
/** One limit. */
export type QuotaWindow = {
  readonly __typename?: 'QuotaWindow';
  /** When it is expected to refill. Upstream does not say; this is worked out. Null while nothing is spent. */
  readonly expectedResetAt: Maybe<Scalars['DateTime']['output']>;
  /** Requests allowed in the window. */
  readonly limit: Scalars['Int']['output'];
  /** Left, after requests in flight; the reserve is part of it. */
  readonly remaining: Scalars['Int']['output'];
  /** What live feeds and background work leave to people: they are sent only while more than this remains. */
  readonly reservedForInteractive: Scalars['Int']['output'];
  /** Length of the window in seconds. */
  readonly windowSeconds: Scalars['Int']['output'];
};

/** A social account connected to a location. */
export type SocialAccount = {
  readonly __typename?: 'SocialAccount';
  /** Account type as upstream gives it: page, profile, location, business and others. */
  readonly accountType: Maybe<Scalars['String']['output']>;
  /** When the platform connection runs out. */
  readonly expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** Upstream account id, as posts and groups use it. */
  readonly id: Scalars['ID']['output'];
  /** The platform connection has run out, so statistics will not contain it. */
  readonly isExpired: Scalars['Boolean']['output'];
  /** Name to show. */
  readonly name: Maybe<Scalars['String']['output']>;
  /** Platform. */
  readonly platform: SocialPlatform;
  /** Platform exactly as upstream spelled it. */
  readonly platformKey: Scalars['String']['output'];
  /** Id that statistics are addressed by. */
  readonly profileId: Scalars['ID']['output'];
  /** Whether statistics can cover this account (of LinkedIn pages only, of TikTok business only, and with upstream's permission). */
  readonly supportsStatistics: Scalars['Boolean']['output'];
};

/** All social accounts of a location; upstream has no paging for them. */
export type SocialAccountList = {
  readonly __typename?: 'SocialAccountList';
  /** How fresh this is. */
  readonly freshness: Freshness;
  /** The accounts. */
  readonly nodes: ReadonlyArray<SocialAccount>;
};

/** Social platforms. New upstream values arrive as OTHER, with the raw key beside it, so a new platform never breaks a query. */
export const SocialPlatform = {
  /** Facebook. */
  Facebook: 'FACEBOOK',
  /** Google Business Profile. */
  Google: 'GOOGLE',
  /** Instagram. */
  Instagram: 'INSTAGRAM',
  /** LinkedIn. */
  Linkedin: 'LINKEDIN',
  /** Anything this release does not know. Read platformKey. */
  Other: 'OTHER',
  /** Pinterest. */
  Pinterest: 'PINTEREST',
  /** TikTok. */
  Tiktok: 'TIKTOK',
  /** Twitter / X. Accounts may have it; statistics do not. */
  Twitter: 'TWITTER',
  /** YouTube. */
  Youtube: 'YOUTUBE'
} as const;

export type SocialPlatform = typeof SocialPlatform[keyof typeof SocialPlatform];
/** Why an answer is stale. */
export const StaleReason = {
  /** Upstream has failed too often just now and is left alone for a moment. */
  CircuitOpen: 'CIRCUIT_OPEN',
  /** Too little budget left for this priority, or upstream said so. */
  Quota: 'QUOTA',
  /** Upstream failed, or the store of grants did, without which it cannot be asked. */
  UpstreamError: 'UPSTREAM_ERROR'
} as const;

export type StaleReason = typeof StaleReason[keyof typeof StaleReason];
/** Statistics of a location for a period. */
export type Statistics = {
  readonly __typename?: 'Statistics';
  /** Audience. Null when upstream sent none. */
  readonly audience: Maybe<Audience>;
  /** Comments. Upstream gives no per-platform series and no change. */
  readonly comments: StatisticsMetric;
  /** Days compared with. Null when there is no comparison. */
  readonly comparisonPeriod: Maybe<DatePeriod>;
  /** Likes, comments and shares together. Change is per platform only. */
  readonly engagement: StatisticsMetric;
  /** Followers at the end of each day. */
  readonly followers: StatisticsMetric;
  /** How fresh this is. */
  readonly freshness: Freshness;
  /** Impressions. */
  readonly impressions: StatisticsMetric;
  /** Likes. Upstream gives no change. */
  readonly likes: StatisticsMetric;
  /** Days covered. */
  readonly period: DatePeriod;
  /** Posts published. */
  readonly posts: StatisticsMetric;
  /** Profiles the numbers are for. */
  readonly profileIds: ReadonlyArray<Scalars['ID']['output']>;
  /** What could not be taken at face value. */
  readonly quality: StatisticsQuality;
  /** Reach. Upstream gives no daily series. */
  readonly reach: StatisticsMetric;
  /** Shares, summed from the platforms. No series, no change. */
  readonly shares: StatisticsMetric;
  /** Zone the days are in. Null when a roll-up spans several zones. */
  readonly timeZone: Maybe<Scalars['TimeZone']['output']>;
  /** Upstream's trace id, for support tickets. */
  readonly upstreamTraceId: Maybe<Scalars['String']['output']>;
};

/** What to measure. */
export type StatisticsInput = {
  /** What to compare with. Null: the period before. */
  readonly compareTo?: InputMaybe<ComparisonInput>;
  /** Days to cover. Null: the last 7 full days. */
  readonly period?: InputMaybe<PeriodInput>;
  /** Only these platforms. OTHER and TWITTER are refused: upstream has no statistics for them. */
  readonly platforms?: InputMaybe<ReadonlyArray<SocialPlatform>>;
  /** Social accounts by profileId, 1 to 1,000. Null: all live ones. More than 100 are read in parts and merged, with a warning. */
  readonly profileIds?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};

/** One metric. Null means upstream did not say, zero means it said zero. */
export type StatisticsMetric = {
  readonly __typename?: 'StatisticsMetric';
  /** Per platform, only platforms upstream reported, in enum order. */
  readonly byPlatform: ReadonlyArray<PlatformMetric>;
  /** Percent against the comparison period (12.5 means 12.5 % more). Null without comparison. */
  readonly changePercent: Maybe<Scalars['Float']['output']>;
  /** Which metric. */
  readonly name: MetricName;
  /** One point per day of the period, in order. Null when upstream gives no daily values for this metric. */
  readonly series: Maybe<ReadonlyArray<DailyValue>>;
  /** Over the whole period, all platforms. */
  readonly total: Maybe<Scalars['Count']['output']>;
};


/** One metric. Null means upstream did not say, zero means it said zero. */
export type StatisticsMetricByPlatformArgs = {
  platforms?: InputMaybe<ReadonlyArray<SocialPlatform>>;
};

/** How far the numbers can be trusted. */
export type StatisticsQuality = {
  readonly __typename?: 'StatisticsQuality';
  /** Every requested account and day is in. */
  readonly isComplete: Scalars['Boolean']['output'];
  /** What was noticed. */
  readonly warnings: ReadonlyArray<StatisticsWarning>;
};

/** One thing noticed while mapping upstream's answer. */
export type StatisticsWarning = {
  readonly __typename?: 'StatisticsWarning';
  /** Which. */
  readonly code: StatisticsWarningCode;
  /** Location concerned, in a roll-up. */
  readonly location: Maybe<Location>;
  /** For people. */
  readonly message: Scalars['String']['output'];
  /** Metric concerned, if one. */
  readonly metric: Maybe<MetricName>;
  /** Raw platform key concerned, if one. */
  readonly platformKey: Maybe<Scalars['String']['output']>;
  /** Social account concerned, by profileId, if one. */
  readonly profileId: Maybe<Scalars['ID']['output']>;
};

/** Kinds of warning. */
export const StatisticsWarningCode = {
  /** An account was left out because its platform connection ran out. */
  AccountExpired: 'ACCOUNT_EXPIRED',
  /** Profiles were asked for that are not among the location's accounts; upstream counts nothing for them. */
  AccountUnknown: 'ACCOUNT_UNKNOWN',
  /** An account was left out because upstream grants no statistics permission for it. */
  AccountWithoutPermission: 'ACCOUNT_WITHOUT_PERMISSION',
  /** Upstream sent weekday names, the dates were worked out from the period. */
  DatesInferred: 'DATES_INFERRED',
  /** A location of a roll-up could not be read, or came after the first 50, and is missing from the totals. */
  LocationUnreadable: 'LOCATION_UNREADABLE',
  /** More than 100 accounts: totals of the parts were added up. Changes, and reach (the same person may be counted twice), are approximate. */
  MergedFromParts: 'MERGED_FROM_PARTS',
  /** Upstream's answer held no figures at all. */
  NoFigures: 'NO_FIGURES',
  /** A series had another length than the period; its points were dropped rather than shifted. */
  SeriesLengthMismatch: 'SERIES_LENGTH_MISMATCH',
  /** Upstream does not tell the location's time zone; the configured default was used for the dates. */
  TimeZoneAssumed: 'TIME_ZONE_ASSUMED',
  /** Totals and the sum over platforms differ. */
  TotalsDisagree: 'TOTALS_DISAGREE',
  /** A platform this release does not know. */
  UnknownPlatform: 'UNKNOWN_PLATFORM',
  /** Upstream's weekday names are not those of the period; all its daily values were dropped rather than shifted. */
  WeekdaysDisagree: 'WEEKDAYS_DISAGREE'
} as const;

export type StatisticsWarningCode = typeof StatisticsWarningCode[keyof typeof StatisticsWarningCode];
/** A social planner tag. Contact tags are another upstream resource and would be another type. Ids are upstream's ObjectIds, unique over all locations, so a client's default cache key is safe. */
export type Tag = {
  readonly __typename?: 'Tag';
  /** Full record. On a page of tags this costs one upstream call per 100 tags, or none when the list already carried it. */
  readonly details: Maybe<TagDetails>;
  /** Upstream tag id, unique within its location. */
  readonly id: Scalars['ID']['output'];
  /** Location that it belongs to. */
  readonly location: Location;
  /** Text of the tag. Null only when upstream sent none. */
  readonly name: Maybe<Scalars['String']['output']>;
};

/** Page of tags. */
export type TagConnection = {
  readonly __typename?: 'TagConnection';
  /** Edges with cursors. */
  readonly edges: ReadonlyArray<TagEdge>;
  /** How fresh this is. */
  readonly freshness: Freshness;
  /** Shortcut without cursors. */
  readonly nodes: ReadonlyArray<Tag>;
  /** Paging state. */
  readonly pageInfo: PageInfo;
  /** As upstream counts them; null when it does not say. */
  readonly totalCount: Maybe<Scalars['Count']['output']>;
};

/** The full record of a tag. */
export type TagDetails = {
  readonly __typename?: 'TagDetails';
  /** When it was created. */
  readonly createdAt: Maybe<Scalars['DateTime']['output']>;
  /** Upstream id of the user who created it. */
  readonly createdById: Maybe<Scalars['ID']['output']>;
  /** How fresh this is. */
  readonly freshness: Freshness;
  /** Id of the tag. */
  readonly id: Scalars['ID']['output'];
  /** Upstream marks it deleted. */
  readonly isDeleted: Scalars['Boolean']['output'];
  /** The tag, which carries the name: one fact in one place. */
  readonly tag: Tag;
  /** When it was last changed. */
  readonly updatedAt: Maybe<Scalars['DateTime']['output']>;
};

/** A tag and its cursor. */
export type TagEdge = {
  readonly __typename?: 'TagEdge';
  /** Cursor. */
  readonly cursor: Scalars['String']['output'];
  /** The tag. */
  readonly node: Tag;
};

/** A location's upstream request budget: the same count that decides whether a request may be sent, corrected by upstream's headers. */
export type UpstreamQuota = {
  readonly __typename?: 'UpstreamQuota';
  /** The short window. */
  readonly burst: QuotaWindow;
  /** The day. */
  readonly daily: QuotaWindow;
  /** What the gateway does about it. */
  readonly mode: QuotaMode;
  /** When upstream last told its own count. */
  readonly observedAt: Maybe<Scalars['DateTime']['output']>;
};

/** The calling principal. */
export type Viewer = {
  readonly __typename?: 'Viewer';
  /** Person or service. */
  readonly kind: PrincipalKind;
  /** Scopes in force for this request. */
  readonly scopes: ReadonlyArray<Scalars['String']['output']>;
  /** Stable subject identifier from the caller's access token. */
  readonly subject: Scalars['String']['output'];
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  AgeRangeShare: ResolverTypeWrapper<AgeRangeShare>;
  Audience: ResolverTypeWrapper<Audience>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  ComparisonInput: ComparisonInput;
  ComparisonPreset: ComparisonPreset;
  Count: ResolverTypeWrapper<Scalars['Count']['output']>;
  DailyValue: ResolverTypeWrapper<DailyValue>;
  Date: ResolverTypeWrapper<Scalars['Date']['output']>;
  DatePeriod: ResolverTypeWrapper<DatePeriod>;
  DateRangeInput: DateRangeInput;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  Freshness: ResolverTypeWrapper<FreshnessModelModel>;
  FreshnessState: FreshnessState;
  Gender: Gender;
  GenderShare: ResolverTypeWrapper<GenderShare>;
  GrantKind: GrantKind;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Installation: ResolverTypeWrapper<InstallationModelModel>;
  InstallationStatus: InstallationStatus;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Location: ResolverTypeWrapper<LocationModelModel>;
  LocationConnection: ResolverTypeWrapper<LocationPageModelModel>;
  LocationEdge: ResolverTypeWrapper<Omit<LocationEdge, 'node'> & { node: ResolversTypes['Location'] }>;
  LocationFilter: LocationFilter;
  MetricName: MetricName;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  PeriodInput: PeriodInput;
  PeriodPreset: PeriodPreset;
  PlatformMetric: ResolverTypeWrapper<PlatformMetricModelModel>;
  PrincipalKind: PrincipalKind;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  QuotaMode: QuotaMode;
  QuotaWindow: ResolverTypeWrapper<QuotaWindow>;
  SocialAccount: ResolverTypeWrapper<SocialAccountModelModel>;
  SocialAccountList: ResolverTypeWrapper<SocialAccountsModelModel>;
  SocialPlatform: SocialPlatform;
  StaleReason: StaleReason;
  Statistics: ResolverTypeWrapper<StatisticsModelModel>;
  StatisticsInput: StatisticsInput;
  StatisticsMetric: ResolverTypeWrapper<MetricModelModel>;
  StatisticsQuality: ResolverTypeWrapper<Omit<StatisticsQuality, 'warnings'> & { warnings: ReadonlyArray<ResolversTypes['StatisticsWarning']> }>;
  StatisticsWarning: ResolverTypeWrapper<WarningModelModel>;
  StatisticsWarningCode: StatisticsWarningCode;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Tag: ResolverTypeWrapper<TagModelModel>;
  TagConnection: ResolverTypeWrapper<TagPageModelModel>;
  TagDetails: ResolverTypeWrapper<TagDetailsModelModel>;
  TagEdge: ResolverTypeWrapper<Omit<TagEdge, 'node'> & { node: ResolversTypes['Tag'] }>;
  TimeZone: ResolverTypeWrapper<Scalars['TimeZone']['output']>;
  UpstreamQuota: ResolverTypeWrapper<QuotaModelModel>;
  Viewer: ResolverTypeWrapper<CallerModel>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  AgeRangeShare: AgeRangeShare;
  Audience: Audience;
  Boolean: Scalars['Boolean']['output'];
  ComparisonInput: ComparisonInput;
  Count: Scalars['Count']['output'];
  DailyValue: DailyValue;
  Date: Scalars['Date']['output'];
  DatePeriod: DatePeriod;
  DateRangeInput: DateRangeInput;
  DateTime: Scalars['DateTime']['output'];
  Float: Scalars['Float']['output'];
  Freshness: FreshnessModelModel;
  GenderShare: GenderShare;
  ID: Scalars['ID']['output'];
  Installation: InstallationModelModel;
  Int: Scalars['Int']['output'];
  Location: LocationModelModel;
  LocationConnection: LocationPageModelModel;
  LocationEdge: Omit<LocationEdge, 'node'> & { node: ResolversParentTypes['Location'] };
  LocationFilter: LocationFilter;
  PageInfo: PageInfo;
  PeriodInput: PeriodInput;
  PlatformMetric: PlatformMetricModelModel;
  Query: Record<PropertyKey, never>;
  QuotaWindow: QuotaWindow;
  SocialAccount: SocialAccountModelModel;
  SocialAccountList: SocialAccountsModelModel;
  Statistics: StatisticsModelModel;
  StatisticsInput: StatisticsInput;
  StatisticsMetric: MetricModelModel;
  StatisticsQuality: Omit<StatisticsQuality, 'warnings'> & { warnings: ReadonlyArray<ResolversParentTypes['StatisticsWarning']> };
  StatisticsWarning: WarningModelModel;
  String: Scalars['String']['output'];
  Tag: TagModelModel;
  TagConnection: TagPageModelModel;
  TagDetails: TagDetailsModelModel;
  TagEdge: Omit<TagEdge, 'node'> & { node: ResolversParentTypes['Tag'] };
  TimeZone: Scalars['TimeZone']['output'];
  UpstreamQuota: QuotaModelModel;
  Viewer: CallerModel;
};

export type RequiresScopesDirectiveArgs = {
  scopes: ReadonlyArray<ReadonlyArray<Scalars['String']['input']>>;
};

export type RequiresScopesDirectiveResolver<Result, Parent, ContextType = GatewayContext, Args = RequiresScopesDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type UpstreamDirectiveArgs = {
  batchLimit?: Scalars['Int']['input'];
  endpoint: Scalars['String']['input'];
};

export type UpstreamDirectiveResolver<Result, Parent, ContextType = GatewayContext, Args = UpstreamDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type AgeRangeShareResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['AgeRangeShare'] = ResolversParentTypes['AgeRangeShare']> = {
  key?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  maxAge?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  minAge?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  percentage?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  total?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type AudienceResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Audience'] = ResolversParentTypes['Audience']> = {
  ageRanges?: Resolver<ReadonlyArray<ResolversTypes['AgeRangeShare']>, ParentType, ContextType>;
  genders?: Resolver<ReadonlyArray<ResolversTypes['GenderShare']>, ParentType, ContextType>;
};

export interface CountScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Count'], any> {
  name: 'Count';
}

export type DailyValueResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['DailyValue'] = ResolversParentTypes['DailyValue']> = {
  date?: Resolver<ResolversTypes['Date'], ParentType, ContextType>;
  value?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export interface DateScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Date'], any> {
  name: 'Date';
}

export type DatePeriodResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['DatePeriod'] = ResolversParentTypes['DatePeriod']> = {
  days?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  from?: Resolver<ResolversTypes['Date'], ParentType, ContextType>;
  to?: Resolver<ResolversTypes['Date'], ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type FreshnessResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Freshness'] = ResolversParentTypes['Freshness']> = {
  fetchedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  staleReason?: Resolver<Maybe<ResolversTypes['StaleReason']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['FreshnessState'], ParentType, ContextType>;
};

export type GenderShareResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['GenderShare'] = ResolversParentTypes['GenderShare']> = {
  gender?: Resolver<ResolversTypes['Gender'], ParentType, ContextType>;
  percentage?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  total?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type InstallationResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Installation'] = ResolversParentTypes['Installation']> = {
  grantKind?: Resolver<ResolversTypes['GrantKind'], ParentType, ContextType>;
  grantedScopes?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  missingScopes?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['InstallationStatus'], ParentType, ContextType>;
  tokenExpiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  tokenRenewedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type LocationResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Location'] = ResolversParentTypes['Location']> = {
  city?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  installation?: Resolver<Maybe<ResolversTypes['Installation']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  quota?: Resolver<Maybe<ResolversTypes['UpstreamQuota']>, ParentType, ContextType>;
  socialAccounts?: Resolver<Maybe<ResolversTypes['SocialAccountList']>, ParentType, ContextType, RequireFields<LocationSocialAccountsArgs, 'includeExpired'>>;
  statistics?: Resolver<Maybe<ResolversTypes['Statistics']>, ParentType, ContextType, Partial<LocationStatisticsArgs>>;
  tag?: Resolver<Maybe<ResolversTypes['Tag']>, ParentType, ContextType, RequireFields<LocationTagArgs, 'id'>>;
  tagDetails?: Resolver<Maybe<ReadonlyArray<Maybe<ResolversTypes['TagDetails']>>>, ParentType, ContextType, RequireFields<LocationTagDetailsArgs, 'ids'>>;
  tags?: Resolver<Maybe<ResolversTypes['TagConnection']>, ParentType, ContextType, RequireFields<LocationTagsArgs, 'first'>>;
  timeZone?: Resolver<Maybe<ResolversTypes['TimeZone']>, ParentType, ContextType>;
};

export type LocationConnectionResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['LocationConnection'] = ResolversParentTypes['LocationConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['LocationEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Location']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type LocationEdgeResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['LocationEdge'] = ResolversParentTypes['LocationEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Location'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PlatformMetricResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['PlatformMetric'] = ResolversParentTypes['PlatformMetric']> = {
  changePercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  platform?: Resolver<ResolversTypes['SocialPlatform'], ParentType, ContextType>;
  platformKey?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  series?: Resolver<Maybe<ReadonlyArray<ResolversTypes['DailyValue']>>, ParentType, ContextType>;
  total?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  accountStatistics?: Resolver<Maybe<ResolversTypes['Statistics']>, ParentType, ContextType, Partial<QueryAccountStatisticsArgs>>;
  location?: Resolver<Maybe<ResolversTypes['Location']>, ParentType, ContextType, RequireFields<QueryLocationArgs, 'id'>>;
  locations?: Resolver<Maybe<ResolversTypes['LocationConnection']>, ParentType, ContextType, RequireFields<QueryLocationsArgs, 'first'>>;
  viewer?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
};

export type QuotaWindowResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['QuotaWindow'] = ResolversParentTypes['QuotaWindow']> = {
  expectedResetAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  limit?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  remaining?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  reservedForInteractive?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  windowSeconds?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SocialAccountResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['SocialAccount'] = ResolversParentTypes['SocialAccount']> = {
  accountType?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  isExpired?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  platform?: Resolver<ResolversTypes['SocialPlatform'], ParentType, ContextType>;
  platformKey?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  profileId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  supportsStatistics?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type SocialAccountListResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['SocialAccountList'] = ResolversParentTypes['SocialAccountList']> = {
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['SocialAccount']>, ParentType, ContextType>;
};

export type StatisticsResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Statistics'] = ResolversParentTypes['Statistics']> = {
  audience?: Resolver<Maybe<ResolversTypes['Audience']>, ParentType, ContextType>;
  comments?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  comparisonPeriod?: Resolver<Maybe<ResolversTypes['DatePeriod']>, ParentType, ContextType>;
  engagement?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  followers?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  impressions?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  likes?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  period?: Resolver<ResolversTypes['DatePeriod'], ParentType, ContextType>;
  posts?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  profileIds?: Resolver<ReadonlyArray<ResolversTypes['ID']>, ParentType, ContextType>;
  quality?: Resolver<ResolversTypes['StatisticsQuality'], ParentType, ContextType>;
  reach?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  shares?: Resolver<ResolversTypes['StatisticsMetric'], ParentType, ContextType>;
  timeZone?: Resolver<Maybe<ResolversTypes['TimeZone']>, ParentType, ContextType>;
  upstreamTraceId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type StatisticsMetricResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['StatisticsMetric'] = ResolversParentTypes['StatisticsMetric']> = {
  byPlatform?: Resolver<ReadonlyArray<ResolversTypes['PlatformMetric']>, ParentType, ContextType, Partial<StatisticsMetricByPlatformArgs>>;
  changePercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['MetricName'], ParentType, ContextType>;
  series?: Resolver<Maybe<ReadonlyArray<ResolversTypes['DailyValue']>>, ParentType, ContextType>;
  total?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type StatisticsQualityResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['StatisticsQuality'] = ResolversParentTypes['StatisticsQuality']> = {
  isComplete?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  warnings?: Resolver<ReadonlyArray<ResolversTypes['StatisticsWarning']>, ParentType, ContextType>;
};

export type StatisticsWarningResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['StatisticsWarning'] = ResolversParentTypes['StatisticsWarning']> = {
  code?: Resolver<ResolversTypes['StatisticsWarningCode'], ParentType, ContextType>;
  location?: Resolver<Maybe<ResolversTypes['Location']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  metric?: Resolver<Maybe<ResolversTypes['MetricName']>, ParentType, ContextType>;
  platformKey?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  profileId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
};

export type TagResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Tag'] = ResolversParentTypes['Tag']> = {
  details?: Resolver<Maybe<ResolversTypes['TagDetails']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  location?: Resolver<ResolversTypes['Location'], ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type TagConnectionResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['TagConnection'] = ResolversParentTypes['TagConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['TagEdge']>, ParentType, ContextType>;
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Tag']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<Maybe<ResolversTypes['Count']>, ParentType, ContextType>;
};

export type TagDetailsResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['TagDetails'] = ResolversParentTypes['TagDetails']> = {
  createdAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  createdById?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  isDeleted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  tag?: Resolver<ResolversTypes['Tag'], ParentType, ContextType>;
  updatedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type TagEdgeResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['TagEdge'] = ResolversParentTypes['TagEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Tag'], ParentType, ContextType>;
};

export interface TimeZoneScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['TimeZone'], any> {
  name: 'TimeZone';
}

export type UpstreamQuotaResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['UpstreamQuota'] = ResolversParentTypes['UpstreamQuota']> = {
  burst?: Resolver<ResolversTypes['QuotaWindow'], ParentType, ContextType>;
  daily?: Resolver<ResolversTypes['QuotaWindow'], ParentType, ContextType>;
  mode?: Resolver<ResolversTypes['QuotaMode'], ParentType, ContextType>;
  observedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type ViewerResolvers<ContextType = GatewayContext, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  kind?: Resolver<ResolversTypes['PrincipalKind'], ParentType, ContextType>;
  scopes?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  subject?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type Resolvers<ContextType = GatewayContext> = {
  AgeRangeShare?: AgeRangeShareResolvers<ContextType>;
  Audience?: AudienceResolvers<ContextType>;
  Count?: GraphQLScalarType;
  DailyValue?: DailyValueResolvers<ContextType>;
  Date?: GraphQLScalarType;
  DatePeriod?: DatePeriodResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Freshness?: FreshnessResolvers<ContextType>;
  GenderShare?: GenderShareResolvers<ContextType>;
  Installation?: InstallationResolvers<ContextType>;
  Location?: LocationResolvers<ContextType>;
  LocationConnection?: LocationConnectionResolvers<ContextType>;
  LocationEdge?: LocationEdgeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  PlatformMetric?: PlatformMetricResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  QuotaWindow?: QuotaWindowResolvers<ContextType>;
  SocialAccount?: SocialAccountResolvers<ContextType>;
  SocialAccountList?: SocialAccountListResolvers<ContextType>;
  Statistics?: StatisticsResolvers<ContextType>;
  StatisticsMetric?: StatisticsMetricResolvers<ContextType>;
  StatisticsQuality?: StatisticsQualityResolvers<ContextType>;
  StatisticsWarning?: StatisticsWarningResolvers<ContextType>;
  Tag?: TagResolvers<ContextType>;
  TagConnection?: TagConnectionResolvers<ContextType>;
  TagDetails?: TagDetailsResolvers<ContextType>;
  TagEdge?: TagEdgeResolvers<ContextType>;
  TimeZone?: GraphQLScalarType;
  UpstreamQuota?: UpstreamQuotaResolvers<ContextType>;
  Viewer?: ViewerResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = GatewayContext> = {
  requiresScopes?: RequiresScopesDirectiveResolver<any, any, ContextType>;
  upstream?: UpstreamDirectiveResolver<any, any, ContextType>;
};
