const LOCATION = {
  'locations.readonly': 'Read name, address and time zone of a location',
  'socialplanner/tag.readonly': 'Read the tags of posts',
  'socialplanner/statistics.readonly': 'Read the figures of social accounts',
  'socialplanner/account.readonly': 'Read which social accounts are connected',
  'socialplanner/post.readonly': 'Read the posts of the planner',
  'socialplanner/category.readonly': 'Read the categories of posts',
};

const AGENCY = {
  'oauth.readonly': 'See in which locations the app is installed',
  'oauth.write': 'Get tokens for those locations',
};

/** Every scope the sandbox knows, with what it allows in a person's words. */
export const SCOPES: ReadonlyMap<string, string> = new Map(Object.entries({ ...LOCATION, ...AGENCY }));

/** Those of every read endpoint a sub-account token may call. */
export const LOCATION_SCOPES: readonly string[] = Object.keys(LOCATION);

/** What an agency token carries unless its grant says less. */
export const COMPANY_SCOPES: readonly string[] = [...SCOPES.keys()];
