// What the operator is told of the inner rooms, read anew for each scrape and each look at readiness.
import type { ComposedGrants } from './compose-grants.ts';
import type { Check } from './http/health.ts';
import type { Budgets } from './limiter/budgets.ts';
import type { Quota } from './model/quota.ts';
import { byInstallation, type HolderReading, type Reading } from './observe/metric-installations.ts';
import { read } from './observe/metric-table.ts';
import type { GaugeReader } from './observe/metrics.ts';
import type { AccessTokens } from './tokens/access-tokens.ts';
import { refreshReadings, refreshTokenMs, stateReadings, tokenReadings, type Moment } from './tokens/readings.ts';
import type { CircuitState } from './upstream/circuit.ts';
import type { Circuits } from './upstream/circuits.ts';

/** Where it is read. */
export interface OperatorSources {
  readonly budgets: Pick<Budgets, 'known'>;
  readonly circuits: Pick<Circuits, 'snapshot'>;
  readonly tokens: Pick<AccessTokens, 'held'>;
  readonly grants: Pick<ComposedGrants, 'grant' | 'consenting'>;
  /** Null without Redis. */
  readonly isRedisWell: (() => boolean) | null;
}

/** Numbers for a scrape, and what may be away without taking the gateway along. */
export const operatorView = (sources: OperatorSources) => ({ gauges: gaugesOf(sources), checks: checksOf(sources) });

const storeLookMs = 800;
const degraded = (isWell: Check['isWell']): Check => ({ otherwise: 'degraded', isWell });

/** A store that may be away. */
export const storeCheck = ({ ping }: { readonly ping: (timeoutMs: number) => Promise<void> }): Check =>
  degraded(async () => {
    await ping(storeLookMs);
    return true;
  });

const checksOf = ({
  circuits,
  grants: { consenting },
  isRedisWell,
}: OperatorSources): Readonly<Record<string, Check>> => ({
  ...(isRedisWell && { redis: degraded(isRedisWell) }),
  ...(consenting && { store: storeCheck(consenting.store) }),
  upstream: degraded(() => circuits.snapshot().every(({ state }) => state === 'closed')),
});

const stateNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, 'half-open': 1, open: 2 };

// Reads the store of grants once for each scrape; all else is in memory.
const gaugesOf = ({ budgets, circuits, tokens, grants }: OperatorSources): readonly GaugeReader[] => {
  const survey = once(() => grants.consenting?.store.survey(refreshTokenMs) ?? Promise.resolve(null));
  const quotas = (amount: 'limit' | 'remaining') => () =>
    byInstallation(budgets.known().flatMap((known) => quotaReadings(known, amount)));
  const times = (moment: Moment) => async () => {
    const held = tokens.held().flatMap((token) => tokenReadings(token, moment, grants.grant.kind));
    const stored = (await survey().catch(() => null)) ?? [];
    return byInstallation([...held, ...stored.flatMap((grant) => refreshReadings(grant, moment))]);
  };
  return [
    { row: read.circuits, read: () => circuitReadings(circuits, ({ state }) => stateNumbers[state]) },
    { row: read.holderCircuits, read: () => circuitReadings(circuits, ({ openHolderCount }) => openHolderCount) },
    { row: read.limits, read: quotas('limit') },
    { row: read.remaining, read: quotas('remaining') },
    { row: read.expiries, read: times('expiresAt') },
    { row: read.renewals, read: times('obtainedAt') },
    { row: read.installations, read: async () => stateReadings((await survey()) ?? tokens.held()) },
  ];
};

// Several rows are read at the same time.
const once = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | null = null;
  return () => (underWay ??= ask().finally(() => (underWay = null)));
};

type CircuitRow = ReturnType<Circuits['snapshot']>[number];

const circuitReadings = (circuits: OperatorSources['circuits'], valueOf: (row: CircuitRow) => number): Reading[] =>
  circuits.snapshot().map((row) => ({ labels: { url_template: row.endpoint }, value: valueOf(row) }));

const quotaReadings = (
  { key: holder, quota: { burst, daily } }: { readonly key: string; readonly quota: Quota },
  amount: 'limit' | 'remaining',
): HolderReading[] => [
  { holder, labels: { window: 'burst' }, value: burst[amount] },
  { holder, labels: { window: 'day' }, value: daily[amount] },
];
