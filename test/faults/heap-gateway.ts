// The gateway as `npm start` starts it, in a process that tells its parent how much memory it holds. Run with --expose-gc.
import '../../src/main.ts';

const collect = globalThis.gc;
if (!collect || !process.send) throw new Error('this needs --expose-gc, and a parent that asks');

process.on('message', () => {
  collect();
  collect(); // what the first one has finalised
  const { heapUsed, external } = process.memoryUsage();
  process.send?.(heapUsed + external);
});
process.on('disconnect', () => process.exit()); // however the parent ended
