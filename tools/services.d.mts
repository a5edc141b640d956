// The types of services.mjs, which stays plain JavaScript: it runs before anything else is known to work.

/** What was seen of this machine, for `npm test` or for `npm run test:faults`, which needs more. `found` and `managers` are names of binaries; `uid` is null where there is none. */
export interface Sight {
  readonly suite: 'test' | 'faults';
  readonly found: readonly string[];
  readonly uid: number | null;
  /** The text of /etc/os-release, or empty. */
  readonly osRelease: string;
  readonly isTerminal: boolean;
  readonly isCi: boolean;
  readonly platform: string;
  readonly managers: readonly string[];
}

/** `command` is the line that a person would run; `announcement` and `message` are one line each. */
export type Plan =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'install';
      readonly packages: readonly string[];
      readonly command: string;
      readonly announcement: string;
    }
  | { readonly kind: 'stop'; readonly message: string };

/** Pure: looks at nothing but its argument. */
export declare const plan: (sight: Sight) => Plan;

/** The path of a runnable file, first in PATH, then in `folders`; a `*` in these stands for any one folder. */
export declare const locate: (
  service: { readonly binary: string; readonly folders: readonly string[] },
  path?: string,
) => string | null;

/** Folders for `locate`, of PostgreSQL's programs. */
export declare const postgresFolders: readonly string[];
