import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpProblems, tooDeep, type HttpProblem } from './errors.ts';

/** A body that was read, or what is wrong with it. */
export type Body =
  { readonly problem: HttpProblem; readonly value?: never } | { readonly problem: null; readonly value: unknown };

/** More than any request of this graph has, and little enough for whoever walks through it. */
const mostLevels = 40;

/** Bodies arrive as text; parsed here with prototype poisoning refused. */
export const parseBody = (app: FastifyInstance, request: FastifyRequest): Body => {
  if (request.method !== 'POST') return { problem: null, value: undefined };
  const { body } = request;
  if (typeof body !== 'string') return { problem: httpProblems.FST_ERR_CTP_INVALID_MEDIA_TYPE };
  if (body === '') return { problem: httpProblems.FST_ERR_CTP_EMPTY_JSON_BODY };
  if (levelsOf(body) > mostLevels) return { problem: tooDeep };
  let result: Body = { problem: httpProblems.FST_ERR_CTP_INVALID_JSON_BODY };
  void app.getDefaultJsonParser('error', 'error')(request, body, (error, value: unknown) => {
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    if (error === null)
      result = isEmpty ? { problem: httpProblems.FST_ERR_CTP_EMPTY_JSON_BODY } : { problem: null, value };
  });
  return result;
};

// Of the text, before anything is made of it. Whether it is JSON is the parser's business.
const levelsOf = (text: string): number => {
  let level = 0;
  let deepest = 0;
  let isText = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (isText) {
      if (code === backslash) index += 1;
      else if (code === quote) isText = false;
    } else if (code === quote) isText = true;
    else if (code === brace || code === bracket) deepest = Math.max(deepest, (level += 1));
    else if (code === closingBrace || code === closingBracket) level -= 1;
  }
  return deepest;
};

const [quote, backslash, brace, bracket, closingBrace, closingBracket] = [34, 92, 123, 91, 125, 93];
