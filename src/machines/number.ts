/**
 * One WhatsApp number: six states, and what leads from each to the next (contract clients §1, §4-§7; design/architecture,
 * "The number machine in one table").
 *
 *  NM1  Every state answers `initialize`, `stop`, `forget` and `closed`; a repeated command changes nothing (C-18, C-19).
 *  NM2  A login is lost only by a `forget` (command or verdict) or a wrong account on a fresh pairing (C-17).
 *  NM3  `restore` never leads to a QR (C-51): a connection of mode `pair` is dialled only after an explicit initialize.
 *  NM4  A paired number that drops says nothing for 60 s, then `Disconnected`, then `Ready`; a shorter blip says nothing.
 *  NM5  `stop` hides a pairing and lets it live for 30 s. If the phone scans meanwhile, the pairing completes: the login
 *       is opened once, settles, and is then left in peace, paired and stopped, without a `Ready`. The same holds for an
 *       explicit start of a saved login that has not settled yet: older apps terminate and initialize every 2 s until
 *       the number is connected (clients §4.1), and a new socket each time would never settle.
 *  NM6  An attempt that reports nothing for 90 s counts as closed. Patience, lingering and spacing of QRs: number-regions.ts.
 *  NM7  No loop without a wait: at most 100 steps per event, else the actor fails and is restarted (restart.ts).
 *
 * What each code of a close means is in close-reason.ts. Deliberately not here: crashes and quarantine (restart.ts and
 * the supervisor), handles, storage, HTTP. The owner provides `connection`, which must be silent once it is cleaned up.
 */
import type { SnapshotFrom } from 'xstate';
import type { NumberContext, NumberFacts, NumberState } from './number.types.ts';
import { birth } from './number-memory.ts';
import { display, linger, patience, socket } from './number-regions.ts';
import { number } from './number-setup.ts';
import type { StatusWord } from './status-words.ts';

const entered = (to: NumberState) => ({ type: 'entered', params: { to } }) as const;
const say = (word: StatusWord) => ({ type: 'say', params: { word } }) as const;
const sayWhilePairing = (word: StatusWord) => ({ type: 'say while pairing', params: { word } }) as const;

/** A late word of a socket that is already gone. */
const ignored = {} as const;

/** An attempt has logged in: whose account is it, and then two seconds of settling before it counts (clients §7). */
const openedTo = (settling: '#connecting.settling' | '#restoring.settling') =>
  [
    { guard: 'is another account', target: '#disconnected', actions: ['refuse the account', say('mismatch')] },
    { target: settling, actions: 'take the account' },
  ] as const;

const settled = [
  { guard: 'is stopped', target: '#disconnected' },
  { guard: 'is a blip', target: '#connected' },
  { target: '#connected', actions: say('ready') },
] as const;

/** NM5. */
const hide = { actions: ['mark stopped', 'linger'] } as const;

const disconnected = number.createStateConfig({
  id: 'disconnected',
  entry: [entered('disconnected'), 'rest', 'hang up'],
  on: {
    initialize: { target: 'connecting', actions: ['heed', 'begin', sayWhilePairing('connecting')] },
    restore: [
      { guard: 'is stopped' },
      { guard: 'has no login', actions: say('disconnected') },
      { target: 'restoring' },
    ],
    stop: { actions: 'mark stopped' },
    closed: ignored,
  },
});

/** A saved login on its way back, for as long as it takes. NM4. */
const restoring = number.createStateConfig({
  id: 'restoring',
  tags: ['busy'],
  entry: entered('restoring'),
  after: { grace: { actions: ['is an outage', say('disconnected')] } },
  on: {
    verdict: [
      { guard: 'warns of another process', target: '.standing back', actions: 'warn' },
      { guard: 'must wait', target: '.waiting' },
    ],
  },
  initial: 'trying',
  states: {
    trying: {
      entry: 'dial',
      after: { 'attempt deadline': { actions: 'give up waiting' } },
      on: { opened: openedTo('#restoring.settling') },
    },
    settling: { after: { settle: settled } },
    waiting: { after: { retry: 'trying' }, on: { closed: ignored } },
    /** Another process took this login over and over: minutes, unless somebody asks. */
    'standing back': {
      after: { retry: 'trying' },
      on: { closed: ignored, initialize: { target: 'trying', actions: ['heed', 'forgive failures'] } },
    },
  },
});

/** An explicit start, with or without a login, up to its first settling. */
const connecting = number.createStateConfig({
  id: 'connecting',
  tags: ['busy'],
  entry: entered('connecting'),
  on: {
    stop: hide,
    qr: { guard: 'has no login', target: 'qr', actions: 'take the QR' },
    paired: { guard: 'has no login', target: '.approved', actions: 'take the new login' },
    verdict: [
      { guard: 'must wait for a QR and its proxy', target: '.waiting', actions: say('connection failed') },
      { guard: 'must wait for its proxy', target: 'restoring.waiting', actions: say('connection failed') },
      { guard: 'must wait for a QR', target: '.waiting', actions: sayWhilePairing('start failed') },
    ],
  },
  initial: 'trying',
  states: {
    trying: {
      entry: 'dial',
      after: { 'attempt deadline': { actions: 'give up waiting' } },
      on: { opened: openedTo('#connecting.settling') },
    },
    /** The phone has approved; this socket's last word will be 515. */
    approved: {
      after: { 'attempt deadline': { actions: 'give up waiting' } },
      on: { opened: openedTo('#connecting.settling') },
    },
    settling: { after: { settle: settled } },
    waiting: {
      after: { retry: { target: 'trying', actions: sayWhilePairing('reconnecting') } },
      on: { closed: ignored, qr: ignored, paired: ignored },
    },
  },
});

