/** One limit of a location's upstream budget. */
interface QuotaWindow {
  readonly limit: number;
  /** Left after the requests in flight. */
  readonly remaining: number;
  readonly reservedForInteractive: number;
  readonly windowSeconds: number;
  /** Epoch milliseconds; worked out, upstream does not say. Null while nothing is spent. */
  readonly expectedResetAt: number | null;
}

/** A location's upstream request budget as the gateway keeps it. */
export interface Quota {
  readonly burst: QuotaWindow;
  readonly daily: QuotaWindow;
  readonly mode: 'NORMAL' | 'CONSERVING' | 'EXHAUSTED';
  /** When upstream last told its own count, epoch milliseconds. */
  readonly observedAt: number | null;
}
