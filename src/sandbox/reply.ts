import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** What goes out: JSON, unless the body is a page of HTML (a fault may put one where JSON belongs). */
export interface Outgoing {
  readonly status: number;
  readonly isHtml?: boolean;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Adds the trace id, which the vendor promises on every answer, to bodies that can hold one. */
export const traced = (
  body: Readonly<Record<string, unknown>>,
  traceId: string,
): Readonly<Record<string, unknown>> => ({
  ...body,
  traceId,
});

/** A trace id of the vendor's form. */
export const newTraceId = (): string => randomUUID();

const encode = ({ body, headers, isHtml = false }: Outgoing): { payload: Buffer; headers: Record<string, string> } => {
  const payload = Buffer.from(isHtml ? String(body) : JSON.stringify(body ?? null));
  const type = isHtml ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  return { payload, headers: { 'content-type': type, ...headers, 'content-length': String(payload.length) } };
};

/** Sends the whole answer. */
export const sendWhole = (reply: FastifyReply, outgoing: Outgoing): FastifyReply => {
  const { payload, headers } = encode(outgoing);
  return reply.code(outgoing.status).headers(headers).send(payload);
};

/** Sends half of what content-length announces, then destroys the socket. */
export const sendHalf = (reply: FastifyReply, outgoing: Outgoing): void => {
  const { payload, headers } = encode(outgoing);
  reply.hijack();
  reply.raw.writeHead(outgoing.status, headers);
  reply.raw.write(payload.subarray(0, Math.floor(payload.length / 2)), () => reply.raw.destroy());
};
