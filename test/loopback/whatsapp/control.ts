/**
 * The control API of the WhatsApp side: the operations over HTTP, for tests in other processes and for people.
 *
 * Owns: routes, validation, and the mapping of outcomes to statuses (400 malformed, 404 unknown, 409 refused).
 * Does not: do anything itself (`operations.ts`), listen (`../world.ts`).
 * Source: design/loopback.md, "Control API".
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { z } from 'zod';
import { FaultRequest } from './faults.ts';
import { FixtureRequest } from './fixtures.ts';
import { groupControl } from './group-operations.ts';
import { CloseRequest } from './numbers.ts';
import { ReceiptRequest } from './operations.ts';
import type { Operations, Outcome } from './operations.ts';
import type { PairingResult } from './pairing.ts';
import { PrepareRequest, ReleaseRequest } from './prepared.ts';
import { SendRequest } from './sending-request.ts';

const Phone = z.string().regex(/^\d{1,15}$/, 'a phone number is 1 to 15 digits');
const PhoneRequest = z.strictObject({ phone: Phone });
const ScanRequest = z.strictObject({ qr: z.string().min(1) });
const CodeRequest = z.strictObject({ code: z.string().min(1) });
/** How long `GET /numbers/:phone/next-login` waits. */
const NEXT_LOGIN_MS = 25_000;
const LoseMediaRequest = z.strictObject({ id: z.string(), forever: z.boolean().default(false) });
const ReceiptsRequest = z.strictObject({ mode: z.enum(['auto', 'manual', 'off']) });

export function whatsAppRoutes(world: Operations): Hono {
  const routes = new Hono();
  const phoneOf = (c: Context): string => Phone.parse(c.req.param('phone'));

  routes.onError((error, c) => {
    if (error instanceof z.ZodError) return c.json({ error: z.prettifyError(error) }, 400);
    if (error instanceof SyntaxError) return c.json({ error: 'the body is not JSON' }, 400);
    process.stderr.write(`loopback control: ${error.stack ?? error.message}\n`);
    return c.json({ error: error.message }, 500);
  });

  routes.post('/phones', async (c) => {
    const { phone } = PhoneRequest.parse(await c.req.json());
    return c.json({ phone, lid: world.createPhone(phone) });
  });
  routes.post('/phones/:phone/scan', async (c) =>
    paired(c, await world.scan(phoneOf(c), ScanRequest.parse(await c.req.json()).qr)),
  );
  routes.post('/phones/:phone/enter-code', async (c) =>
    paired(c, await world.enterCode(phoneOf(c), CodeRequest.parse(await c.req.json()).code)),
  );
  routes.post('/phones/:phone/unlink', (c) => done(c, world.unlink(phoneOf(c))));
  routes.post('/phones/:phone/send', (c) => send(c, (request) => world.sendFromPhone(phoneOf(c), request)));
  routes.get('/phones/:phone/messages', (c) => c.json(world.ownCopies(phoneOf(c))));

  routes.post('/contacts/:phone/send', (c) => send(c, (request) => world.sendFromContact(phoneOf(c), request)));
  routes.get('/contacts/:phone/messages', (c) => c.json(world.messages(phoneOf(c), c.req.query('from'))));
  routes.get('/contacts/:phone/count', (c) => c.json({ count: world.messageCount(phoneOf(c)) }));
  routes.get('/contacts/:phone/repeated', (c) => c.json(world.repeatedStanzas(phoneOf(c))));
  routes.get('/contacts/:phone/sent', (c) => c.json(world.sent(phoneOf(c))));
  routes.post('/contacts/:phone/receipts', async (c) => {
    world.setReceipts(phoneOf(c), ReceiptsRequest.parse(await c.req.json()).mode);
    return c.json({ ok: true });
  });
  routes.post('/contacts/:phone/receipt', async (c) =>
    done(c, world.receipt(phoneOf(c), ReceiptRequest.parse(await c.req.json()))),
  );
  routes.post('/contacts/:phone/lose-media', async (c) => {
    const { id, forever } = LoseMediaRequest.parse(await c.req.json());
    return done(c, world.loseMedium(phoneOf(c), id, forever));
  });
  routes.delete('/contacts/:phone', (c) => {
    world.removeContact(phoneOf(c));
    return c.json({ ok: true });
  });
  routes.post('/contacts/:phone/prepare', async (c) => {
    const ids = await world.prepare(phoneOf(c), PrepareRequest.parse(await c.req.json()));
    return ids === undefined ? c.json({ error: 'the number has no linked device' }, 409) : c.json({ ids });
  });
  routes.post('/release', async (c) => c.json(await world.release(ReleaseRequest.parse(await c.req.json()))));

  routes.get('/numbers', (c) => c.json({ online: world.online() }));
  routes.get('/numbers/:phone', (c) => c.json(world.number(phoneOf(c))));
  routes.get('/numbers/:phone/next-login', async (c) => {
    const at = await world.nextLogin(phoneOf(c), NEXT_LOGIN_MS);
    return at === undefined ? c.json({ error: `no login within ${NEXT_LOGIN_MS} ms` }, 409) : c.json({ at });
  });
  routes.post('/numbers/:phone/close', async (c) =>
    done(c, world.closeNumber(phoneOf(c), CloseRequest.parse(await c.req.json()))),
  );

  routes.post('/faults', async (c) => {
    world.applyFaults(FaultRequest.parse(await c.req.json()));
    return c.json({ ok: true });
  });
  routes.get('/checks', (c) => c.json(world.checks()));
  routes.get('/checks/details', (c) => c.json(world.checkDetails()));
  routes.post('/fixtures/paired', async (c) =>
    c.json({ phones: await world.makePaired(FixtureRequest.parse(await c.req.json())) }),
  );
  return routes.route('/', groupControl(world.groups));
}

async function send(
  c: Context,
  act: (request: SendRequest) => ReturnType<Operations['sendFromContact']>,
): Promise<Response> {
  const result = await act(SendRequest.parse(await c.req.json()));
  return result.kind === 'sent' ? c.json({ id: result.id }) : c.json({ error: result.reason }, 409);
}

function paired(c: Context, result: PairingResult): Response {
  return result.kind === 'paired' ? c.json({ jid: result.jid }) : c.json({ error: result.reason }, 409);
}

function done(c: Context, outcome: Outcome): Response {
  return outcome.kind === 'done' ? c.json({ ok: true }) : c.json({ error: outcome.reason }, 409);
}
