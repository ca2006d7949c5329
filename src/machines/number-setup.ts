/**
 * The vocabulary of the number machine: every guard, action and delay by name. The sentences made of them are in
 * number.ts and number-regions.ts, what they remember is in number-memory.ts.
 *
 * Nothing here can throw and nothing has an effect: actions assign, raise, emit, or send to the connection that the
 * `socket` region keeps alive in exactly the states that send to it.
 */
import { assertEvent, assign, emit, enqueueActions, fromCallback, raise, setup } from 'xstate';
import { reasonText, type Verdict, verdict } from './close-reason.ts';
import type {
  ConnectionInput,
  ConnectionRequest,
  NumberContext,
  NumberEmitted,
  NumberEvent,
  NumberInput,
  NumberState,
  NumberTag,
} from './number.types.ts';
import { causeOf, failureOf, isAccountOf, jitterOf, memoryOf, noOffer } from './number-memory.ts';
import { hasFreshCode, mustAskForCode, PAIRING, unseenQr } from './pairing.ts';
import { type StatusWord, statusOf } from './status-words.ts';

/** `Ready` is said this long after open (clients §7). */
const SETTLE_MS = 2_000;
/** So much uptime makes earlier failures forgotten (clients §6.2); counted from open, like the settling. */
const UPTIME_MS = 60_000 - SETTLE_MS;
/** A paired number may be down this long before the app hears of it (C-39). */
const GRACE_MS = 60_000;
/** Connecting takes up to 60 s (clients §6.3); an attempt without any word for longer is given up as lost. */
const ATTEMPT_MS = 90_000;

