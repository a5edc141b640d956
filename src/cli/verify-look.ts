// What the operations of the catalogue are asked about.
import { askGateway, type GraphProblem } from './ask-gateway.ts';
import type { OpenGateway } from './command.ts';

/** A location as a first look found it. */
export interface Sight {
  readonly id: string;
  readonly name: string | null;
  readonly installation: Installation | null;
  readonly tags: {
    readonly nodes: readonly { readonly id: string; readonly name: string }[];
    readonly pageInfo: { readonly endCursor: string | null };
  } | null;
  readonly socialAccounts: {
    readonly nodes: readonly {
      readonly profileId: string | null;
      readonly platform: string;
      readonly supportsStatistics: boolean | null;
    }[];
  } | null;
}

/** State of a location's grant, as the graph tells it. */
export interface Installation {
  readonly status: string;
  readonly grantKind: string;
  readonly grantedScopes: readonly string[];
  readonly missingScopes: readonly string[];
}

/** The location that is verified, and what went wrong on the way to it; null where none can be read. */
export interface Look {
  readonly location: Sight | null;
  readonly problems: readonly GraphProblem[];
}

const fields = `id name
  installation { status grantKind grantedScopes missingScopes }
  tags(first: 20) { nodes { id name } pageInfo { endCursor } }
  socialAccounts { nodes { profileId platform supportsStatistics } }`;

/** The one that is named, or the one of the first few with most to ask about. For an agency the first few with the app: it has others,
 * which cannot be read. */
export const findLocation = async (opened: OpenGateway, id: string | null): Promise<Look> => {
  const { gateway } = opened;
  if (id !== null) {
    const { data, errors } = await askGateway(gateway, `query Look($id: ID!) { location(id: $id) { ${fields} } }`, {
      id,
    });
    const { location = null } = (data ?? {}) as { location?: Sight | null }; // as the query asks
    return { location, problems: errors };
  }
  const query = `query Look($filter: LocationFilter) { locations(first: 5, filter: $filter) { nodes { ${fields} } } }`;
  const ids = await installedIds(opened);
  const { data, errors } = await askGateway(gateway, query, { filter: ids && { ids } });
  const { locations } = (data ?? {}) as { locations?: { nodes: readonly Sight[] } | null };
  const nodes = locations?.nodes ?? [];
  const best = nodes.toSorted((a, b) => worth(b) - worth(a))[0] ?? null;
  return { location: best, problems: best === null ? errors : [] };
};

const installedIds = async ({ gateway }: OpenGateway): Promise<readonly string[] | null> => {
  try {
    const summaries = (await gateway.consenting?.store.summaries()) ?? [];
    const companyId = summaries.find(({ key }) => key === 'company')?.companyId ?? null;
    const locations = companyId === null ? [] : ((await gateway.installedLocations?.(companyId)) ?? []);
    return locations.length === 0 ? null : locations.slice(0, 5).map(({ id }) => id);
  } catch {
    return null; // the operations show why
  }
};

const worth = ({ tags, socialAccounts }: Sight): number =>
  (tags ? 4 : 0) + (tags?.nodes.length ? 2 : 0) + (socialAccounts?.nodes.length ? 1 : 0);

/** Values for the variables of an operation; or why there are none. */
export type Variables =
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, unknown>> }
  | { readonly kind: 'none'; readonly reason: string };

/** For an operation of the catalogue: what was found, and the days of the last week and of the one before. */
export const variablesFor = (text: string, location: Sight | null, now = Date.now()): Variables => {
  const names = [...(/^query \w+\(([^)]*)\)/m.exec(text)?.[1] ?? '').matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
  const known = { ...(location ? ofLocation(text, location) : {}), ...periods(now) };
  const values = Object.fromEntries(Object.entries(known).filter(([name]) => names.includes(name)));
  const missing = names.find((name) => values[name] === undefined);
  if (missing === undefined) return { kind: 'values', values };
  const reason = location === null ? 'no location can be read' : (reasons[missing] ?? `nothing for $${missing}`);
  return { kind: 'none', reason };
};

const reasons: Readonly<Record<string, string>> = {
  tagId: 'the location has no tag',
  tagIds: 'the location has no tag',
  after: 'the location has no tag',
  search: 'there is no name to search for',
};

const ofLocation = (text: string, { id, name, tags, socialAccounts }: Sight) => {
  const tagIds = tags?.nodes.map((tag) => tag.id) ?? [];
  const accounts = socialAccounts?.nodes.filter(({ supportsStatistics }) => supportsStatistics !== false) ?? [];
  const platforms = [...new Set(accounts.map(({ platform }) => platform))];
  const searched = /\btags\([^)]*\$search/.test(text) ? tags?.nodes[0]?.name : name;
  return {
    location: id,
    tagId: tagIds[0],
    tagIds: tagIds.length === 0 ? undefined : tagIds,
    after: tags?.pageInfo.endCursor ?? undefined,
    search: searched && searched.length >= 2 ? searched.slice(0, 20) : undefined,
    profileIds: accounts.length === 0 ? null : accounts.flatMap(({ profileId }) => profileId ?? []),
    platforms: platforms.length === 0 ? null : platforms,
  };
};

const dayMs = 86_400_000;

const periods = (now: number) => {
  const day = (ago: number) => new Date(now - ago * dayMs).toISOString().slice(0, 10);
  return { period: { from: day(8), to: day(2) }, earlier: { from: day(15), to: day(9) } }; // over in every time zone
};
