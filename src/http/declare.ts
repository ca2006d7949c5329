/**
 * One way to add a route: the same call puts it into the OpenAPI document and into the router, so the two cannot differ.
 *
 *  R1  `:phone` reaches a handler only as bare digits; everything else is 400 and touches nothing (C-01, C-05).
 *  R2  Query and body reach a handler only parsed by their schemas; a field of a wrong type is named in a 400.
 *  R3  A call that names another workspace than the number's is 409 before its handler runs (C-11).
 *  R4  A handler that throws becomes the 500 body of its own route, without the reason (C-08), with the request's id.
 *  R5  Send routes and registrations are refused while the bridge can keep nothing more: their receipts and failures would
 *      have no place (app-client/outbox-bounds.ts OB1).
 *
 * The library's own validators are not used: they answer 415 to bodies that contract README §1 reads as `{}`, and know
 * neither the `json` wrapper nor urlencoded lists.
 */
import { type OpenAPIHono, type RouteConfig, type RouteHandler, z } from '@hono/zod-openapi';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Numbers, Vitals } from '../actors/protocol.ts';
import type { Log } from '../log.ts';
import { parseDigits } from '../phone.ts';
import { readBody, unwrap } from './body.ts';
import type { BodyRead, HttpContext, HttpEnv, Middleware } from './env.ts';
import { INTERNAL } from './errors.ts';
import { workspaceId } from './schemas/common.ts';

export type RouteOptions = {
  /** Steps after the guard, such as the strict token. */
  readonly before?: readonly Middleware[];
  /** A send route: reads the fields of `body.json` when there is one, and is refused while the bridge is full (R5). */
  readonly wrapped?: boolean;
  /** A registration of something to be sent: refused while the bridge is full, too (R5). */
  readonly refusedWhenFull?: boolean;
  /** The route's 500 body (contract clients and messages, "error" rows). */
  readonly failure?: (details: string) => object;
};

export type Declare = <R extends RouteConfig>(
  route: R,
  options: RouteOptions,
  handler: RouteHandler<R, HttpEnv>,
) => void;

type Refusal = { readonly status: 400 | 409 | 413 | 503; readonly body: object };

/** `c.json` that keeps literals, so that the compiler checks words and codes against the route's declared answers. */
export const reply = <const B extends object, S extends ContentfulStatusCode>(c: HttpContext, status: S, body: B) =>
  c.json(body, status);

export function declarer(app: OpenAPIHono<HttpEnv>, numbers: Numbers, vitals: Vitals, log: Log): Declare {
  return (route, options, handler) => {
    app.openAPIRegistry.registerPath(route);
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const withPhone = path.includes(':phone');
    const schema = bodySchema(route);

    const accept = async (c: HttpContext): Promise<Refusal | undefined> => {
      const phone = withPhone ? parseDigits(c.req.param('phone') ?? '') : undefined;
      if (withPhone && phone === undefined) return invalid('Invalid phone number');
      if (phone === undefined && schema === undefined) return undefined;
      const read = await readBody(c);
      if (read.kind !== 'read') return unreadable(read);
      const fields = options.wrapped ? unwrap(read.body) : read.body;
      const workspace = workspaceId.safeParse(c.req.query('workspace_id') || fields['workspace_id']);
      if (!workspace.success) return invalid('Invalid workspace_id');
      if (phone !== undefined && isForeign(numbers, phone, workspace.data)) return foreignWorkspace;
      if ((options.wrapped || options.refusedWhenFull) && vitals.outbox().room === 'full') return bridgeFull;
      const parsed = schema?.safeParse(fields);
      if (parsed?.success === false) return invalid(`Invalid ${parsed.error.issues[0]?.path.join('.') || 'body'}`);
      if (parsed) c.req.addValidatedData('json', parsed.data as object);
      if (phone !== undefined) c.req.addValidatedData('param', { phone });
      if (workspace.data !== undefined) c.set('workspace', workspace.data);
      return undefined;
    };

    const run: Middleware = async function run(c, next) {
      const refusal = await accept(c);
      if (refusal) return c.json(refusal.body, refusal.status);
      try {
        return (await (handler as Middleware)(c, next)) as Response;
      } catch (error) {
        const requestId = c.get('requestId');
        log.error({ err: error, route: path, requestId }, 'a route failed');
        const body = options.failure?.(INTERNAL) ?? { error: 'Internal Server Error', message: INTERNAL };
        return c.json({ ...body, requestId }, 500);
      }
    };
    app.on(route.method, [path], ...(options.before ?? []), run);
  };
}

const invalid = (error: string): Refusal => ({ status: 400, body: { error } });
export const foreignWorkspace = { status: 409, body: { error: 'Number belongs to another workspace' } } as const;

const bridgeFull = {
  status: 503,
  body: {
    error: 'BRIDGE FULL',
    details: 'The app does not take callbacks, or the disk is full: nothing is sent until there is room',
  },
} as const;

function isForeign(numbers: Numbers, phone: string, workspace: string | undefined): boolean {
  if (workspace === undefined) return false;
  const bound = numbers.workspace(phone);
  return bound !== undefined && bound !== workspace;
}

/** Who shows the token in the header is always read. */
export const noRoom = {
  status: 503,
  body: { error: 'Service Unavailable', message: 'Too many large bodies without X-Node-Token are under way' },
} as const;

function unreadable(read: Exclude<BodyRead, { kind: 'read' }>): Refusal {
  switch (read.kind) {
    case 'too large':
      return { status: 413, body: { error: 'Payload Too Large', message: 'The body is larger than 50 MB' } };
    case 'no room':
      return noRoom;
    case 'malformed':
      return { status: 400, body: { error: 'Bad Request', message: read.why } };
    case 'cut off':
      return { status: 400, body: { error: 'Bad Request', message: 'The body did not arrive' } };
    default:
      return read satisfies never;
  }
}

/** The schema that the route's document gives for its JSON body. */
function bodySchema(route: RouteConfig): z.ZodType | undefined {
  const media = route.request?.body?.content['application/json'];
  const schema = media !== undefined && 'schema' in media ? media.schema : undefined;
  return schema instanceof z.ZodType ? schema : undefined;
}
