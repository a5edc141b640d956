/** A metric: its name in a scrape, its labels, and what it says. */
export interface MetricRow {
  readonly kind: 'counter' | 'level' | 'histogram' | 'gauge';
  readonly name: string;
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets: readonly number[];
  /** As many sets of label values as are told apart; all further ones are told as `other`. */
  readonly most: number;
}

type Rest = Partial<Pick<MetricRow, 'buckets' | 'most'>>;

const row =
  (kind: MetricRow['kind'], most: number) =>
  (name: string, labels: readonly string[], help: string, rest: Rest = {}): MetricRow => ({
    kind,
    name,
    labels,
    help,
    buckets: [],
    most,
    ...rest,
  });

// Together, each with as many lines as it may have, they stay below 5,000.
const counter = row('counter', 20);
const level = row('level', 10);
const histogram = row('histogram', 40);
const gauge = row('gauge', 500);

// OpenTelemetry's for HTTP.
const httpSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const calls = [0, 1, 2, 3, 5, 8, 13, 20, 50];

/** What the rooms count, by the first word of the count's name (its whole name where it has no labels); the others are the values of the
 * labels, in this order. A `-`, and whatever is missing at the end, leaves its label out. */
export const counted = {
  http: histogram(
    'http_server_request_duration_seconds',
    ['http_request_method', 'http_route', 'http_response_status_code'],
    'Requests to the gateway, until their last byte is sent; 499 where the caller went away before.',
    { buckets: httpSeconds },
  ),
  'http-under-way': level('http_server_active_requests', ['http_request_method'], 'Requests under way.'),
  operation: histogram(
    'graphql_server_operation_duration_seconds',
    ['graphql_operation_type', 'graphql_operation_name', 'outcome'],
    'Operations; only names from manifests and examples are told, partial means data with errors.',
    { buckets: seconds, most: 64 },
  ),
  'operation-calls': histogram(
    'graphql_server_operation_upstream_calls',
    ['graphql_operation_name'],
    'Requests to upstream that an operation has paid for, repeats included.',
    { buckets: calls, most: 30 },
  ),
  error: counter('graphql_server_errors_total', ['code'], 'Operations whose answer held an error of this code.', {
    most: 60,
  }),
  wire: histogram(
    'http_client_request_duration_seconds',
    ['http_request_method', 'url_template', 'http_response_status_code', 'error_type', 'server_address'],
    'Requests to upstream on the wire, each attempt by itself; url_template is the name of the endpoint.',
    { buckets: httpSeconds },
  ),
  upstream: counter(
    'upstream_calls_total',
    ['url_template', 'outcome'],
    'Upstream calls with all their waiting and repeats: the last status, or the code of the error.',
    { most: 60 },
  ),
  retry: counter('upstream_retries_total', ['url_template', 'reason'], 'Requests to upstream that were repeated.', {
    most: 60,
  }),
  'queue-wait': histogram(
    'upstream_queue_wait_seconds',
    ['priority'],
    'How long requests to upstream waited for a permit of their budget.',
    { buckets: [0.001, ...seconds], most: 4 },
  ),
  queued: level('upstream_requests_queued', ['priority'], 'Requests to upstream that wait for a permit now.'),
  shed: counter(
    'upstream_requests_shed_total',
    ['priority', 'reason'],
    'Requests that were not sent to upstream: no permit could come in time (quota), or its circuit was open (circuit).',
  ),
  saved: counter(
    'upstream_calls_saved_total',
    ['by'],
    'Calls that were not needed: ids that travelled in another call (batch), kept answers (cache), calls that others made (dedupe).',
  ),
  cache: counter(
    'cache_requests_total',
    ['result', 'cache'],
    'Questions to the cache; bypass is a kept answer that the caller did not want.',
    { most: 60 },
  ),
  'cache stale-if-error': counter(
    'cache_stale_if_error_total',
    [],
    'Kept answers that were given in the place of one that upstream failed to give.',
  ),
  'cache broken': counter(
    'cache_store_errors_total',
    [],
    'Reads, writes and entries of the shared cache that failed or were not ours.',
  ),
  'redis problem': counter('redis_errors_total', [], 'Commands and connections of Redis that failed.'),
  tolerated: counter(
    'upstream_contract_deviation_total',
    ['url_template', 'field'],
    'Values of upstream that are otherwise than its contract says, and were read all the same.',
    { most: 60 },
  ),
  grant: counter(
    'oauth_grant_actions_total',
    ['action', 'outcome'],
    'What was done with grants: done, or the code of the error.',
    { most: 60 },
  ),
  'token-refresh': counter(
    'oauth_token_refresh_total',
    ['outcome'],
    'Access tokens: asked for (success, error), another process had renewed it (reused), waited for its lease (lock_wait).',
  ),
  'token-request': histogram(
    'oauth_token_refresh_duration_seconds',
    ['outcome'],
    'Requests for access tokens, with the repeats that they may have.',
    { buckets: seconds, most: 4 },
  ),
  'auth-refusal': counter('auth_refusals_total', ['reason'], 'Requests whose caller was not let in.'),
  limited: counter('rate_limited_requests_total', ['by'], 'Requests that were refused for being too many.'),
} as const satisfies Readonly<Record<string, MetricRow>>;

const ofInstallation = ['installation', 'percentile'];

/** What is read anew for each scrape. `installation` is a short hash; where there are many, `percentile` stands in its place. */
export const read = {
  circuits: gauge('upstream_circuit_state', ['url_template'], 'Circuit of an endpoint: 0 closed, 1 half open, 2 open.'),
  holderCircuits: gauge(
    'upstream_circuit_open_installations',
    ['url_template'],
    'Installations for which the circuit of an endpoint is not closed.',
  ),
  limits: gauge(
    'upstream_rate_limit_limit',
    [...ofInstallation, 'window'],
    'Requests that upstream takes of an installation in each window.',
  ),
  remaining: gauge(
    'upstream_rate_limit_remaining',
    [...ofInstallation, 'window'],
    'Requests that are left of them, as this process knows it.',
  ),
  expiries: gauge(
    'oauth_token_expiry_timestamp_seconds',
    [...ofInstallation, 'kind'],
    'When tokens run out. Unix time.',
  ),
  renewals: gauge(
    'oauth_token_last_refresh_timestamp_seconds',
    [...ofInstallation, 'kind'],
    'When tokens came. Unix time.',
  ),
  installations: gauge('oauth_installations', ['state'], 'Grants, by whether upstream still takes them.'),
} as const satisfies Readonly<Record<string, MetricRow>>;

/** Always 1. */
export const buildInfo: MetricRow = gauge(
  'users_gateway_build_info',
  ['version', 'node', 'schema_hash'],
  'What runs here.',
);
