import { hashOf, pick } from './chance.ts';
import type { Location } from './seed.ts';

const FIRST_NAMES = ['Ada', 'Noor', 'Tomás', 'Yuki', 'Ines', 'Kofi'];
const LAST_NAMES = ['Okafor', 'Lindqvist', 'Moreau', 'Tanaka', 'Silva', 'Novak'];

/** A row of the location search. People and addresses are invented; example.com belongs to nobody. */
export const foundLocationRecord = ({ id, plan }: Location) => ({
  id,
  name: plan.name,
  phone: `+1555${String(hashOf(id, 'phone') % 10_000_000).padStart(7, '0')}`,
  email: `${plan.key.toLowerCase()}@example.com`,
  address: `${1 + (hashOf(id, 'street') % 200)} Example Street`,
  city: plan.city,
  state: plan.country === 'US' ? 'ME' : '',
  country: plan.country,
  postalCode: String(10_000 + (hashOf(id, 'post') % 90_000)),
  website: `https://${plan.key.toLowerCase()}.example.com`,
  timezone: plan.timeZone,
  settings: {
    allowDuplicateContact: false,
    allowDuplicateOpportunity: false,
    allowFacebookNameMerge: false,
    disableContactTimezone: false,
  },
  social: { facebookUrl: `https://social.example.com/${plan.key}` },
});

/** The whole record: more personal data than a client of tags and figures has any use for, as upstream. */
export const locationRecord = (location: Location) => {
  const found = foundLocationRecord(location);
  const { name, address, city, state, country, postalCode, website, timezone } = found;
  return {
    ...found,
    companyId: location.companyId,
    domain: '',
    logoUrl: `https://images.example.com/logos/${location.id}.png`,
    firstName: pick(FIRST_NAMES, hashOf(location.id, 'first name')),
    lastName: pick(LAST_NAMES, hashOf(location.id, 'last name')),
    business: { name, address, city, state, country, postalCode, website, timezone },
    reseller: {},
  };
};
