import { Socket } from 'node:net';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { runWithin, StoreUnavailable, unavailable } from './sql-run.ts';
import type { Database } from './sql.ts';

/** How long a connection may take, or waiting for one of those there are. */
const connectMs = 1_000;

/** Connects when the first query comes, and again whenever that is needed. Throws StoreUnavailable when the URL cannot be read. */
export const openPostgres = <Tables>(url: string, timeoutMs: number): Database<Tables> => {
  checkUrl(url);
  const sockets = new Set<Socket>();
  const pool = createPool(url, timeoutMs, sockets);
  const run = async <T>(query: (db: Kysely<Tables>) => Promise<T>, limitMs = timeoutMs): Promise<T> => {
    const clients = borrowFrom(pool);
    const work = query(new Kysely<Tables>({ dialect: new PostgresDialect({ pool: clients }) }));
    return runWithin(work, { limitMs, onLate: clients.destroy, isUnavailable });
  };
  const close = async (): Promise<void> => {
    if (!pool.ending) void pool.end(); // says goodbye, but waits for whoever still has a client
    await Promise.all([...sockets].map(endNow));
  };
  return {
    kind: 'postgres',
    run,
    now: () => sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    close,
  };
};

/** Else the first query would find out. The error does not show the URL, nor does its cause: it may hold a password. */
const checkUrl = (url: string): void => {
  try {
    new pg.Client({ connectionString: url });
  } catch (error) {
    throw new StoreUnavailable('The URL of the database cannot be read', { cause: error });
  }
};

const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

const createPool = (url: string, timeoutMs: number, sockets: Set<Socket>): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: 'users-gateway',
    // Nobody hears of a query that was given up, and a lock that nobody uses must not keep others waiting.
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    types,
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
  });
  // The death of a connection is told by the query that it takes with it; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

/** The clients of one run: destroyed together when its time is over, whatever they wait for. */
const borrowFrom = (pool: pg.Pool) => {
  const borrowed = new Set<pg.PoolClient>();
  let isOver = false;
  const connect = async (): Promise<pg.PoolClient> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw unavailable(error);
    });
    const release = client.release.bind(client); // the pool makes it anew for each borrower
    client.release = (error) => {
      if (borrowed.delete(client)) release(error);
    };
    borrowed.add(client);
    if (!isOver) return client;
    client.release();
    throw new StoreUnavailable('The time of this query is over');
  };
  return {
    connect,
    end: () => Promise.resolve(),
    options: {},
    destroy: (): void => {
      isOver = true;
      // One with an unanswered query would keep its place in the pool and its next borrower waiting: pg cuts its socket.
      for (const client of borrowed) client.release(true);
    },
  };
};

/** Sends what is to be sent and waits for no answer. */
const endNow = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
    if (socket.connecting) socket.destroy();
    else socket.destroySoon();
  });

/**
 * Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: 08 connection, 53 resources, 57 operator
 * (shutdown, statement_timeout), 58 system; a lock not had in time, a transaction idle for too long, a server that only reads,
 * a right that this role lacks, a table of somebody else under our name.
 */
const unavailableState = /^(?:08|53|57|58)|^(?:55P03|25P03|25006|42501|42P07)$/;

const isUnavailable = (error: unknown): boolean => {
  if (error instanceof pg.DatabaseError) return unavailableState.test(error.code ?? '');
  if (typeof error !== 'object' || error === null) return false;
  // What pg says of a connection that broke has no code.
  return (
    'syscall' in error || ('message' in error && /^Connection terminated|not queryable$/.test(String(error.message)))
  );
};
