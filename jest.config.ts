import { availableParallelism } from 'node:os';

// Jest leaves one core to itself, which barely works while the tests run: on two cores that is every other one.
const cores = availableParallelism();

export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: process.env['FAULTS'] === '1' ? ['/node_modules/'] : ['/node_modules/', '/test/faults/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.mjs' },
  coverageProvider: 'v8',
  maxWorkers: cores <= 2 ? cores : cores - 1,
};
