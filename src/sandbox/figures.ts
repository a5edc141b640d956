import { dateOfDay } from './clock.ts';
import { hashOf, mix, pick, unit } from './chance.ts';

/** What happened on one day; followers are those at its end. */
export interface DayFigures {
  readonly posts: number;
  readonly impressions: number;
  readonly reach: number;
  readonly likes: number;
  readonly comments: number;
  readonly shares: number;
  readonly followers: number;
}

/** Figures that are the same for a seed, profile and day however often and in whatever range they are asked for. */
export interface Figures {
  readonly of: (profileId: string, day: number) => DayFigures;
}

interface Profile {
  readonly hash: number;
  readonly impressions: number;
  readonly followers: number;
}

const WEEK = [0.68, 1.04, 1.1, 1.12, 1.06, 0.94, 0.74]; // Sunday first, as getUTCDay counts
const POSTS = [0, 0, 1, 1, 1, 2, 3];
const ANCHOR_DAY = 20_454; // 2026-01-01: growth is 1 there
const SALT = { noise: 1, reach: 2, likes: 3, comments: 4, shares: 5, posts: 6, followers: 7, viral: 8 } as const;

const between = (low: number, high: number, hash: number): number => low + (high - low) * unit(hash);

/** One day a month, among the first 28, does several times as well as the rest. */
const isViral = (profile: Profile, date: Date): boolean => {
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  return date.getUTCDate() === 1 + (mix(mix(profile.hash, SALT.viral), month) % 28);
};

const figuresOf = (profile: Profile, day: number): DayFigures => {
  const date = dateOfDay(day);
  const chance = (salt: number): number => mix(mix(profile.hash, salt), day);
  const growth = (perDay: number): number => Math.max(0.2, 1 + perDay * (day - ANCHOR_DAY));
  const season = WEEK[date.getUTCDay()] ?? 1;
  const luck = between(0.8, 1.2, chance(SALT.noise)) * (isViral(profile, date) ? 6 : 1);
  const impressions = Math.round(profile.impressions * season * growth(0.0004) * luck);
  return {
    posts: pick(POSTS, chance(SALT.posts)),
    impressions,
    reach: Math.round(impressions * between(0.55, 0.8, chance(SALT.reach))),
    likes: Math.round(impressions * between(0.03, 0.06, chance(SALT.likes))),
    comments: Math.round(impressions * between(0.004, 0.01, chance(SALT.comments))),
    shares: Math.round(impressions * between(0.002, 0.006, chance(SALT.shares))),
    followers: Math.round(profile.followers * growth(0.00025)) + (chance(SALT.followers) % 4),
  };
};

/** Weekly season, slow growth, noise and one viral day a month. */
export const createFigures = (seed: number): Figures => {
  const profiles = new Map<string, Profile>();
  const profileOf = (profileId: string): Profile => {
    const hash = hashOf(seed, profileId);
    return {
      hash,
      impressions: between(250, 2_200, mix(hash, 101)),
      followers: between(400, 18_000, mix(hash, 102)),
    };
  };
  return {
    of: (profileId, day) => {
      const profile = profiles.get(profileId) ?? profileOf(profileId);
      profiles.set(profileId, profile);
      return figuresOf(profile, day);
    },
  };
};
