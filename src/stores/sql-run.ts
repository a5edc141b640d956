import { inTime } from './in-time.ts';

/** The store cannot be reached, does not answer in time, or cannot do its work now; the cause says why. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What an error says, or else its code: where several addresses refuse, there is no message. */
export const messageOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return String(error);
  const message = 'message' in error ? String(error.message) : '';
  return message === '' && 'code' in error ? String(error.code) : message;
};

/** What `error` says, as a StoreUnavailable. */
export const unavailable = (error: unknown): StoreUnavailable =>
  error instanceof StoreUnavailable
    ? error
    : new StoreUnavailable(`The store cannot be used: ${messageOf(error)}`, { cause: error });

/** How to run one piece of work. */
export interface Running {
  readonly limitMs: number;
  /** Told when the time is over: the work itself goes on. */
  readonly onLate: () => void;
  /** Whether an error is the store's rather than the query's. */
  readonly isUnavailable: (error: unknown) => boolean;
}

/** What `work` gives. Rejects with StoreUnavailable for the store's errors and for its slowness, else with the work's own error. */
export const runWithin = async <T>(work: Promise<T>, { limitMs, onLate, isUnavailable }: Running): Promise<T> => {
  try {
    await inTime(limitMs, Promise.allSettled([work])); // rejects for the time only
  } catch (late) {
    onLate();
    throw new StoreUnavailable(`The store did not answer within ${limitMs} ms`, { cause: late });
  }
  return work.catch((error: unknown) => {
    throw isUnavailable(error) ? unavailable(error) : error;
  });
};
