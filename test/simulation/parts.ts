import type { Lifetimes } from '../../src/cache/keys.ts';
import type { Loaders } from '../../src/loaders/index.ts';
import type { Fetched } from '../../src/model/freshness.ts';
import { toTagId, type LocationId, type TagId } from '../../src/model/ids.ts';
import type { TagRecord } from '../../src/model/tag.ts';
import type { AnsweredPart } from './check-answers.ts';
import type { Topic } from './operation.ts';
import { tagName } from './upstream-data.ts';

/** How a part of an operation ended: its state, `absent`, or a code. */
export type Outcome = string;

/** Who looks at each part as it comes. */
export interface PartDeps {
  readonly lifetimes: Lifetimes;
  readonly answered: (part: AnsweredPart) => void;
}

/** One field of the operation; rejects with what it failed of. */
type Part = (deps: PartDeps) => Promise<readonly Outcome[]>;

/** The fields that a topic stands for, none of which waits for another. */
export const partsOf = (topic: Topic, loaders: Loaders, location: LocationId): readonly Part[] => {
  switch (topic.kind) {
    case 'dashboard':
      return [
        tagsWithDetails(loaders, location, topic.skip),
        statistics(loaders, location, 7),
        locationRecord(loaders, location),
      ];
    case 'tags':
      return [tags(loaders, location, topic)];
    case 'details':
      return Array.from({ length: topic.count }, (_, index) =>
        details(loaders, location, tagId(location, topic.from + index)),
      );
    case 'statistics':
      return [statistics(loaders, location, topic.days)];
    case 'company':
      return [companyLocations(loaders)];
  }
};

const pageSize = 5;

const tags =
  (loaders: Loaders, location: LocationId, { skip, search }: { skip: number; search: string | null }): Part =>
  async ({ lifetimes, answered }) => {
    const page = await loaders.tagPages.load({ locationId: location, limit: pageSize, skip, search });
    const marks = page.value.rows.map(({ name }) => name);
    answered({ kind: 'tags', owner: location, marks, freshness: page.freshness, lifetime: lifetimes.tagPage });
    return [page.freshness.state];
  };

const tagsWithDetails =
  (loaders: Loaders, location: LocationId, skip: number): Part =>
  async (deps) => {
    const [state = ''] = await tags(loaders, location, { skip, search: null })(deps);
    const ids = Array.from({ length: pageSize }, (_, index) => tagId(location, skip + index));
    const found = await Promise.all(ids.map((id) => details(loaders, location, id)(deps)));
    return [state, ...found.flat()];
  };

const details =
  (loaders: Loaders, location: LocationId, id: TagId): Part =>
  async ({ lifetimes, answered }) => {
    const found: Fetched<TagRecord> | null = await loaders.tagDetails.load({ locationId: location, id });
    if (found === null) return ['absent'];
    const { value, freshness } = found;
    answered({ kind: 'details', owner: location, marks: [value.name], freshness, lifetime: lifetimes.tagDetails });
    return [freshness.state];
  };

const statistics =
  (loaders: Loaders, location: LocationId, days: number): Part =>
  async ({ lifetimes, answered }) => {
    const wish = {
      profileIds: null,
      platforms: null,
      period: { kind: 'last', days },
      compareTo: { kind: 'none' },
    } as const;
    const { upstreamTraceId, freshness } = await loaders.statistics.load({ locationId: location, wish });
    answered({
      kind: 'statistics',
      owner: location,
      marks: [upstreamTraceId],
      freshness,
      lifetime: lifetimes.statistics,
    });
    return [freshness.state];
  };

const locationRecord =
  (loaders: Loaders, location: LocationId): Part =>
  async ({ lifetimes, answered }) => {
    const { name } = await loaders.locationRecords.load(location);
    answered({ kind: 'location', owner: location, marks: [name], freshness: null, lifetime: lifetimes.location });
    return ['given'];
  };

const companyLocations =
  (loaders: Loaders): Part =>
  async ({ lifetimes, answered }) => {
    const marks = (await loaders.companyLocations()).map(({ name }) => name);
    answered({ kind: 'locations', owner: 'company', marks, freshness: null, lifetime: lifetimes.socialAccounts });
    return ['given'];
  };

const tagId = (location: LocationId, index: number): TagId => {
  const id = toTagId(tagName(location, index));
  if (id === null) throw new Error('no tag id');
  return id;
};
