import { availableParallelism } from 'node:os';

// Jest leaves one core to itself, which barely works while the tests run: on two cores that is every other one.
const cores = availableParallelism();
const isFaults = process.env['FAULTS'] === '1';

export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: isFaults ? ['/node_modules/'] : ['/node_modules/', '/test/faults/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.mjs' },
  coverageProvider: 'v8',
  testTimeout: isFaults ? 120_000 : 20_000, // no test is right only on a fast machine
  // Figures are measured among the faults, one after the other.
  maxWorkers: isFaults ? 1 : cores <= 2 ? cores : cores - 1,
};
