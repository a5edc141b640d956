import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

/** Free at this moment, on 127.0.0.1. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** A command in a process group of its own, so that ending it ends what it started (npm starts a shell that starts Node). */
export const startCommand = (command: readonly [string, ...string[]], settings: Readonly<Record<string, string>>) => {
  const [program, ...args] = command;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, args, {
    cwd: new URL('../', import.meta.url),
    env: { PATH, HOME, ADMIN_PORT: '0', ...settings },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, pid: child.pid ?? 0, end: () => end(child) };
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  const impatience = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 5_000);
  await exited;
  clearTimeout(impatience);
};

/** The process at the end of a chain of parents and only children: the Node that npm started. Linux only. */
export const lastDescendant = (pid: number): number => {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return child === undefined || child === '' ? pid : lastDescendant(Number(child));
};

/** Memory in use, megabytes of 10^6 bytes. Linux only. */
export const residentMb = (pid: number): number =>
  (Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024) / 1e6;

/** Processor time used so far, milliseconds. Linux only, where the kernel counts in hundredths of a second. */
export const processorMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10; // utime and stime, proc(5)
};
