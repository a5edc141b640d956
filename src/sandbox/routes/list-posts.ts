import { badRequest, unprocessable } from '../errors.ts';
import { page } from '../paging.ts';
import type { Post } from '../posts.ts';
import { envelope, isRecord } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import type { Location } from '../seed.ts';

const REQUIRED = ['skip', 'limit', 'fromDate', 'toDate', 'includeUsers'];

const userOf = (id: string) => ({
  id,
  title: '',
  firstName: 'Sandbox',
  lastName: 'Author',
  profilePhoto: '',
  phone: '',
  email: `${id.toLowerCase()}@example.com`,
});

/** A post as the vendor writes it: nulls and empty objects where the specification says otherwise; insights in v3 only. */
export const postRow = (post: Post, location: Location, options: { isV3: boolean; withUser: boolean }) => {
  const at = new Date(post.displayAt).toISOString();
  return {
    _id: post.id,
    source: 'composer',
    locationId: location.id,
    platform: post.account.platform,
    displayDate: at,
    createdAt: new Date(post.displayAt - 86_400_000).toISOString(),
    updatedAt: at,
    accountId: post.account.id,
    accountIds: [post.account.id],
    error: post.status === 'failed' ? 'Failed due to auth token' : null,
    publishedAt: post.status === 'published' ? at : null,
    summary: post.summary,
    media: [{ url: `https://images.example.com/posts/${post.id}.jpg`, type: 'image/jpeg' }],
    status: post.status,
    createdBy: post.createdBy,
    type: post.type,
    tags: post.tagIds,
    gmbPostDetails: {},
    tiktokPostDetails: {},
    user: options.withUser ? userOf(post.createdBy) : null,
    ...(options.isV3 && post.insights !== null ? { insights: post.insights } : {}),
  };
};

/** All five required fields are strings; numbers and booleans were reported as 400. */
const fieldsOf = (body: unknown): Readonly<Record<string, string>> => {
  const fields = isRecord(body) ? body : {};
  const missing = REQUIRED.filter((name) => fields[name] === undefined);
  if (missing.length > 0) throw unprocessable(missing.map((name) => `${name} should not be empty`));
  const texts = Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  const wrong = REQUIRED.find((name) => typeof fields[name] !== 'string');
  if (wrong !== undefined) throw badRequest(`${wrong} must be a string`);
  return Object.fromEntries(texts);
};

const dateOf = (fields: Readonly<Record<string, string>>, name: string): number => {
  const time = Date.parse(fields[name] ?? '');
  if (Number.isNaN(time)) throw badRequest(`${name} must be a valid ISO 8601 date string`);
  return time;
};

const isWanted = (fields: Readonly<Record<string, string>>) => {
  const [from, to] = [dateOf(fields, 'fromDate'), dateOf(fields, 'toDate')];
  const accounts = fields['accounts']?.split(',').map((id) => id.trim()) ?? [];
  const { type = 'all', postType } = fields;
  return (post: Post): boolean =>
    post.displayAt >= from &&
    post.displayAt <= to &&
    (accounts.length === 0 || accounts.includes(post.account.id)) &&
    (type === 'all' || type === 'recent' || type === post.status) &&
    (postType === undefined || postType === post.type);
};

/** Newest first; `count` is the total of the filter. */
export const listPosts: LocationRoute = {
  name: 'listPosts',
  kind: 'location',
  method: 'POST',
  path: '/social-media-posting/:locationId/posts/list',
  scope: 'socialplanner/post.readonly',
  locationIn: 'params',
  answer: ({ body, version }, { postsOf }, location) => {
    const fields = fieldsOf(body);
    const found = postsOf(location).filter(isWanted(fields));
    const options = { isV3: version === 'v3', withUser: fields['includeUsers'] === 'true' };
    const posts = page(found, fields, 10).map((post) => postRow(post, location, options));
    return envelope(201, 'Fetched Posts', { posts, count: found.length });
  },
};
