import type { Clock } from './clock.ts';
import type { TokenHolder } from './contract.ts';
import { badRequest } from './errors.ts';
import type { State } from './state.ts';
import type { Holder, Tokens } from './tokens.ts';

/** Where the app is installed, and where it is paused. Unknown location ids throw UnknownIdError. */
export interface Installations {
  /** ISO 8601; null where the app is not installed. */
  readonly installedAt: (locationId: string) => string | null;
  readonly install: (locationId: string) => void;
  /** The location's tokens and codes die with it. */
  readonly uninstall: (locationId: string) => void;
  readonly pause: (locationId: string, isPaused: boolean) => void;
  readonly isPaused: (locationId: string) => boolean;
  /** The holder of a location the app is installed in. Throws the vendor's 400 otherwise, also while it is paused. */
  readonly installedHolder: (locationId: string) => Holder;
  /** Throws the vendor's 400 while the holder's location is paused. */
  readonly assertActive: (holder: Holder) => void;
}

const INSTALLED_AT = '2025-01-15T10:30:00.000Z';

/** A holder as the handle names it, with all that tokens know of it. Throws UnknownIdError for an unknown location. */
export const toHolder = (holder: TokenHolder, state: State): Holder => {
  if (!('locationId' in holder)) return { kind: 'Company', companyId: holder.companyId };
  const { id, companyId } = state.location(holder.locationId);
  return { kind: 'Location', companyId, locationId: id };
};

/** Begins as the plan of each location says. */
export const createInstallations = (state: State, tokens: Tokens, clock: Clock): Installations => {
  const seeded = state.locations.filter(({ plan }) => plan.isInstalled);
  const installed = new Map(seeded.map(({ id }) => [id, INSTALLED_AT]));
  const paused = new Set<string>();

  const assertActive = (holder: Holder): void => {
    if (holder.kind === 'Location' && paused.has(holder.locationId)) throw badRequest('Location is not active');
  };

  return {
    installedAt: (locationId) => installed.get(locationId) ?? null,
    install: (locationId) => {
      const { id } = state.location(locationId);
      if (!installed.has(id)) installed.set(id, new Date(clock()).toISOString());
    },
    uninstall: (locationId) => {
      installed.delete(locationId);
      tokens.revoke(toHolder({ locationId }, state));
    },
    pause: (locationId, isPaused) => {
      if (isPaused) paused.add(state.location(locationId).id);
      else paused.delete(locationId);
    },
    isPaused: (locationId) => paused.has(locationId),
    assertActive,
    installedHolder: (locationId) => {
      const location = state.findLocation(locationId);
      if (location?.companyId !== state.companyId || !installed.has(locationId))
        throw badRequest('Location is not installed');
      const holder = toHolder({ locationId }, state);
      assertActive(holder);
      return holder;
    },
  };
};
