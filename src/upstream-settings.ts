// Which upstream, and by which grant: the settings that only make sense together.
import type { SettingReader } from './setting.ts';
import { rows } from './settings.ts';

/** `url` is an origin without a slash at its end; http only on loopback. The sandbox knows the grants that need no token from outside. */
export type UpstreamChoice =
  | { readonly kind: 'sandbox'; readonly grantKind: SandboxGrantKind }
  | { readonly kind: 'live'; readonly url: string; readonly grant: UpstreamGrant };

/** The grants that a sandbox can be reached by. */
type SandboxGrantKind = 'client-credentials' | 'authorization-code' | 'agency';

/** The app as upstream knows it. The secrets are secrets. */
interface OAuthApp {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly previousSecret: string | null;
  readonly companyId: string | null;
}

/** The credentials of one grant, complete. All but `clientId` and `companyId` are secrets. */
export type UpstreamGrant =
  | (OAuthApp & { readonly kind: 'client-credentials' })
  | (OAuthApp & { readonly kind: 'authorization-code' })
  | (OAuthApp & { readonly kind: 'agency'; readonly refreshToken: string | null })
  | (OAuthApp & { readonly kind: 'refresh-token'; readonly refreshToken: string | null })
  | { readonly kind: 'private-token'; readonly privateToken: string };

/** Where sentences go while the settings are read. */
export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
}

const app = [rows.clientId, rows.clientSecret];
const appToo = [rows.companyId, rows.previousSecret];
const usedBy = {
  'client-credentials': { needs: app, takes: appToo },
  'authorization-code': { needs: [...app, rows.tokenKeys], takes: appToo },
  agency: { needs: [...app, rows.tokenKeys], takes: [...appToo, rows.refreshToken] },
  'refresh-token': { needs: [...app, rows.tokenKeys], takes: [...appToo, rows.refreshToken] },
  'private-token': { needs: [rows.privateToken], takes: [] },
} as const;

const credentialRows = [...app, ...appToo, rows.refreshToken, rows.privateToken];

/** Problems are told, and something is given back all the same: readConfig throws then. */
export const readUpstream = (
  settingReader: SettingReader,
  isProduction: boolean,
  findings: Findings,
): UpstreamChoice => {
  const { read, isSet } = settingReader;
  // All are read in sandbox mode too, so that a bad value shows today and not on the day the mode changes.
  const asked = read(rows.upstream);
  const url = read(rows.url);
  const kind = read(rows.grant) ?? likelyGrant(isSet);
  const grant = grantOf(kind, read);
  // A half-told upstream must never end in invented data, so any of these means live, be it complete or not.
  const told = [rows.url, rows.grant, ...credentialRows].find(isSet);
  if (asked === 'sandbox' || (asked === null && !isProduction && told === undefined))
    return { kind: 'sandbox', grantKind: sandboxGrant(read(rows.grant)) };
  const isUnclear = [rows.upstream, rows.grant].some((row) => isSet(row) && read(row) === null);
  const reason = asked === 'live' ? 'UPSTREAM=live' : (told?.name ?? 'NODE_ENV=production');
  if (!isUnclear) checkCredentials(kind, { reason, isSet }, findings);
  return { kind: 'live', url, grant };
};

const sandboxGrant = (kind: UpstreamGrant['kind'] | null): SandboxGrantKind =>
  kind === 'authorization-code' || kind === 'agency' ? kind : 'client-credentials';

const likelyGrant = (isSet: SettingReader['isSet']): UpstreamGrant['kind'] => {
  if (isSet(rows.refreshToken)) return 'refresh-token';
  const hasClient = isSet(rows.clientId) || isSet(rows.clientSecret);
  return isSet(rows.privateToken) && !hasClient ? 'private-token' : 'client-credentials';
};

interface Told {
  /** The setting that asks for a live upstream. */
  readonly reason: string;
  readonly isSet: SettingReader['isSet'];
}

const remedies: Readonly<Record<string, string>> = {
  TOKEN_KEYS: 'Tokens are stored sealed only: set it to what "npm run keys -- new" prints, or TOKEN_KEYS_FILE',
};

const checkCredentials = (kind: UpstreamGrant['kind'], { reason, isSet }: Told, findings: Findings): void => {
  const { needs, takes } = usedBy[kind];
  for (const { name, isSecret } of needs.filter((row) => !isSet(row))) {
    const remedy = remedies[name] ?? `Set it${isSecret ? ` or ${name}_FILE` : ''}`;
    findings.problems.push(
      `${name} is missing: ${reason} asks for a live upstream, and the ${kind} grant needs it. ` +
        `${remedy}, or set UPSTREAM=sandbox to serve invented data.`,
    );
  }
  const used: readonly string[] = [...needs, ...takes].map(({ name }) => name);
  for (const { name } of credentialRows.filter((row) => isSet(row) && !used.includes(row.name))) {
    findings.warnings.push(`${name} is set, but the ${kind} grant does not use it: remove it or set UPSTREAM_GRANT.`);
  }
};

/** With empty text where a credential is missing or bad. */
const grantOf = (kind: UpstreamGrant['kind'], read: SettingReader['read']): UpstreamGrant => {
  const oauthApp = {
    clientId: read(rows.clientId) ?? '',
    clientSecret: read(rows.clientSecret) ?? '',
    previousSecret: read(rows.previousSecret),
    companyId: read(rows.companyId),
  };
  const refreshToken = read(rows.refreshToken);
  const privateToken = read(rows.privateToken) ?? '';
  switch (kind) {
    case 'client-credentials':
    case 'authorization-code':
      return { ...oauthApp, kind };
    case 'agency':
    case 'refresh-token':
      return { ...oauthApp, kind, refreshToken };
    case 'private-token':
      return { kind, privateToken };
  }
};
