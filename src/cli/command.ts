import { resolve } from 'node:path';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { Gateway, UpstreamAccess } from '../compose.ts';
import type { Config } from '../config.ts';
import type { LogSink } from '../observe/log.ts';
import type { Environment } from '../setting.ts';

/** What the person who starts the program can mend; the message is one line or several that say how. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A gateway that a command has to itself. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly access: UpstreamAccess;
  /** Closes its sandbox too, where it has one. */
  readonly close: () => Promise<void>;
}

/** Of a gateway that a command opens for itself: nobody else waits for it, and the questions of commands are in no client's manifest. */
export const ownGateway = { drainDelayMs: 0, persisted: 'off', persistedDocuments: null } as const;

/** What of the gateway's log a command takes; no sink is standard output. */
interface CommandLog {
  readonly level: Config['logLevel'];
  readonly sink?: LogSink;
}

/** What a command is given; the only way from there to a gateway. */
export interface CommandWorld {
  readonly args: readonly string[];
  readonly env: Environment;
  /** Throws StartError where it cannot listen, ConfigError for what the settings are to blame for. */
  readonly open: (config: Config, log: CommandLog) => Promise<OpenGateway>;
}

/** Resolves with the exit code: 0 when all is well, 1 when something is not. Throws StartError and ConfigError. */
export type Command = (world: CommandWorld) => Promise<0 | 1>;

/** Throws a StartError that points to --help and quotes no value: it may be a secret. */
export const readArguments = <T extends ParseArgsOptionsConfig>(name: string, args: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = problemOf(error);
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      const option = /'(-[^'=\s]*)/.exec(message)?.[1] ?? 'option';
      throw usageError(name, `There is no ${option}.`);
    }
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      const option = /--[a-z-]+/.exec(message)?.[0] ?? 'An option';
      throw usageError(name, `${option} is not used like that.`);
    }
    throw error;
  }
};

// By property: under Jest, Node's own errors are of another realm.
const problemOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && 'message' in error
    ? { code: error.code, message: String(error.message) }
    : { code: null, message: '' };

/** A path as the person means it who named it: npm runs scripts in the folder of package.json and tells where it was called from. */
export const pathFrom = ({ INIT_CWD: calledFrom = '.' }: Environment, path: string): string =>
  resolve(calledFrom, path);

/** A StartError for arguments that make no sense. */
export const usageError = (name: string, problem: string): StartError =>
  new StartError(`${problem} "npm run ${name} -- --help" says what there is.`, 2);