const qr = number.createStateConfig({
  tags: ['pairing'],
  entry: [entered('qr'), 'offer'],
  on: {
    stop: hide,
    initialize: [
      { guard: 'wants the code at hand', target: 'pairing', actions: 'heed' },
      { actions: ['heed', 'offer'] },
    ],
    qr: { actions: ['take the QR', 'offer'] },
    code: { target: 'pairing', actions: ['take the code', sayWhilePairing('code generated')] },
    'code failed': { target: 'disconnected', actions: 'say why pairing failed' },
    paired: { target: 'connecting.approved', actions: 'take the new login' },
  },
});

/** A code can be typed. The socket still rotates its QR strings: an initialize that wants one goes back to them. */
const pairing = number.createStateConfig({
  tags: ['pairing'],
  entry: entered('pairing'),
  on: {
    stop: hide,
    initialize: [{ guard: 'wants a QR', target: 'qr', actions: 'heed' }, { actions: ['heed', 'offer'] }],
    qr: { actions: 'take the QR' },
    code: { actions: ['take the code', sayWhilePairing('code generated')] },
    'code failed': { target: 'disconnected', actions: 'say why pairing failed' },
    paired: { target: 'connecting.approved', actions: 'take the new login' },
  },
});

const connected = number.createStateConfig({
  id: 'connected',
  tags: ['live'],
  entry: [entered('connected'), 'is ready'],
  exit: 'may be a blip',
  on: {
    initialize: ignored,
    stop: { target: 'disconnected', actions: ['mark stopped', say('disconnected')] },
    'health lost': { target: 'restoring', actions: 'count the deaf session' },
  },
  initial: 'young',
  states: {
    young: { after: { uptime: { target: 'proven', actions: 'forgive failures' } } },
    proven: {},
  },
});

/** The machine. Give it its connection with `.provide({ actors: { connection } })` and its clock with `createActor`. */
export const numberMachine = number.createMachine({
  id: 'number',
  context: birth,
  options: { maxIterations: 100 },
  type: 'parallel',
  states: {
    number: {
      initial: 'disconnected',
      on: {
        initialize: { actions: 'heed' },
        stop: { target: '.disconnected', actions: 'mark stopped' },
        'linger over': '.disconnected',
        forget: { target: '.disconnected', actions: ['drop the login', say('logged out')] },
        'pairing expired': { target: '.disconnected', actions: 'say why pairing failed' },
        closed: { actions: 'judge' },
        verdict: [
          { guard: 'must wait for a QR', target: '.connecting.waiting' },
          { guard: 'must wait though stopped', target: '.disconnected' },
          { guard: 'warns of another process', target: '.restoring.standing back', actions: 'warn' },
          { guard: 'must wait', target: '.restoring.waiting' },
          { guard: 'goes on at once', target: '.connecting.trying', actions: sayWhilePairing('syncing data') },
          { guard: 'pairing is refused', target: '.disconnected', actions: 'say why pairing failed' },
          { guard: 'login is refused', target: '.disconnected', actions: say('logged out') },
          { guard: 'logged out by ourselves', target: '.disconnected', actions: 'drop the login' },
          {
            guard: 'may pair again',
            target: '.connecting.trying',
            actions: ['lose the login', say('logged out'), 'begin', sayWhilePairing('connecting')],
          },
          { guard: 'login is gone', target: '.disconnected', actions: ['lose the login', say('logged out')] },
        ],
      },
      states: { disconnected, restoring, connecting, qr, pairing, connected },
    },
    socket,
    patience,
    linger,
    display,
  },
});

export type NumberSnapshot = SnapshotFrom<typeof numberMachine>;

/** What may be known of a number outside of its machine. The only reader of the context. */
export function viewOf(snapshot: NumberSnapshot): NumberFacts {
  const { context } = snapshot;
  const lingering = snapshot.matches({ linger: 'on' });
  const ready = snapshot.hasTag('live');
  return {
    state: lingering ? 'disconnected' : context.state,
    ready,
    paired: context.login !== 'none',
    stopped: context.stopped,
    lingering,
    ...(ready && context.account && { user: context.account }),
    ...(!lingering && context.state === 'qr' && context.qr !== undefined && { qr: context.qr }),
    ...(!lingering && context.state === 'pairing' && codeOf(context)),
    ...(context.why !== undefined && { why: context.why }),
  };
}

const codeOf = ({ code, codeAt }: NumberContext): Pick<NumberFacts, 'code' | 'codeAt'> =>
  code === undefined || codeAt === undefined ? {} : { code, codeAt };
