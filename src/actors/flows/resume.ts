/**
 * What goes on because somebody else says so: orders, forms, Google forms (contract flows §1.2).
 *
 *  RS1  A wait is taken once: a repeat finds none and changes nothing (F-55).
 *  RS2  The answer comes when the wait is taken, on disk; the branch runs behind it (F-23), and behind what is paused.
 *  RS3  Who is not here is looked for in the app's park before it counts as missing (F-07).
 */
import { byDeadline, type Clock } from '../../clock.ts';
import { type Fields, isObject, mapOf } from '../../content/loose.ts';
import { type Identity, parseDigits, samePhone } from '../../phone.ts';
import type { Definitions } from './definitions.ts';
import type { Parks } from './parks.ts';
import type { OrderMeta, ResumeAnswer, WhichSession } from './protocol.ts';
import type { Rows } from './rows.ts';
import type { OpenWait, SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import { callOf, leaveBy, targetsOf } from './steps.ts';
import { shown, Variables } from './variables.ts';
import { customerOf } from './visit.ts';
import type { Wait } from './waits.types.ts';

/** Contract flows §1.3: within 5 s. */
const ANSWER_MS = 4_500;

export type ResumeOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly parks: Parks;
  readonly definitions: Definitions;
  readonly clock: Clock;
};

type Way = {
  readonly port: number;
  readonly first?: true;
  readonly variables: readonly (readonly [string, unknown])[];
};

export class Resume {
  readonly #o: ResumeOptions;

  constructor(options: ResumeOptions) {
    this.#o = options;
  }

  async port(which: WhichSession, port: number, order: OrderMeta | undefined): Promise<ResumeAnswer> {
    const key = which.kind === 'key' ? which.key : this.#newestCart(which.workspace, which.customer);
    const { id = '', total = '', currency = '' } = order ?? {};
    const variables = Object.entries({ order_id: id, order_total: total, order_currency: currency });
    const isMeant = (wait: Wait) => wait.nextNodeType === 'CommerceShop' || isPaying(wait);
    return key === undefined
      ? { kind: 'not found' }
      : this.#resume(key, isMeant, { port, variables: order ? variables : [] });
  }

  form(key: string, answers: Fields): Promise<ResumeAnswer> {
    const variables = Object.entries(answers).flatMap(([name, value]): [string, string][] => {
      const text = flat(value);
      return [
        [name, text],
        [`form_${name}`, text],
      ];
    });
    return this.#resume(key, ({ nextNodeType }) => nextNodeType === 'WaForm', { port: 1, first: true, variables });
  }

  googleForm(key: string, variable: string, answers: Fields): Promise<ResumeAnswer> {
    const each = Object.entries(answers).map(([name, value]): [string, string] => [`${variable}.${name}`, flat(value)]);
    const variables = [[variable, answers] as const, ...each];
    return this.#resume(key, ({ nextNodeType }) => nextNodeType === 'GoogleForm', { port: 1, variables });
  }

  async #resume(key: string, isMeant: (wait: Wait) => boolean, way: Way): Promise<ResumeAnswer> {
    const { clock } = this.#o;
    const open = { is: true };
    const answer = await byDeadline(clock, this.#tried(key, isMeant, way, open), clock.now() + ANSWER_MS);
    open.is = false;
    return answer === 'late' ? { kind: 'failed', why: 'it cannot be told in time; try again' } : answer;
  }

  /** `open.is` is false when nobody waits for the answer any more: then nothing is taken. */
  async #tried(key: string, isMeant: (wait: Wait) => boolean, way: Way, open: { is: boolean }): Promise<ResumeAnswer> {
    const { sessions, rows } = this.#o;
    const found = rows.byKey(key) ?? (await this.#unparked(key));
    if (!found) return { kind: 'not found' };
    if (!mayMean(found, isMeant)) return { kind: 'not waiting for it' };
    return new Promise((resolve) => {
      void sessions
        .enter(found.device, found.contact, async (here) => {
          const row = here ?? found;
          const { wait } = row;
          if (!open.is) return;
          if (row.ended || !wait || !isMeant(wait.wait)) return resolve({ kind: 'not waiting for it' });
          resolve(await this.#take(row, wait, way));
          // One that is paused in another branch goes on with both later.
          if (!row.pause) await sessions.run(row);
        })
        // Answered already, unless it failed.
        .finally(() => resolve({ kind: 'failed', why: 'the session could not be written' }));
    });
  }

  /** RS1, RS2 */
  async #take(row: SessionRow, wait: OpenWait, { port, first, variables }: Way): Promise<ResumeAnswer> {
    const own = callOf(row, wait);
    const flow = own && this.#o.definitions.pinned(own.hash);
    const targets = targetsOf(flow, wait.node, port);
    const before = row.agenda;
    delete row.wait;
    setAll(row, variables);
    leaveBy(row, wait, port, flow, this.#o.clock.now());
    if (first) row.agenda = [...before, ...row.agenda.slice(before.length).slice(-1)];
    await this.#o.sessions.save(row);
    const [advancedTo] = targets;
    return { kind: 'resumed', nodeId: wait.node, port, ...(advancedTo !== undefined && { advancedTo }) };
  }

  /** RS3 */
  async #unparked(key: string): Promise<SessionRow | undefined> {
    const [device = '', customer = ''] = key.split('_');
    if (!parseDigits(device) || customer === '') return undefined;
    return this.#o.parks.find(device, contactOf(customer), key);
  }

  /** The most recently active of the workspace that waits for an order under this number. */
  #newestCart(workspace: string, customer: string): string | undefined {
    let newest: SessionRow | undefined;
    for (const { key, waitsFor } of this.#o.rows.briefs()) {
      if (waitsFor !== 'CommerceShop' && waitsFor !== 'BookAppointment') continue;
      const row = this.#o.rows.byKey(key);
      if (!row?.wait || row.workspace !== workspace || !samePhone(row.contact.pn ?? customerOf(row), customer))
        continue;
      if (waitsFor === 'BookAppointment' && !isPaying(row.wait.wait)) continue;
      if (row.lastEventAt >= (newest?.lastEventAt ?? 0)) newest = row;
    }
    return newest?.key;
  }
}

/** A booking that waits for its payment ends like a purchase (contract flows §3.4). */
const isPaying = (wait: Wait): boolean => wait.nextNodeType === 'BookAppointment' && wait.bookingStage === 'PAY';

/** It waits for it, or is just answering what may lead back to that wait; nobody else is worth waiting for. */
function mayMean({ ended, wait, visit }: SessionRow, isMeant: (wait: Wait) => boolean): boolean {
  if (ended) return false;
  return (
    (wait && isMeant(wait.wait)) || (visit !== undefined && visit.cause.kind === 'answer' && isMeant(visit.cause.wait))
  );
}

export function contactOf(customer: string): Identity {
  const pn = parseDigits(customer);
  return pn === undefined ? { lid: customer } : { pn };
}

export function setAll(row: SessionRow, pairs: readonly (readonly [string, unknown])[]): void {
  const vars = new Variables(row.variables);
  for (const [name, value] of pairs) vars.set(name, value);
  row.variables = vars.pairs();
}

function flat(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return isObject(value) ? JSON.stringify(mapOf(value)) : shown(value);
}
