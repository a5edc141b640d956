import type { Log } from '../observe/log.ts';
import { describeError } from '../observe/redact.ts';
import type { GrantStore, SurveyedGrant } from './grant-store.ts';
import type { Renewal } from './renewal.ts';
import type { GrantKey } from './stored-grant.ts';

/** Looks after grants that nobody asks for. */
export interface Upkeep {
  /** One round: writes what is unsaved, settles renewals whose end nobody knows, replaces refresh tokens that grow old. */
  readonly tend: () => Promise<void>;
  /** Nothing is begun any more; what is under way is the renewal's to settle. */
  readonly stop: () => void;
}

/** What upkeep works with. */
export interface UpkeepDeps {
  readonly store: Pick<GrantStore, 'survey'>;
  readonly renewal: Pick<Renewal, 'obtain' | 'writeUnsaved'>;
  readonly log: Log;
  /** Hears of grants that have another access token than at the last round, by whichever process; `isRegranted` where it looks like a
   * consent's: the grant is new, alive again, or for other scopes or another company. */
  readonly onChanged: (grant: Pick<SurveyedGrant, 'key'>, change: { readonly isRegranted: boolean }) => void;
}

/** A crash is to be healed within 30 s, of which the lease of the dead takes 12. */
const everyMs = 5_000;
/** An unused refresh token lives a year (README §6); one that is replaced every month leaves eleven for an outage of ours. */
const idleMs = 30 * 86_400_000;
const longestWaitMs = 3_600_000;
/** Half of the connections to the token endpoint: the others are for those who wait for an answer. */
const mostAtOnce = 4;

/** Begins at once and goes on in the background, without keeping the process alive. */
export const startUpkeep = ({ store, renewal, log, onChanged }: UpkeepDeps): Upkeep => {
  const patience = createPatience();
  let seen: ReadonlyMap<GrantKey, SurveyedGrant> | null = null;
  let round: Promise<void> | null = null;
  let isStopped = false;

  const tendTo = async (key: GrantKey) => {
    try {
      await renewal.obtain(key, { kind: 'upkeep', idleMs });
      patience.end(key);
    } catch {
      patience.take(key); // its line is in the access log
    }
  };
  // Begins nothing after the time of the next round, which writes what is unsaved first.
  const tendToAll = async (grants: readonly SurveyedGrant[]) => {
    const endsAt = Date.now() + everyMs;
    const turns = grants.filter(({ key }) => patience.isOver(key)).values();
    const takeTurns = async () => {
      for (const { key } of turns) {
        if (isStopped || Date.now() >= endsAt) return;
        await tendTo(key);
      }
    };
    await Promise.all(Array.from({ length: mostAtOnce }, takeTurns));
  };
  const compare = (before: SurveyedGrant | undefined, grant: SurveyedGrant) => {
    if (before?.obtainedAt === grant.obtainedAt) return;
    patience.end(grant.key); // what failed before is mended
    onChanged(grant, { isRegranted: before === undefined || isRegranted(before, grant) });
  };
  const tendAll = async () => {
    await renewal.writeUnsaved();
    const grants = await store.survey(idleMs);
    if (seen !== null) for (const grant of grants) compare(seen.get(grant.key), grant);
    seen = new Map(grants.map((grant) => [grant.key, grant]));
    await tendToAll(grants.filter(({ isNeglected }) => isNeglected));
  };
  const tend = async () => {
    round ??= tendAll()
      .catch((error: unknown) => log.debug('grants cannot be looked after', { error: describeError(error, String) }))
      .finally(() => (round = null));
    await round;
  };
  const timer = setInterval(() => void tend(), everyMs).unref();
  void tend();
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  return { tend, stop };
};

// What does not mend soon is tried less and less.
const createPatience = () => {
  const waits = new Map<GrantKey, { readonly until: number; readonly ms: number }>();
  return {
    isOver: (key: GrantKey): boolean => (waits.get(key)?.until ?? 0) <= Date.now(),
    take: (key: GrantKey): void => {
      const ms = Math.min(2 * (waits.get(key)?.ms ?? everyMs / 2), longestWaitMs);
      waits.set(key, { until: Date.now() + ms, ms });
    },
    end: (key: GrantKey): void => void waits.delete(key),
  };
};

const isRegranted = (before: SurveyedGrant, now: SurveyedGrant): boolean =>
  (before.isDead && !now.isDead) ||
  before.companyId !== now.companyId ||
  before.scopes?.join(' ') !== now.scopes?.join(' ');
