/** How long those who are there wait for others to come. */
export interface Patience {
  /** For so long after the last of them. */
  readonly quietMs: number;
  /** For no longer than this, however many keep coming. */
  readonly mostMs: number;
}

/** Stays open while others keep coming. */
export interface Door {
  /** Somebody has come, or has less patience than before. Nobody waits for others who are more patient than the least patient one. */
  readonly hold: (patience: Patience) => void;
  /** Shuts it now; does no harm twice. */
  readonly close: () => void;
}

/** A timer that is late by more means that the process is busy: who came meanwhile stands unread in its sockets, and timers run before
 * sockets are read. So there is one more look after them. */
const lateMs = 2;

/** `closed` is called once. Opens with the first who comes. */
export const createDoor = (closed: () => void): Door => {
  let timer: NodeJS.Timeout | undefined;
  let quietMs = Infinity;
  let lastCameAt = 0;
  let looksAt = Infinity;
  let endsAt = Infinity;
  let isClosed = false;
  const close = () => {
    clearTimeout(timer);
    if (isClosed) return;
    isClosed = true;
    closed();
  };
  const lookIn = (ms: number) => {
    clearTimeout(timer);
    looksAt = performance.now() + ms;
    timer = setTimeout(look, ms);
  };
  const look = () => {
    const now = performance.now();
    const restMs = now - looksAt > lateMs ? quietMs : lastCameAt + quietMs - now;
    if (Math.min(restMs, endsAt - now) < 1) close();
    else lookIn(restMs);
  };
  return {
    hold: (patience) => {
      const now = performance.now();
      endsAt = Math.min(endsAt, now + patience.mostMs);
      if (isClosed || patience.quietMs > quietMs) return;
      quietMs = patience.quietMs;
      lastCameAt = now;
      if (now + quietMs < looksAt) lookIn(quietMs);
    },
    close,
  };
};
