// Jest's transform: Node's own type stripping. Positions stay, so stack traces name the true line and column.
import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

export default {
  getCacheKey: (source, path, { configString, instrument }) =>
    createHash('sha256')
      .update(JSON.stringify([source, path, configString, instrument, process.version]))
      .digest('hex'),
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
};
