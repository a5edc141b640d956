/** Whether this replica shares the budgets or keeps its own part. */
export interface Presence {
  readonly isAlone: () => boolean;
  /** While alone: when it may begin to take its part, epoch milliseconds. */
  readonly silentUntil: () => number;
  /** While alone: the least moment at which that may change, as the store may be back soon. */
  readonly soonest: () => number;
  /** Resolves once it is known whether the store can be used, and while it is being entered. */
  readonly settled: () => Promise<void>;
  /** The store did not answer. */
  readonly lost: () => void;
  /** Something is about to be sent by which the store counts us in. */
  readonly counted: () => void;
  /** The store does not know us any more: enters again. */
  readonly enterAgain: () => Promise<void>;
  readonly close: () => void;
}

/** How a replica comes and goes. */
export interface PresenceOptions {
  /** Brings along what is held and enters; rejects where the store is away. */
  readonly enter: () => Promise<void>;
  /** Says that we are here; false where the store does not know us. Rejects where it is away. */
  readonly beat: () => Promise<boolean>;
  /** Milliseconds to keep silent after the store can last have counted us in: until the others have missed us and their last requests are
   * out of the window. */
  readonly silentMs: number;
  readonly onAlone: (silentMs: number) => void;
  readonly onShared: () => void;
}

const beatMs = 1_000;
/** A store that was just lost is mostly a connection that is made anew, and one that has just begun mostly waits for a replica that is about
 * to enter: those who wait are not sent away at once. */
const hopeMs = 2_000;
const hopeStepMs = 100;

/** The least moment at which a silence may be over that began at `since` and lasts until `until` at the longest. */
export const soonestEnd = (since: number, until: number): number => {
  const now = Date.now();
  return now < since + hopeMs ? Math.min(now + hopeStepMs, until) : until;
};
/** A connection that is being made is waited for at the start, for so long and looking so often. */
const startMs = 1_000;
const againMs = 25;

type Silence = Pick<PresenceOptions, 'silentMs' | 'onAlone' | 'onShared'>;

// What became of it so far, and who hears of it, once each.
const createPhase = ({ silentMs, onAlone, onShared }: Silence) => {
  let phase: 'entering' | 'shared' | 'alone' = 'entering';
  let countedAt = Date.now();
  let lostAt = 0;
  let isTold = false; // that it is alone
  const silentUntil = () => countedAt + silentMs;
  return {
    isShared: () => phase === 'shared',
    silentUntil,
    soonest: () => soonestEnd(lostAt, silentUntil()),
    counted: () => void (countedAt = Date.now()),
    lost: (): void => {
      if (phase === 'alone') return;
      phase = 'alone';
      if (isTold) return;
      isTold = true;
      lostAt = Date.now();
      onAlone(silentMs);
    },
    found: (): void => {
      phase = 'shared';
      if (isTold) onShared();
      isTold = false;
    },
    forgotten: (): void => {
      if (phase === 'shared') phase = 'entering';
    },
  };
};

/** Starts by entering. */
export const createPresence = ({ enter, beat, ...silence }: PresenceOptions): Presence => {
  const phase = createPhase(silence);
  let isStarting = true;
  let isClosed = false;
  let entering: Promise<void> | null = null;

  const lost = (): void => {
    if (!isClosed) phase.lost();
  };
  const enterNow = async (): Promise<void> => {
    try {
      await (isStarting ? patiently(enter, () => isClosed) : enter());
      phase.found();
    } catch {
      lost();
    } finally {
      isStarting = false;
      entering = null;
    }
  };
  const enterAgain = (): Promise<void> => {
    phase.forgotten();
    return (entering ??= enterNow());
  };
  const look = async (): Promise<void> => {
    if (!phase.isShared()) return enterAgain();
    const isKnown = await beat().catch(() => null);
    if (isKnown === null) lost();
    else if (!isKnown) await enterAgain();
  };
  const timer = setInterval(() => void look(), beatMs);
  timer.unref();
  void enterAgain();
  const { silentUntil, soonest, counted } = phase;
  return {
    isAlone: () => !phase.isShared(),
    silentUntil,
    soonest,
    counted,
    settled: () => entering ?? Promise.resolve(),
    lost,
    enterAgain,
    close: () => {
      isClosed = true;
      clearInterval(timer);
    },
  };
};

const patiently = async (enter: () => Promise<void>, isOver: () => boolean): Promise<void> => {
  const until = Date.now() + startMs;
  for (;;) {
    try {
      await enter();
      return;
    } catch (error) {
      if (Date.now() >= until || isOver()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
};
