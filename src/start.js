#!/usr/bin/env node
// Plain JavaScript that Node 12 still reads: on an old Node main.ts dies with a stack trace before any check in it can run.
import module from 'module';
import { existsSync } from 'fs';

const found = process.versions.node;
const [major, minor] = found.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 11)) {
  // From the second start on, compiled code is read from the temporary folder: a third less time to the first answer.
  module.enableCompileCache();
  const dotEnv = new URL('../.env', import.meta.url);
  // What the environment already says stands. DOT_ENV=off: tests and benchmarks start it as if the developer had no .env.
  if (process.env.DOT_ENV !== 'off' && existsSync(dotEnv)) process.loadEnvFile(dotEnv);
  if (existsSync(new URL('./main.js', import.meta.url))) import('./main.js');
  else import('./main.ts');
} else {
  console.error(
    `users-gateway needs Node 24.11 or newer and this is ${found}: on Linux (x64, arm64) run "npm ci", ` +
      'which brings one, and start with "npm start"; elsewhere run "nvm install 24".',
  );
  process.exitCode = 2;
}
