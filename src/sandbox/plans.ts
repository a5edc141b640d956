/** An account to be seeded. `type` decides whether the vendor has figures: Linkedin pages and Tiktok business only. */
export interface AccountPlan {
  readonly platform: string;
  readonly type: 'page' | 'profile' | 'location' | 'channel' | 'business' | 'board';
  readonly isExpired?: boolean;
  readonly mayReadStatistics?: boolean;
}

/** A location to be seeded. */
export interface LocationPlan {
  readonly key: string;
  readonly name: string;
  readonly timeZone: string;
  readonly city: string;
  readonly country: string;
  readonly tagCount: number;
  readonly accounts: readonly AccountPlan[];
  readonly postCount: number;
  readonly isInstalled: boolean;
  readonly isOtherTenant: boolean;
}

const facebook: AccountPlan = { platform: 'facebook', type: 'page' };
const instagram: AccountPlan = { platform: 'instagram', type: 'profile' };
const google: AccountPlan = { platform: 'google', type: 'location' };

const full: LocationPlan = {
  key: 'full',
  name: 'Harbour Bay Dental',
  timeZone: 'America/New_York',
  city: 'Portland, Maine',
  country: 'US',
  tagCount: 40,
  accounts: [
    facebook,
    instagram,
    { platform: 'linkedin', type: 'page' },
    google,
    { platform: 'youtube', type: 'channel' },
    { platform: 'tiktok', type: 'business' },
  ],
  postCount: 36,
  isInstalled: true,
  isOtherTenant: false,
};

/** The named locations. Each one is a difficulty a client has to cope with. */
export const PLANS: readonly LocationPlan[] = [
  full,
  {
    ...full,
    key: 'large',
    name: 'Nordlicht Fitness Berlin',
    timeZone: 'Europe/Berlin',
    city: 'Berlin',
    country: 'DE',
    tagCount: 2_300,
    accounts: [facebook, instagram, { platform: 'pinterest', type: 'board' }],
    postCount: 12,
  },
  {
    ...full,
    key: 'empty',
    name: 'Banksia Street Studio',
    timeZone: 'Australia/Sydney',
    city: 'Sydney',
    country: 'AU',
    tagCount: 0,
    accounts: [],
    postCount: 0,
  },
  {
    ...full,
    key: 'restricted',
    name: 'Padaria Sol Nascente',
    timeZone: 'America/Sao_Paulo',
    city: 'São Paulo',
    country: 'BR',
    tagCount: 8,
    accounts: [{ ...facebook, isExpired: true }, { ...instagram, mayReadStatistics: false }, google],
    postCount: 4,
  },
  {
    ...full,
    key: 'notInstalled',
    name: 'Kōwhai Physio',
    timeZone: 'Pacific/Auckland',
    city: 'Auckland',
    country: 'NZ',
    tagCount: 5,
    accounts: [facebook],
    postCount: 0,
    isInstalled: false,
  },
  {
    ...full,
    key: 'otherTenant',
    name: 'Somebody Else Ltd',
    timeZone: 'Europe/London',
    city: 'Leeds',
    country: 'GB',
    tagCount: 6,
    accounts: [facebook, instagram],
    postCount: 0,
    isOtherTenant: true,
  },
];

const BRANCH_ZONES = ['America/Chicago', 'America/Los_Angeles', 'Europe/Lisbon', 'Asia/Kolkata'];

/** The nth further location, counted from 1. */
export const branchPlan = (number: number): LocationPlan => ({
  ...full,
  key: `branch-${number}`,
  name: `Branch ${number}`,
  timeZone: BRANCH_ZONES[number % BRANCH_ZONES.length] ?? 'UTC',
  city: 'Springfield',
  tagCount: 50,
  accounts: [number % 2 === 0 ? facebook : instagram],
  postCount: 0,
});
