import { endpoint, segments } from '../endpoint.ts';
import { readAnswer, type StatisticsAnswer } from './statistics-answer.ts';

/** GET /socialplanner/statistics.readonly: account-level metrics as the user's document names them. No official spec holds this path
 * (upstream README §9); the sandbox serves it. No parameters: the last 7 full days, the company follows from the token. */
export const readAccountStatistics = endpoint<Readonly<Record<string, never>>, StatisticsAnswer>({
  name: 'readAccountStatistics',
  method: 'GET',
  scope: 'socialplanner/statistics.readonly',
  version: 'v3',
  isRepeatable: true,
  holder: () => ({ kind: 'company' }),
  path: () => segments('socialplanner', 'statistics.readonly'),
  read: readAnswer,
});
