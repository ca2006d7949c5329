/**
 * The two calls that wait: initialize-client for a QR string, get-pairing-code for a code (contract clients §1, §5).
 *
 *  PA1  The attempt belongs to the number, not to the call: parallel calls share it, a caller that hangs up ends nothing.
 *  PA2  The answer goes out as soon as there is one; no call waits longer than its limit.
 *  PA3  Nothing here discards a login; when one is saved, the answer says that it is kept.
 *
 * Deliberately not here: the attempt itself (machines/number.ts).
 */
import type { Numbers, NumberView } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { type Declare, foreignWorkspace, reply } from '../declare.ts';
import { getPairingCode, initializeClient } from '../schemas/clients.ts';

/** A code that is older is replaced, so that its owner still has a minute to type it (contract clients §5). */
const CODE_FRESH_MS = 120_000;

export type PairingWaits = {
  /** Contract clients §1: 30 s. */
  readonly initializeMs: number;
  /** Contract clients §5: 45 s. */
  readonly codeMs: number;
  /** How long a number may be down before that counts as its end: a refused login is discarded and paired anew in passing. */
  readonly downMs: number;
};

export type PairingRoutes = { readonly numbers: Numbers; readonly clock: Clock; readonly waits: PairingWaits };

type End = { readonly kind: 'done' | 'late' | 'down'; readonly view: NumberView };

export function pairingRoutes(declare: Declare, { numbers, clock, waits }: PairingRoutes): void {
  const failing = (details: string) => ({ error: 'Failed to initialize client', details });
  declare(initializeClient, { failure: failing }, async (c) => {
    const { phone } = c.req.valid('param');
    const started = numbers.start(phone, 'qr', c.get('workspace'));
    if (started.kind === 'draining') return reply(c, 503, { error: 'Shutting down' });
    if (started.kind === 'other workspace') return reply(c, 409, foreignWorkspace.body);
    const { kind, view } = await waitFor(phone, (now) => now.ready || hasQr(now), waits.initializeMs);
    if (kind !== 'done') return reply(c, 500, failing(whyNot(kind, view, 'QR code', waits.initializeMs)));
    if (view.ready) return reply(c, 200, { message: 'Client already ready', qr: null, status: 'connected' });
    return reply(c, 200, { qr: view.qr ?? '', message: 'QR code generated', status: 'qr_ready' });
  });

  const failingCode = (details: string) =>
    ({ success: false, error: 'Failed to generate pairing code', details }) as const;
  declare(getPairingCode, { failure: failingCode }, async (c) => {
    const { phone } = c.req.valid('param');
    const askedAt = clock.now();
    const before = numbers.view(phone);
    if (!before.ready && !hasCode(before)) {
      const started = numbers.start(phone, 'code', c.get('workspace'));
      if (started.kind === 'draining') return reply(c, 503, { error: 'Shutting down' });
      if (started.kind === 'other workspace') return reply(c, 409, foreignWorkspace.body);
    }
    const { kind, view } = await waitFor(phone, (now) => now.ready || hasCode(now), waits.codeMs);
    if (kind === 'done') {
      if (view.ready)
        return reply(c, 200, { success: false, message: 'Client already ready', already_connected: true });
      const code = view.code ?? '';
      const isOld = (view.codeAt ?? askedAt) < askedAt;
      const message = isOld ? 'Pairing code (existing)' : 'Pairing code generated successfully';
      return reply(c, 200, { success: true, code, pairing_code: code, status: 'code_ready', message, expires_in: 180 });
    }
    const details = whyNot(kind, view, 'pairing code', waits.codeMs);
    if (kind === 'down') return reply(c, 500, failingCode(details));
    return reply(c, 408, { success: false, error: 'Pairing code generation timeout', details });
  });

  const hasCode = ({ code, codeAt, lingering }: NumberView): boolean =>
    code !== undefined && codeAt !== undefined && clock.now() - codeAt < CODE_FRESH_MS && !lingering;

  /** PA2. `down` when the number stopped trying before it was done. */
  async function waitFor(phone: string, isDone: (view: NumberView) => boolean, ms: number): Promise<End> {
    const deadline = clock.now() + ms;
    for (;;) {
      await numbers.until(phone, (now) => isDone(now) || isDown(now), deadline);
      const view = numbers.view(phone);
      if (isDone(view)) return { kind: 'done', view };
      if (clock.now() >= deadline) return { kind: 'late', view };
      const patience = Math.min(deadline, clock.now() + waits.downMs);
      const goesOn = await numbers.until(phone, (now) => isDone(now) || !isDown(now), patience);
      if (!goesOn) return { kind: clock.now() >= deadline ? 'late' : 'down', view: numbers.view(phone) };
    }
  }
}

const hasQr = (view: NumberView): boolean => view.qr !== undefined && !view.lingering;
const isDown = (view: NumberView): boolean => view.state === 'disconnected' && !view.lingering;

function whyNot(kind: 'late' | 'down', view: NumberView, what: string, ms: number): string {
  if (view.quarantined) return 'The number was stopped after repeated crashes; the log of the bridge has the reason';
  const why = view.why === undefined ? '' : ` (${view.why})`;
  if (view.paired && kind === 'late') return `The saved login is kept and is reconnecting${why}`;
  if (view.paired) return `The saved login is kept; the number is not connected${why}`;
  return kind === 'late' ? `No ${what} within ${Math.round(ms / 1000)} seconds${why}` : `The connection ended${why}`;
}
