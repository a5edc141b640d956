import type { UpstreamRequest } from '../../src/upstream/send.ts';

/** What upstream answers, as JSON. Every answer bears the location that it is of and the true moment at which it was given, so that whoever
 * gets it can tell whether it is his, and how old it is. */
export type Answer = (request: Pick<UpstreamRequest, 'method' | 'path' | 'body'>, now: number) => unknown;

/** The mark that each answer bears. */
export interface Mark {
  readonly location: string;
  /** Epoch milliseconds of the true time. */
  readonly at: number;
}

const markText = ({ location, at }: Mark): string => `${location}@${at}`;

/** Null where the text bears none. */
export const readMark = (text: string | null): Mark | null => {
  const [, location, at] = /^(loc[0-9]+x|company)@(\d+)$/.exec(text ?? '') ?? [];
  return location === undefined ? null : { location, at: Number(at) };
};

/** The n-th location there is, from 0. The name cannot be part of another one's. */
export const locationName = (index: number): string => `loc${index}x`;

/** All locations that a text names. */
export const locationsIn = (text: string): readonly string[] => text.match(/loc[0-9]+x/g) ?? [];

/** Tags that each location has, and the id of each. */
const tagsPerLocation = 400;
export const tagName = (location: string, index: number): string => `${location}-tag${index}`;

/** Null for a path that upstream does not know. */
export const createAnswers = (locations: number): Answer => {
  const routes: readonly (readonly [
    RegExp,
    (parts: readonly string[], body: string | null, now: number) => unknown,
  ])[] = [
    [
      /^\/social-media-posting\/([^/]+)\/tags\?(.*)$/,
      ([location = '', query = ''], _, at) => tagPage({ location, at }, query),
    ],
    [
      /^\/social-media-posting\/([^/]+)\/tags\/details$/,
      ([location = ''], body, at) => tagDetails({ location, at }, body),
    ],
    [/^\/social-media-posting\/([^/]+)\/accounts$/, ([location = ''], _, at) => accounts({ location, at })],
    [/^\/social-media-posting\/statistics\?locationId=(.*)$/, ([location = ''], _, at) => statistics({ location, at })],
    [/^\/locations\/search\?(.*)$/, ([query = ''], _, at) => companyLocations(locations, query, at)],
    [/^\/locations\/([^/]+)$/, ([location = ''], _, at) => ({ location: record({ location, at }) })],
  ];
  return ({ path, body }, now) => {
    for (const [pattern, answer] of routes) {
      const parts = pattern.exec(path);
      if (parts) return answer(parts.slice(1), body, now);
    }
    return null;
  };
};

const envelope = (results: unknown) => ({ success: true, statusCode: 200, message: 'ok', results });

// Rows without their dates: who wants details has to ask for them.
const tagPage = (mark: Mark, query: string) => {
  const given = new URLSearchParams(query);
  const [limit, skip] = [Number(given.get('limit')), Number(given.get('skip'))];
  const count = Math.max(0, Math.min(limit, tagsPerLocation - skip));
  const tags = Array.from({ length: count }, (_, index) => ({
    _id: tagName(mark.location, skip + index),
    tag: markText(mark),
  }));
  return envelope({ tags, count: tagsPerLocation });
};

const tagDetails = (mark: Mark, body: string | null) => {
  const { tagIds } = JSON.parse(body ?? '{}') as { tagIds: readonly string[] };
  const known = tagIds.filter((id) => id.startsWith(`${mark.location}-tag`));
  const tags = known.map((_id) => ({ _id, tag: markText(mark), updatedAt: '2029-01-01T00:00:00.000Z' }));
  return envelope({ tags: tags.length === 0 ? 'Tags not found' : tags, count: tags.length });
};

const accounts = (mark: Mark) =>
  envelope({
    accounts: ['facebook', 'instagram'].map((platform) => ({
      id: `${mark.location}-${platform}`,
      profileId: `${mark.location}-${platform}`,
      name: markText(mark),
      platform,
    })),
    groups: [],
  });

const week = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const statistics = (mark: Mark) => ({
  message: 'ok',
  traceId: markText(mark),
  results: {
    dayRange: week.map((_, index) => week[(new Date(mark.at).getUTCDay() + index) % 7]),
    totals: { posts: 7, likes: 7, followers: 7, impressions: 7, comments: 7 },
    postPerformance: { posts: { facebook: week.map(() => 1) }, impressions: week.map(() => 1) },
  },
});

const record = (mark: Mark) => ({ id: mark.location, name: markText(mark), timezone: null });

const companyLocations = (locations: number, query: string, at: number) => {
  const given = new URLSearchParams(query);
  const [limit, skip] = [Number(given.get('limit')), Number(given.get('skip'))];
  const count = Math.max(0, Math.min(limit, locations - skip));
  // The company's own mark: the list is not one location's answer.
  return {
    locations: Array.from({ length: count }, (_, index) => ({
      ...record({ location: locationName(skip + index), at }),
      name: markText({ location: 'company', at }),
    })),
  };
};
