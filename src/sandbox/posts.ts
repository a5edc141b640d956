import { hashOf, hexOf, mix, pick } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Account, Location, Tag } from './seed.ts';

/** A planner post. Times are epoch milliseconds; those in the future are scheduled. */
export interface Post {
  readonly id: string;
  readonly account: Account;
  readonly status: 'published' | 'scheduled' | 'failed' | 'draft';
  readonly type: 'post' | 'story' | 'reel';
  readonly summary: string;
  readonly tagIds: readonly string[];
  readonly displayAt: number;
  readonly createdBy: string;
  /** Null where the vendor fills none in. */
  readonly insights: { readonly like: number; readonly share: number; readonly comment: number } | null;
}

const DAY_MS = 86_400_000;
const SUMMARIES = [
  'Meet the newest member of our team 👋',
  'Three questions we hear every week',
  'Open this Saturday, walk-ins welcome',
  'Before and after: a smile worth sharing',
  'Thank you for 500 reviews!',
  'Our autumn offer ends on Friday',
];
const WITH_INSIGHTS = ['facebook', 'instagram', 'linkedin', 'youtube']; // as the v3 specification lists them

const statusOf = (index: number): Post['status'] =>
  index < 3 ? 'scheduled' : index % 11 === 7 ? 'failed' : index % 13 === 9 ? 'draft' : 'published';

const seedPost = (location: Location, tags: readonly Tag[], index: number, today: number): Post => {
  const hash = hashOf(location.id, 'post', index);
  const account = pick(location.accounts, index);
  const status = statusOf(index);
  const hasInsights = status === 'published' && WITH_INSIGHTS.includes(account.platform);
  return {
    id: hexOf(24, hash),
    account,
    status,
    type: pick(['post', 'post', 'post', 'reel', 'story'], mix(hash, 1)),
    summary: pick(SUMMARIES, mix(hash, 2)),
    tagIds: [...new Set([3, 4, 5].slice(index % 3).map((salt) => pick(tags, mix(hash, salt) % 12).id))],
    displayAt: today + (3 - index) * 2 * DAY_MS + (mix(hash, 6) % DAY_MS),
    createdBy: pick(location.userIds, hash),
    insights: hasInsights ? { like: mix(hash, 7) % 240, share: mix(hash, 8) % 20, comment: mix(hash, 9) % 35 } : null,
  };
};

/** Posts by location, newest first, made when first asked for and placed around the day the sandbox started. */
export const createPosts = (tagsOf: (locationId: string) => readonly Tag[], clock: Clock) => {
  const today = Math.floor(clock() / DAY_MS) * DAY_MS;
  const postsByLocation = new Map<string, readonly Post[]>();
  return (location: Location): readonly Post[] => {
    const known = postsByLocation.get(location.id);
    if (known !== undefined) return known;
    const tags = tagsOf(location.id);
    const posts = Array.from({ length: location.plan.postCount }, (_, index) => seedPost(location, tags, index, today));
    postsByLocation.set(location.id, posts);
    return posts;
  };
};
