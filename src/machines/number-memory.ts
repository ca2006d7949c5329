/**
 * What the number machine remembers, as pure functions of its context: how it begins, what a close leaves behind, how a
 * cause reads. Plain data only, so that a snapshot can be inspected and compared.
 */
import { phoneOfJid, samePhone } from '../phone.ts';
import { reasonText, refusalText, type Verdict } from './close-reason.ts';
import type { Account, NumberContext, NumberEvent, NumberInput } from './number.types.ts';

/** Whatever could be scanned or typed belongs to one socket and ends with it. */
export const noOffer = {
  qr: undefined,
  code: undefined,
  codeAt: undefined,
  codeStale: false,
  codeAsked: false,
} as const satisfies Partial<NumberContext>;

export const birth = ({ input }: { readonly input: NumberInput }): NumberContext => ({
  ...noOffer,
  digits: input.digits,
  login: input.paired ? 'proven' : 'none',
  stopped: input.stopped,
  pairing: false,
  explicit: false,
  want: 'qr',
  state: 'disconnected',
  why: undefined,
  attempt: 0,
  failures: 0,
  replaced: 0,
  refused: false,
  delay: 0,
  seed: (input.random ?? Math.random)(),
  account: undefined,
  shownQr: undefined,
  blip: false,
});

/** 0..1, another for every attempt, none for seed 0: the multiples of a random number spread evenly (Weyl). */
export const jitterOf = ({ seed, attempt }: NumberContext): number => (seed * 97 * attempt) % 1;

/** What a close leaves behind in the memory of the number. */
export function memoryOf(decision: Verdict, context: NumberContext): Partial<NumberContext> {
  const counted = { failures: context.failures + 1, replaced: 0 };
  switch (decision.kind) {
    case 'retry':
      return { ...counted, delay: decision.delay };
    case 'replaced':
      return { ...counted, replaced: context.replaced + 1, delay: decision.delay };
    case 'retry now':
      return counted;
    case 'stop':
      return { ...counted, refused: context.refused || decision.because === 'refused' };
    case 'forget':
      return counted;
    default:
      return decision satisfies never;
  }
}

/** An id that is no phone number proves nothing, and nothing is unlinked on a doubt (clients §6.1). */
export function isAccountOf(account: Account, digits: string): boolean {
  const linked = phoneOfJid(account.id);
  return linked === undefined || samePhone(linked, digits);
}

/** Why a state was entered, in words for the operator and the history. Never a QR, code or account. */
export function causeOf(event: NumberEvent): string {
  switch (event.type) {
    case 'verdict':
    case 'closed':
      return reasonText(event.reason);
    case 'pairing expired':
      return event.reason;
    case 'health lost':
      return event.why;
    case 'code failed':
      return event.error;
    case 'stop':
    case 'linger over':
      return 'stopped by the operator';
    case 'forget':
      return 'unlinked';
    case 'opened':
      return 'linked to another account';
    default:
      return event.type.startsWith('xstate.') ? 'settled' : event.type;
  }
}

/** Why a pairing failed, for the status word. */
export const failureOf = (event: NumberEvent): string =>
  event.type === 'verdict' ? refusalText(event.reason) : causeOf(event);
