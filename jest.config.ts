export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: process.env['FAULTS'] === '1' ? ['/node_modules/'] : ['/node_modules/', '/test/faults/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.mjs' },
  coverageProvider: 'v8',
};
