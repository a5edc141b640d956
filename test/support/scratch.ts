import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where stores of tests live: in memory where there is room for several PostgreSQLs, as nothing of theirs outlives the tests and a disk
 * that others use too can make them three times as slow. A container has 64 MB there unless it is told otherwise. */
export const scratchFolder = (): string => (hasRoom(memory) ? memory : tmpdir());

const memory = '/dev/shm';
const neededBytes = 1024 ** 3;

const hasRoom = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > neededBytes;
  } catch {
    return false; // Macs have no such folder
  }
};
