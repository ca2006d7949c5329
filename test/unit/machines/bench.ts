/**
 * One number on a simulated clock, with a hand on its connection: says what WhatsApp would, and keeps what the machine
 * said, asked and opened.
 */
import { createActor, fromCallback, type InspectionEvent } from 'xstate';
import { numberMachine, viewOf } from '../../../src/machines/number.ts';
import type {
  ConnectionEvent,
  ConnectionInput,
  ConnectionRequest,
  NumberEmitted,
  NumberEvent,
  NumberFacts,
  NumberInput,
} from '../../../src/machines/number.types.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

export const DIGITS = '5511987654321';
export const ACCOUNT = { id: `${DIGITS}:7@s.whatsapp.net`, lid: '1234567890', name: 'Shop' };
export const OTHER_ACCOUNT = { id: '4915112345678:1@s.whatsapp.net' };

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

type Attempt = {
  readonly input: ConnectionInput;
  readonly at: number;
  endedAt: number | undefined;
  codesAsked: number;
};

export type Bench = ReturnType<typeof bench>;

/** Starts a number. The machine's defaults are an unpaired, not stopped number without jitter. */
export function bench(given: Partial<NumberInput> = {}, inspect?: (event: InspectionEvent) => void) {
  const time = new SimulatedTime();
  const start = time.now();
  const attempts: Attempt[] = [];
  const said: (NumberEmitted & { readonly at: number })[] = [];
  const errors: unknown[] = [];
  let overlap = 0;
  const voices: ((event: ConnectionEvent) => void)[] = [];

  const open = () => attempts.filter((attempt) => attempt.endedAt === undefined);
  const connection = fromCallback<ConnectionRequest, ConnectionInput>(({ input, sendBack, receive }) => {
    const attempt: Attempt = { input, at: time.now() - start, endedAt: undefined, codesAsked: 0 };
    attempts.push(attempt);
    overlap = Math.max(overlap, open().length);
    voices.push(sendBack);
    receive(() => {
      attempt.codesAsked += 1;
    });
    return () => {
      attempt.endedAt = time.now() - start;
    };
  });

  const actor = createActor(numberMachine.provide({ actors: { connection } }), {
    input: { digits: DIGITS, paired: false, stopped: false, random: () => 0, ...given },
    clock: time as never,
    ...(inspect && { inspect }),
  });
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.on('*', (fact) => said.push({ ...fact, at: time.now() - start }));
  actor.start();

  return {
    actor,
    attempts,
    /** The mouth of every connection so far, also of those that are gone. */
    voices,
    said,
    errors,
    time,
    open,
    get overlap() {
      return overlap;
    },
    send: (event: NumberEvent) => actor.send(event),
    /** What WhatsApp says on the newest connection, if the machine still has one. */
    hear: (event: ConnectionEvent) => (open().length > 0 ? voices.at(-1)?.(event) : undefined),
    view: (): NumberFacts => viewOf(actor.getSnapshot()),
    after: (ms: number) => time.advance(ms),
    now: () => time.now() - start,
    /** The update-status callbacks so far, as `word/progress`. */
    statuses: () => said.flatMap((fact) => (fact.type === 'status' ? [`${fact.status}/${fact.progress}`] : [])),
    facts: <T extends NumberEmitted['type']>(type: T) =>
      said.filter((fact): fact is Extract<NumberEmitted, { type: T }> & { at: number } => fact.type === type),
    last: () => attempts.at(-1),
  };
}

export const closed = (code?: number, text = 'gone'): ConnectionEvent => ({
  type: 'closed',
  reason: code === undefined ? { text } : { code, text },
});

/** A paired number, restored and ready. */
export function ready(given: Partial<NumberInput> = {}): Bench {
  const number = bench({ paired: true, ...given });
  number.send({ type: 'restore' });
  number.hear({ type: 'opened', account: ACCOUNT });
  number.after(2 * SECOND);
  return number;
}

/** An unpaired number showing its first QR. */
export function showingQr(): Bench {
  const number = bench();
  number.send({ type: 'initialize', want: 'qr' });
  number.hear({ type: 'qr', qr: 'qr 1' });
  return number;
}

/** The phone scans: the login is on disk, WhatsApp asks for a restart. */
export function scan(number: Bench): void {
  number.hear({ type: 'paired', account: ACCOUNT });
  number.hear(closed(515, 'Stream Errored (restart required)'));
}
