// What the operator is shown: metrics and health, on a port of their own.
import { hash } from 'node:crypto';
import type { ComposedCallers } from './compose-callers.ts';
import type { operatorView } from './compose-operator.ts';
import type { UpstreamAccess } from './compose.ts';
import type { Config } from './config.ts';
import { createAdminServer, type AdminServer } from './http/admin.ts';
import type { Log } from './observe/log.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { readTypeDefs } from './operation/schema.ts';
import { version } from './version.ts';

/** Counts from now on. */
export const openMetrics = ({ url }: UpstreamAccess): Metrics =>
  createMetrics({
    version: version(),
    schemaHash: hash('sha256', readTypeDefs().join('\n')).slice(0, 12),
    serverAddress: new URL(url).host,
  });

/** What is shown. */
interface AdminMatter {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly operator: ReturnType<typeof operatorView>;
  readonly callers: Pick<ComposedCallers, 'checks'>;
  readonly isDraining: () => boolean;
  readonly hasStarted: () => boolean;
  readonly isOverloaded: () => boolean;
}

/** Does not listen yet. */
export const composeAdmin = (
  { adminHost: host, adminPort: port }: Config,
  { sandbox }: UpstreamAccess,
  { log, metrics, operator, callers, isDraining, hasStarted, isOverloaded }: AdminMatter,
): AdminServer => {
  metrics.watch(operator.gauges);
  return createAdminServer({
    ...{ metrics, log, host, port },
    mode: sandbox ? 'sandbox' : 'live',
    checks: {
      start: { otherwise: 'starting', isWell: hasStarted },
      draining: { otherwise: 'draining', isWell: () => !isDraining() },
      eventLoop: { otherwise: 'overloaded', isWell: () => !isOverloaded() },
      ...operator.checks,
      ...callers.checks,
    },
  });
};
