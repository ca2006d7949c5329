/**
 * What operators ask and set about connections: the history of a number, the WhatsApp Web version.
 *
 *  OP1  The version routes need the strict token: they change how every number appears, and list numbers.
 *  OP2  Nothing secret is told: causes come scrubbed (actors/history.ts).
 */
import type { HistoryEntry, Operator, WhatsAppVersion } from '../../actors/protocol.ts';
import { parseDigits } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { iso } from '../iso.ts';
import { clientHistory, getWhatsAppVersion, setWhatsAppVersion } from '../schemas/operator.ts';

export type OperatorRoutes = { readonly operator: Operator; readonly strict: Middleware };

export function operatorRoutes(declare: Declare, { operator, strict }: OperatorRoutes): void {
  const failure = (error: string) => ({ ok: false, error });

  declare(clientHistory, { failure }, (c) => {
    const phoneNumber = c.req.valid('param').phone;
    const limits = operator.limits(phoneNumber).map(({ at, until, ...rest }) => ({
      ...rest,
      at: iso(at),
      until: iso(until),
    }));
    return reply(c, 200, { phoneNumber, history: operator.history(phoneNumber).map(entryOf), limits });
  });

  declare(getWhatsAppVersion, { before: [strict], failure }, (c) => reply(c, 200, versionsOf(operator)));

  declare(setWhatsAppVersion, { before: [strict], failure }, async (c) => {
    const { version, phone } = c.req.valid('json');
    const digits = phone === '' ? undefined : parseDigits(phone);
    if (phone !== '' && digits === undefined) return reply(c, 400, { error: 'Invalid phone number' });
    await operator.setVersion(version === null ? undefined : parsed(version), digits);
    return reply(c, 200, versionsOf(operator));
  });
}

const entryOf = ({ at, state, cause, code, next, nextAt }: HistoryEntry) => ({
  at: iso(at),
  state,
  cause,
  ...(code !== undefined && { code }),
  ...(next !== undefined && { next }),
  ...(nextAt !== undefined && { nextAt: iso(nextAt) }),
});

function versionsOf(operator: Operator) {
  const { fallback, latest, all, numbers } = operator.versions();
  return {
    ok: true,
    default: shown(fallback),
    latest: latest ? { version: shown(latest.version), at: iso(latest.at) } : null,
    all: all ? shown(all) : null,
    numbers: Object.fromEntries(Object.entries(numbers).map(([digits, version]) => [digits, shown(version)])),
  } as const;
}

const shown = (version: WhatsAppVersion): string => version.join('.');

function parsed(version: string): WhatsAppVersion {
  const [a = 0, b = 0, c = 0] = version.split(/[.,]/).map(Number);
  return [a, b, c];
}
