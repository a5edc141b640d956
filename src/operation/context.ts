import { createLoaders } from '../loaders/index.ts';
import type { Caller } from '../model/caller.ts';
import type { Reads } from '../reads/index.ts';
import type { GatewayContext, GatewayState } from '../resolvers/context.ts';

/** What became of an operation, filled in on its way; the HTTP room and the log read it. */
interface OperationTrace {
  /** The operation's name once the document is parsed; upstream calls carry it to the sandbox. */
  readonly names: string[];
  /** `ok`, or the code of the first error. */
  outcome: string;
  /** Whether all errors are the client's own mistakes, found before execution. */
  isClientMistake: boolean;
}

/** The resolvers' context and what the operation room notes beside it. */
export interface OperationContext extends GatewayContext {
  readonly trace: OperationTrace;
}

/** Makes the context of each operation, with fresh loaders. */
export type CreateContext = (operation: {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly requestId: string;
}) => OperationContext;

/** `reads` and `state` are the process's, everything else is the operation's own. */
export const createContextFactory =
  ({ reads, state }: { reads: Reads; state: GatewayState }): CreateContext =>
  ({ caller, signal, requestId }) => {
    const trace: OperationTrace = { names: [], outcome: 'ok', isClientMistake: false };
    const loaders = createLoaders({ reads, caller, cause: { signal, operations: trace.names } });
    return { caller, loaders, state, signal, requestId, trace };
  };
