/**
 * The four small clocks beside the six states, each a region of its own, so that a timer neither restarts nor dies when
 * the number moves from `connecting` to `qr` to `pairing` and back.
 *
 *  NR1  `socket` is `up` for exactly one connection attempt; a new `dial` ends the old attempt first. There is no second
 *       place that starts one, so there are never two (C-18).
 *  NR2  A pairing without a login ends by itself: 90 s to the first QR, 90 s to the scan, 180 s for a code.
 *  NR3  A terminated pairing, or explicit start, lives on, hidden, for 30 s; an initialize takes it over (C-19).
 *  NR4  `Qr generated` is said at most once in 5 s; the latest QR wins.
 */
import { number } from './number-setup.ts';
import type { Expiry } from './pairing.ts';

const expired = (reason: Expiry) => number.raise({ type: 'pairing expired', reason });

/** NR1. */
export const socket = number.createStateConfig({
  initial: 'down',
  states: {
    down: { on: { dial: 'up' } },
    up: {
      invoke: {
        id: 'connection',
        src: 'connection',
        input: ({ context: { digits, login, attempt } }) =>
          ({ digits, attempt, mode: login === 'none' ? 'pair' : 'login' }) as const,
      },
      on: { dial: { target: 'up', reenter: true }, closed: 'down', 'hang up': 'down' },
    },
  },
});

/** NR2. From `paired` on there is a login to come back to, and patience is no longer needed. */
export const patience = number.createStateConfig({
  initial: 'off',
  states: {
    off: { on: { dial: { guard: 'has no login', target: 'on' } } },
    on: {
      initial: 'for a QR',
      on: { paired: 'off', 'hang up': 'off' },
      states: {
        'for a QR': {
          after: { 'first QR': { actions: expired('no connection') } },
          on: { qr: 'for a scan' },
        },
        'for a scan': {
          after: { scan: { actions: expired('QR timeout') } },
          on: { code: 'for a fresh code' },
        },
        'for a fresh code': {
          after: { 'code fresh': { target: 'for a stale code', actions: 'the code is stale' } },
          on: { code: { target: 'for a fresh code', reenter: true } },
        },
        'for a stale code': {
          after: { 'code stale': { actions: expired('code expired') } },
          on: { code: 'for a fresh code' },
        },
      },
    },
  },
});

/** NR3. */
export const linger = number.createStateConfig({
  initial: 'off',
  states: {
    off: { on: { linger: 'on' } },
    on: {
      after: { linger: { target: 'off', actions: number.raise({ type: 'linger over' }) } },
      on: { initialize: 'off', 'hang up': 'off' },
    },
  },
});

/** NR4. */
export const display = number.createStateConfig({
  initial: 'free',
  states: {
    free: { on: { 'show qr': { guard: 'has a QR to show', target: 'spaced', actions: 'show the QR' } } },
    spaced: {
      after: {
        'between QRs': [
          { guard: 'has a QR to show', target: 'spaced', reenter: true, actions: 'show the QR' },
          { target: 'free' },
        ],
      },
    },
  },
});