export const number = setup({
  types: {
    context: {} as NumberContext,
    events: {} as NumberEvent,
    input: {} as NumberInput,
    emitted: {} as NumberEmitted,
    tags: {} as NumberTag,
  },
  actors: {
    /** One connection attempt; the real one comes in through `provide`. It must be silent once it is cleaned up. */
    connection: fromCallback<ConnectionRequest, ConnectionInput>(() => {}),
  },
  guards: {
    'has no login': ({ context }) => context.login === 'none',
    'is stopped': ({ context }) => context.stopped,
    'is a blip': ({ context }) => context.blip,
    'wants the code at hand': ({ context, event }) =>
      event.type === 'initialize' && event.want === 'code' && hasFreshCode(context),
    'wants a QR': ({ event }) => event.type === 'initialize' && event.want === 'qr',
    'is another account': ({ context, event }) =>
      event.type === 'opened' && !isAccountOf(event.account, context.digits),
    'has a QR to show': ({ context }) => unseenQr(context) !== undefined,
    'must wait': mustWait,
    'must wait for a QR': (now) => mustWait(now) && now.context.login === 'none',
    'must wait though stopped': (now) => mustWait(now) && now.context.stopped,
    /** The app may be told at once: somebody has just asked for this start (clients §9). */
    'must wait for its proxy': (now) => mustWait(now) && isProxyFault(now),
    'must wait for a QR and its proxy': (now) => mustWait(now) && isProxyFault(now) && now.context.login === 'none',
    'warns of another process': ({ event }) => verdictOf(event, 'replaced')?.warn === true,
    'goes on at once': ({ event }) => verdictOf(event, 'retry now') !== undefined,
    'pairing is refused': ({ event }) => verdictOf(event, 'stop')?.because === 'pairing',
    'login is refused': ({ event }) => verdictOf(event, 'stop')?.because === 'refused',
    'logged out by ourselves': ({ event }) => verdictOf(event, 'forget')?.ours === true,
    'may pair again': ({ event }) => verdictOf(event, 'forget')?.pairAgain === true,
    'login is gone': ({ event }) => verdictOf(event, 'forget') !== undefined,
  },
  actions: {
    /** On entering one of the six states. */
    entered: enqueueActions(({ context, event, enqueue }, params: { readonly to: NumberState }) => {
      const { to } = params;
      const why = causeOf(event);
      if (context.state !== to) enqueue.emit({ type: 'transition', from: context.state, to, why });
      const inPairing = to === 'connecting' || to === 'qr' || to === 'pairing';
      enqueue.assign({
        state: to,
        pairing: context.pairing && inPairing,
        why: to === 'connected' || inPairing ? undefined : why,
      });
    }),
    /** What any initialize says, wherever it arrives. */
    heed: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'initialize');
      if (context.stopped) enqueue.emit({ type: 'stopped changed', stopped: false });
      enqueue.assign({ want: event.want, explicit: true, stopped: false });
    }),
    'mark stopped': enqueueActions(({ context, enqueue }) => {
      if (!context.stopped) enqueue.emit({ type: 'stopped changed', stopped: true });
      enqueue.assign({ stopped: true, explicit: false });
    }),
    /** An explicit start from rest: old failures are no reason to wait. */
    begin: assign(({ context }) => ({
      pairing: context.login !== 'proven',
      failures: 0,
      replaced: 0,
      shownQr: undefined,
    })),
    dial: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ ...noOffer, attempt: context.attempt + 1, account: undefined });
      enqueue.raise({ type: 'dial' });
    }),
    'hang up': raise({ type: 'hang up' }),
    linger: raise({ type: 'linger' }),
    rest: assign({ ...noOffer, account: undefined, blip: false, explicit: false }),
    /** The socket has ended: decide, remember, and let the decision choose the next state. */
    judge: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'closed');
      const { reason } = event;
      const decision = verdict(reason, { ...context, random: jitterOf(context) });
      enqueue.emit({ type: 'ended', state: context.state, reason, verdict: decision });
      enqueue.assign({ ...noOffer, ...memoryOf(decision, context), account: undefined, why: reasonText(reason) });
      enqueue.raise({ type: 'verdict', verdict: decision, reason });
    }),
    /** A socket that says nothing is as good as a lost one. */
    'give up waiting': raise({ type: 'closed', reason: { code: 408, text: 'no word from WhatsApp in time' } }),
    /** Finding it took long enough: the next attempt needs no wait. */
    'count the deaf session': enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'health lost');
      const reason = { code: 408, text: event.why };
      enqueue.emit({ type: 'ended', state: context.state, reason, verdict: { kind: 'retry', delay: 0 } });
      enqueue.assign({ failures: context.failures + 1 });
    }),
    'forgive failures': assign({ failures: 0, replaced: 0 }),

    'take the QR': assign(({ context, event }) => ({ qr: event.type === 'qr' ? event.qr : context.qr })),
    /** A code when one is wanted, else the QR. */
    offer: enqueueActions(({ context, enqueue }) => {
      if (context.want === 'qr') enqueue.raise({ type: 'show qr' });
      if (!mustAskForCode(context)) return;
      enqueue.assign({ codeAsked: true });
      enqueue.sendTo('connection', { type: 'request code' });
    }),
    'show the QR': enqueueActions(({ context, enqueue }) => {
      const qr = unseenQr(context);
      if (qr === undefined) return;
      enqueue.emit({ type: 'status', ...statusOf('qr generated'), qr });
      enqueue.assign({ shownQr: qr });
    }),
    'take the code': assign(({ event }) => {
      assertEvent(event, 'code');
      return { code: event.code, codeAt: event.at, codeStale: false, codeAsked: false };
    }),
    'the code is stale': assign({ codeStale: true }),
    'take the new login': assign({ ...noOffer, login: 'fresh', failures: 0 }),
    'take the account': assign(({ event }) => {
      assertEvent(event, 'opened');
      return { account: event.account, login: 'proven' as const, refused: false };
    }),
    'refuse the account': enqueueActions(({ context, enqueue }) => {
      const fresh = context.login !== 'proven';
      enqueue.emit({ type: 'wrong account', fresh });
      if (fresh) enqueue.assign({ login: 'none' });
    }),
    'lose the login': enqueueActions(({ event, enqueue }) => {
      if (event.type === 'verdict') enqueue.emit({ type: 'login gone', reason: event.reason });
      enqueue.assign({ login: 'none', refused: false });
    }),
    'drop the login': assign({ login: 'none', refused: false }),
    'is ready': assign({ explicit: false, blip: false }),
    'may be a blip': assign({ blip: true }),
    /** Down for a minute: the app has to know, and whoever asked for a QR (at most 45 s, clients §5) has gone. */
    'is an outage': assign({ blip: false, explicit: false }),

    say: emit((_, params: { readonly word: StatusWord }) => ({ type: 'status' as const, ...statusOf(params.word) })),
    /** The app reads these words as "needs pair": never of a number that has a proven login (C-39), never when hidden. */
    'say while pairing': enqueueActions(({ context, enqueue }, params: { readonly word: StatusWord }) => {
      if (context.pairing && !context.stopped) enqueue.emit({ type: 'status', ...statusOf(params.word) });
    }),
    'say why pairing failed': enqueueActions(({ context, event, enqueue }) => {
      if (!context.stopped) enqueue.emit({ type: 'status', ...statusOf('pair failed', failureOf(event)) });
    }),
    warn: emit({ type: 'warning', text: 'replaced again and again: another process uses this login' }),
  },
  delays: {
    retry: ({ context }) => context.delay,
    settle: SETTLE_MS,
    uptime: UPTIME_MS,
    grace: GRACE_MS,
    'attempt deadline': ATTEMPT_MS,
    'first QR': PAIRING.firstQr,
    scan: PAIRING.scan,
    'code fresh': PAIRING.codeFresh,
    'code stale': PAIRING.codeStale,
    linger: PAIRING.linger,
    'between QRs': PAIRING.betweenQrs,
  },
});

type Situation = { readonly context: NumberContext; readonly event: NumberEvent };

/** The verdict is to connect again, later. */
function mustWait({ event }: Situation): boolean {
  return verdictOf(event, 'retry') !== undefined || verdictOf(event, 'replaced') !== undefined;
}

/** An explicit start that is not hidden met a proxy that does not work. */
function isProxyFault({ context, event }: Situation): boolean {
  return event.type === 'verdict' && event.reason.by === 'proxy' && context.explicit && !context.stopped;
}

function verdictOf<K extends Verdict['kind']>(event: NumberEvent, kind: K): Extract<Verdict, { kind: K }> | undefined {
  if (event.type !== 'verdict' || event.verdict.kind !== kind) return undefined;
  return event.verdict as Extract<Verdict, { kind: K }>;
}
