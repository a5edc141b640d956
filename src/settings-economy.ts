// The rows of what is asked of upstream, how often, and how long answers count.
import { choice, integer, lifetime, serviceUrl } from './setting.ts';

const day = 86_400;
const seconds = { min: 0, max: 30 * day };
/** Milliseconds of one wait. */
export const milliseconds = { min: 1, max: 600_000 };
/** Of anything that is counted. */
export const count = { min: 1, max: 1_000_000_000 };

/**
 * In the order in which people read them.
 * Burst and day: 100 in 10 s and 200,000 a day for each location (upstream's OAuth 2.0 page, read 2026-11).
 */
export const economyRows = {
  upstreamTimeoutMs: integer('UPSTREAM_TIMEOUT_MS', {
    ...milliseconds,
    default: 3_000,
    doc: 'The longest one attempt at an upstream call may take.',
  }),
  burst: integer('UPSTREAM_BURST', {
    ...count,
    default: 100,
    doc: 'Upstream calls for one location in one window, as upstream allows.',
  }),
  burstWindowMs: integer('UPSTREAM_BURST_WINDOW_MS', {
    ...milliseconds,
    default: 10_000,
    doc: 'The window of `UPSTREAM_BURST`.',
  }),
  dailyLimit: integer('UPSTREAM_DAILY', {
    ...count,
    default: 200_000,
    doc: 'Upstream calls for one location in one day, as upstream allows.',
  }),
  interactiveReserve: integer('INTERACTIVE_RESERVE', {
    min: 0,
    max: 90,
    default: 20,
    doc: 'Percent of each upstream budget, burst and day, that live feeds and background work leave to people.',
  }),
  replicas: integer('REPLICAS', {
    min: 1,
    max: 1_000,
    default: 1,
    doc: 'How many gateways run with the same app. Without Redis, each takes its part of the budgets.',
  }),
  cache: choice('CACHE', ['on', 'off'], {
    default: 'on',
    doc: '`off` keeps nothing between requests.',
  }),
  redisUrl: serviceUrl(
    'REDIS_URL',
    'Redis (or Valkey) that several gateways share: budgets, cached answers, leases. Absent: memory of this process.',
    ['redis', 'rediss'],
  ),
  cacheMemoryMb: integer('CACHE_MEMORY_MB', {
    min: 1,
    max: 65_536,
    default: 64,
    doc: 'Memory for cached answers in this process.',
  }),
  cacheTimeoutMs: integer('CACHE_TIMEOUT_MS', {
    ...milliseconds,
    default: 50,
    doc: 'The most a slow or dead cache may cost a request.',
  }),
  tagPages: lifetime('CACHE_TAGS_SECONDS', {
    default: { freshSeconds: 60, revalidateSeconds: 600, hardSeconds: day },
    doc: 'Pages of tags: given without asking upstream for so long; then given at once while they are read again behind; then only where upstream cannot answer. Never older. 0 for the first asks every time, here and for the next four.',
  }),
  tagDetails: lifetime('CACHE_TAG_DETAILS_SECONDS', {
    default: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: day },
    doc: 'The same for details of tags.',
  }),
  accounts: lifetime('CACHE_ACCOUNTS_SECONDS', {
    default: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: day },
    doc: 'The same for social accounts and for the list of locations.',
  }),
  statistics: lifetime('CACHE_STATISTICS_SECONDS', {
    default: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: day },
    doc: 'The same for statistics.',
  }),
  location: lifetime('CACHE_LOCATION_SECONDS', {
    default: { freshSeconds: 3_600, revalidateSeconds: day, hardSeconds: 7 * day },
    doc: 'The same for records of locations.',
  }),
  noCacheFloorSeconds: integer('NO_CACHE_FLOOR_SECONDS', {
    ...seconds,
    default: 5,
    doc: 'What `Cache-Control: no-cache` of a request means: not older than this. Browsers send it whenever their developer tools are open.',
  }),
};
