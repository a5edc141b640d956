import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** A control call that cannot be done; the message says what to do instead. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the schema makes of a value. Throws a 400 that says what is wrong with it. */
export const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const result = schema.safeParse(value);
  if (!result.success) throw new ControlError(400, z.prettifyError(result.error));
  return result.data;
};

const jsonBody = (request: FastifyRequest): unknown => {
  try {
    return JSON.parse(typeof request.body === 'string' ? request.body : '');
  } catch {
    throw new ControlError(400, 'The body is not JSON');
  }
};

/** The JSON body by the schema; throws as parse does. */
export const bodyOf = <T>(schema: z.ZodType<T>, request: FastifyRequest): T => parse(schema, jsonBody(request));
