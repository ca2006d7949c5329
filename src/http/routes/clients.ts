/**
 * Looking at numbers and ending their connections (contract clients §2-§4).
 *
 *  CL1  Status and probe routes read one view and change nothing (C-20).
 *  CL2  Only a ready number is called connected; a pairing hidden by a terminate reads as disconnected.
 *
 * Deliberately not here: starting and pairing (pairing.ts).
 */
import type { Account, Numbers, NumberView } from '../../actors/protocol.ts';
import { extractDigits, lidJid } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { checkConnection, clientStatus, clientsStatus, terminateClient, unlinkClient } from '../schemas/clients.ts';

/** Contract clients §3. */
const MAX_PHONES = 1_000;

export type ClientRoutes = {
  readonly numbers: Numbers;
  readonly strict: Middleware;
  /** `TERMINATE_UNLINKS`: terminate-client logs out, as older bridges did. */
  readonly terminateUnlinks: boolean;
};

export function clientRoutes(declare: Declare, { numbers, strict, terminateUnlinks }: ClientRoutes): void {
  const failing = (error: string) => ({ failure: (details: string) => ({ error, details }) });

  declare(clientStatus, failing('Failed to get client status'), (c) => {
    const view = numbers.view(c.req.valid('param').phone);
    const phoneNumber = view.digits;
    const shown = shownState(view);
    switch (shown.status) {
      case 'connected':
        return reply(c, 200, { status: 'connected', phoneNumber, isReady: true, user: userOf(view.user) });
      case 'qr_ready':
        return reply(c, 200, { status: 'qr_ready', phoneNumber, isReady: false, qr: shown.qr });
      case 'code_ready':
        return reply(c, 200, { status: 'code_ready', phoneNumber, isReady: false, code: shown.code });
      case 'disconnected':
        return reply(c, 200, { status: 'disconnected', phoneNumber, isReady: false });
      default:
        return shown satisfies never;
    }
  });

  const failingList = (details: string) => ({ ok: false, error: 'Failed to get clients status', details });
  declare(clientsStatus, { before: [strict], failure: failingList }, (c) => {
    const workspace = c.get('workspace');
    const statuses: Record<string, { status: Shown['status']; isReady: boolean }> = {};
    for (const digits of digitsOf(c.req.valid('json').phones)) {
      const bound = workspace === undefined ? undefined : numbers.workspace(digits);
      const foreign = bound !== undefined && bound !== workspace;
      const status = foreign ? 'disconnected' : shownState(numbers.view(digits)).status;
      statuses[digits] = { status, isReady: status === 'connected' };
    }
    return reply(c, 200, { ok: true, count: Object.keys(statuses).length, statuses });
  });

  declare(terminateClient, failing('Failed to terminate client'), async (c) => {
    const { phone } = c.req.valid('param');
    const { kind } = terminateUnlinks ? await numbers.unlink(phone) : numbers.stop(phone);
    if (kind === 'not found') {
      const message = 'Client not found or already terminated';
      return reply(c, 200, { message, phoneNumber: phone, status: 'not_found' });
    }
    return reply(c, 200, { message: 'Client terminated successfully', phoneNumber: phone, status: 'terminated' });
  });

  declare(unlinkClient, failing('Failed to unlink client'), async (c) => {
    const { phone } = c.req.valid('param');
    const unlinked = await numbers.unlink(phone);
    if (unlinked.kind === 'not found') {
      const message = 'Client not found or already unlinked';
      return reply(c, 200, { message, phoneNumber: phone, status: 'not_found' });
    }
    const { remote } = unlinked;
    return reply(c, 200, { message: 'Client unlinked successfully', phoneNumber: phone, status: 'unlinked', remote });
  });

  declare(checkConnection, failing('Failed to check connection'), (c) => {
    const view = numbers.view(c.req.valid('param').phone);
    const phoneNumber = view.digits;
    if (!view.ready) {
      const message = 'Device is not connected';
      return reply(c, 200, { status: 'NOT_CONNECTED', message, phoneNumber, cleaned: false });
    }
    const user = userOf(view.user);
    return reply(c, 200, { status: 'CONNECTED', message: 'Device is connected', phoneNumber, user, cleaned: false });
  });
}

type Shown =
  | { readonly status: 'connected' | 'disconnected' }
  | { readonly status: 'qr_ready'; readonly qr: string }
  | { readonly status: 'code_ready'; readonly code: string };

/** The first row of contract clients §2 that applies. */
function shownState(view: NumberView): Shown {
  if (view.ready) return { status: 'connected' };
  if (view.lingering) return { status: 'disconnected' };
  if (view.qr !== undefined) return { status: 'qr_ready', qr: view.qr };
  if (view.code !== undefined) return { status: 'code_ready', code: view.code };
  return { status: 'disconnected' };
}

const userOf = (user: Account | undefined) =>
  user ? { id: user.id, name: user.name ?? null, lid: user.lid === undefined ? null : lidJid(user.lid) } : null;

function digitsOf(phones: readonly unknown[]): Set<string> {
  const found = new Set<string>();
  for (const phone of phones) {
    const digits = typeof phone === 'string' || typeof phone === 'number' ? extractDigits(String(phone)) : undefined;
    if (digits !== undefined && found.size < MAX_PHONES) found.add(digits);
  }
  return found;
}
