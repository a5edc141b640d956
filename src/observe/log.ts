import pino from 'pino';
import { createRedact, describeError, type Redact } from './redact.ts';
import { requestId } from './request.ts';

/** What a line may hold: plain values, put there by name. Objects that came from outside are never logged whole. */
type Fields = Readonly<Record<string, string | number | boolean | null | readonly string[] | undefined>>;

/** Structured log, one JSON object a line. `failed` describes an error without its objects. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  failed(message: string, error: unknown, fields?: Fields): void;
  /** The same with the stack, for what nobody foresaw. */
  bug(message: string, error: unknown, fields?: Fields): void;
}

/** Where lines go; standard output unless told otherwise. */
export interface LogSink {
  write(line: string): void;
}

/** `secrets`: values that must never be written, in whatever field they turn up. */
export const createLog = (options: { level: string; secrets: readonly string[]; sink?: LogSink }): Log => {
  const redact = createRedact(options.secrets);
  const sink = options.sink ?? pino.destination({ dest: 1, sync: true });
  const logger = pino(
    { level: options.level, base: null, formatters: { level: (label) => ({ level: label }) }, mixin },
    sink,
  );
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}) => {
      if (logger.isLevelEnabled(level)) logger[level](redactFields(fields, redact), redact(message));
    };
  const error = write('error');
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error,
    failed: (message, cause, fields) => error(message, { ...fields, error: describeError(cause, redact) }),
    bug: (message, cause, fields) => {
      const stack = cause instanceof Error ? (cause.stack?.slice(0, 2_000) ?? '') : '';
      error(message, { ...fields, error: describeError(cause, redact), stack });
    },
  };
};

// Every line written while a request is served names it.
const mixin = (): object => {
  const id = requestId();
  return id === null ? {} : { requestId: id };
};

const redactFields = (fields: Fields, redact: Redact): Fields => {
  const redacted = (value: Fields[string]): Fields[string] => {
    if (typeof value === 'string') return redact(value);
    return typeof value === 'object' ? (value?.map(redact) ?? null) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redacted(value)]));
};
