/** The peer's remote control (design/loopback.md, `/app/*`), mounted on the loopback world's control server. */

import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { AppPeer } from './app-peer.types.ts';
import { MODES } from './faults.ts';

const json = z.record(z.string(), z.unknown());
const phone = z.string().regex(/^\d{6,20}$/);
const TABLES = z.enum(['schedules', 'broadcasts', 'campaigns']);
const proxy = z.looseObject({ enabled: z.boolean() });

const COMMANDS = {
  settings: z.looseObject({ phone: phone.optional(), proxy: proxy.optional(), workspace: z.string().optional() }),
  keyword: z.object({ keyword: z.string(), phone, answer: json }),
  routing: z.object({ text: z.string(), phone, flow: z.int() }),
  file: z.object({ path: z.string().regex(/^\/(uploads|storage)\//), base64: z.base64(), type: z.string() }),
  receipts: z.object({ updated: z.int().optional(), matched: z.boolean().optional() }),
  flow: z.object({ id: z.coerce.string(), flow: json.optional(), flow_data: json.optional() }),
  template: z.looseObject({ id: z.coerce.string() }),
  attributes: z.object({ workspace: z.coerce.string(), attributes: json }),
  knownJobs: z.object({ table: TABLES, ids: z.array(z.int()) }),
  flowAnswer: z.object({ path: z.string(), body: z.unknown(), status: z.int().optional() }),
  /** `bridge`: its base url; `aheadS`: as if that much time had passed. */
  sweep: z.object({ bridge: z.url(), aheadS: z.number().default(0) }),
  nextAnswer: z.object({ path: z.string(), body: z.unknown(), status: z.int().optional() }),
  mode: z.object({ path: z.string().optional(), mode: z.enum(MODES), ms: z.number().optional() }),
};

/** `answers` is another one after `forget`: it is looked up for each request. */
export function controlRoutes(peer: Omit<AppPeer, 'routes'>): Hono {
  const routes = new Hono();

  routes.get('/app/requests', (context) => {
    const { path, after } = context.req.query();
    return context.json(peer.requests({ ...(path ? { path } : {}), after: Number(after ?? 0) }));
  });
  routes.get('/app/violations', (context) => context.json(peer.violations()));

  const command = <T extends z.ZodType>(path: string, type: T, run: (input: z.output<T>) => void | Promise<void>) =>
    routes.post(path, async (context: Context) => {
      const parsed = type.safeParse(await context.req.json().catch(() => undefined));
      if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
      await run(parsed.data);
      return context.json({ ok: true });
    });

  command('/app/settings', COMMANDS.settings, ({ phone: number, proxy: ofNumber, workspace, ...fields }) =>
    peer.answers.settings(number, {
      ...fields,
      ...(ofNumber ? { proxy: ofNumber } : {}),
      ...(workspace === undefined ? {} : { workspace }),
    }),
  );
  command('/app/message-settings', json, (fields) => peer.answers.messageSettings(fields));
  command('/app/keyword', COMMANDS.keyword, (rule) => peer.answers.keyword(rule.keyword, rule.phone, rule.answer));
  command('/app/flow', COMMANDS.flow, ({ id, flow, flow_data }) =>
    peer.answers.flow(id, { ...(flow ? { flow } : {}), ...(flow_data ? { flow_data } : {}) }),
  );
  command('/app/routing', COMMANDS.routing, ({ text, phone: number, flow }) =>
    peer.answers.routing(text, number, flow),
  );
  command('/app/file', COMMANDS.file, ({ path, base64, type }) => peer.file(path, base64, type));
  command('/app/receipts', COMMANDS.receipts, ({ updated, matched }) =>
    peer.answers.receipts({ ...(updated !== undefined && { updated }), ...(matched !== undefined && { matched }) }),
  );
  command('/app/flow-answer', COMMANDS.flowAnswer, ({ path, body, status }) =>
    peer.answers.flows.set(path, body, status),
  );
  command('/app/parks', z.record(z.string(), json), (rows) => peer.answers.flows.parks(rows));
  routes.get('/app/flows', (context) => context.json(peer.answers.flows.state));
  routes.post('/app/sweep-delays', async (context) => {
    const parsed = COMMANDS.sweep.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
    const { bridge, aheadS } = parsed.data;
    const resumed = await peer.answers.flows.sweep(Date.now() + aheadS * 1_000, async (body) => {
      const headers = { 'content-type': 'application/json', 'x-node-token': peer.token };
      const url = `${bridge}/api/flow/resume-delay`;
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      await answer.body?.cancel();
      return answer.status;
    });
    return context.json({ resumed });
  });
  command('/app/schedules', z.array(z.unknown()), (rows) => peer.answers.jobs.active(rows));
  command('/app/campaigns', z.array(z.unknown()), (rows) => peer.answers.jobs.campaigns(rows));
  command('/app/template', COMMANDS.template, ({ id, ...template }) => peer.answers.jobs.template(id, template));
  command('/app/attributes', COMMANDS.attributes, ({ workspace, attributes }) =>
    peer.answers.jobs.attributes(workspace, attributes),
  );
  command('/app/known-jobs', COMMANDS.knownJobs, ({ table, ids }) => peer.answers.jobs.known(table, ids));
  routes.get('/app/jobs/:table{schedules|broadcasts|campaigns}/:id{[0-9]+}', (context) => {
    const { table, id } = context.req.param();
    const row = peer.answers.jobs.row(TABLES.parse(table), Number(id));
    if (!row) return context.json({ error: 'no callback spoke of it' }, 404);
    return context.json({
      ...row,
      recipients: Object.fromEntries(row.recipients),
      charged: [...row.charged],
    });
  });
  command('/app/next-answer', COMMANDS.nextAnswer, ({ path, body, status }) => peer.nextAnswer(path, body, status));
  command('/app/mode', COMMANDS.mode, (mode) => peer.mode(mode));
  return routes;
}
