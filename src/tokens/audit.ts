import type { Log } from '../observe/log.ts';
import { describeError } from '../observe/redact.ts';
import type { Tally } from '../observe/tally.ts';

/** What is done with a grant: a token is issued by credentials, renewed by a refresh token, exchanged from the agency's, healed after a
 * crash; a location is seeded from the settings or installed by a person. */
type GrantAction = 'issue' | 'renew' | 'exchange' | 'reconnect' | 'seed' | 'install' | 'install-begin';

/** Whose grant, and who acts: the gateway itself unless a person does. */
export interface AuditEntry {
  readonly action: GrantAction;
  /** `location:ID`, `company` or what else a grant is kept by. */
  readonly grant: string;
  readonly by?: string;
}

/** The access log of grants: one line for each use, whatever its outcome; never a token. */
export interface Audit {
  readonly done: (entry: AuditEntry) => void;
  /** The outcome is the error's code. */
  readonly failed: (entry: AuditEntry, error: unknown) => void;
  /** Does the work, writes the line, gives back or throws what the work did. */
  readonly around: <T>(entry: AuditEntry, work: () => Promise<T>) => Promise<T>;
}

/** Lines say `audit: "grant"`, so that a review finds them. */
export const createAudit = ({ log, tally }: { log: Log; tally: Tally }): Audit => {
  const fields = ({ action, grant, by = 'gateway' }: AuditEntry, outcome: string) => {
    tally.add(`grant ${action} ${outcome}`);
    return { audit: 'grant', action, grant, by, outcome };
  };
  const done: Audit['done'] = (entry) => log.info(`grant ${entry.action}`, fields(entry, 'done'));
  const failed: Audit['failed'] = (entry, error) =>
    log.warn(`grant ${entry.action}`, { ...fields(entry, codeOf(error)), error: describeError(error, String) }); // the log redacts
  return {
    done,
    failed,
    around: async (entry, work) => {
      const startedAt = performance.now();
      const ended = (outcome: 'success' | 'error') => {
        if (entry.action === 'install-begin') return; // no token is asked for
        tally.add(`token-refresh ${outcome}`);
        tally.observe(`token-request ${outcome}`, (performance.now() - startedAt) / 1_000);
      };
      try {
        const result = await work();
        ended('success');
        done(entry);
        return result;
      } catch (error) {
        ended('error');
        failed(entry, error);
        throw error;
      }
    },
  };
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL_SERVER_ERROR';
