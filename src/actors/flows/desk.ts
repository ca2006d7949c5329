/**
 * The desk of the flow routes (protocol.ts): orders are on disk before they are acknowledged, views say where a conversation
 * stands and never what was said in it.
 */
import type { FlowStore } from '../../app-client/flow-calls.types.ts';
import type { Clock } from '../../clock.ts';
import { samePhone } from '../../phone.ts';
import { nextDeadline } from './deadlines.ts';
import type { Delays } from './delays.ts';
import type { Definitions } from './definitions.ts';
import type { FlowInbound } from './inbound.ts';
import { problemsOf } from './problems.ts';
import type { FailedStart, FlowCounts, FlowDesk, SessionView, StartOrder } from './protocol.ts';
import { contactOf, type Resume } from './resume.ts';
import type { Rows } from './rows.ts';
import { isRunning, type SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import type { Start } from './new-session.ts';
import type { Starts } from './starts.ts';
import { callOf } from './steps.ts';

/** Contract flows §1.2: a repeat for the same subscriber. */
const REPEAT_MS = 60_000;
const SHOWN_FAILURES = 20;

export type DeskOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly resume: Resume;
  readonly delays: Delays;
  readonly inbound: FlowInbound;
  readonly definitions: Definitions;
  readonly app: Pick<FlowStore, 'definition'>;
  readonly failures: Failures;
  readonly ttlMs: number;
  readonly clock: Clock;
};

/** What `/health` tells of starts that came to nothing (F-43). */
export class Failures {
  #count = 0;
  #last: readonly FailedStart[] = [];

  add(start: Start, why: string, at: number): void {
    const { device, flowId, subscriber } = start;
    this.#count += 1;
    const failed = { device, flowId, ...(subscriber !== undefined && { subscriber }), why, at };
    this.#last = [failed, ...this.#last].slice(0, SHOWN_FAILURES);
  }

  get all(): Pick<FlowCounts, 'failedStarts' | 'lastFailed'> {
    return { failedStarts: this.#count, lastFailed: this.#last };
  }
}

export function flowDesk(o: DeskOptions): FlowDesk {
  const { rows, sessions, starts, resume, delays, definitions, clock } = o;

  async function start(order: StartOrder): Promise<void> {
    const { device, customer, flowId, provider, subscriber, workspace, once, contact: fields, variables } = order;
    const mark = once === undefined ? `subscriber ${subscriber ?? ''} ${flowId} ${customer}` : `order ${once}`;
    const isMarked = once !== undefined || subscriber !== undefined;
    const before = isMarked ? rows.handledAt(device, mark) : undefined;
    if (before !== undefined && (once !== undefined || clock.now() - before < REPEAT_MS)) return;
    const contact = contactOf(customer);
    const wanted: Start = {
      ...{ device, contact, flowId, provider, cooldownS: 0, byMessage: false },
      ...(subscriber !== undefined && { subscriber }),
      ...(workspace !== undefined && { workspace }),
      seeds: { kind: 'order', contact: fields, variables },
    };
    await starts.order(wanted, (batch) => {
      if (isMarked) rows.handle(batch, device, mark);
    });
    // A step that is in the way does not hold it up; it goes on when nothing comes of the start.
    sessions.halt(device, contact);
  }

  /** F-12: whose customer half is this number, however it is written. */
  function sessionsOf(customer: string): SessionRow[] {
    const isTheirs = ({ contact, key }: SessionRow) =>
      contact.pn === undefined ? key.endsWith(`_${customer}`) : samePhone(contact.pn, customer);
    return [...rows.briefs()].flatMap(({ key, state }) => {
      const half = key.slice(key.indexOf('_') + 1);
      const row = state !== 'ended' && samePhone(half, customer) ? rows.byKey(key) : undefined;
      return row && isTheirs(row) ? [row] : [];
    });
  }

  async function end(customer: string, workspace: string | undefined): Promise<number> {
    const isMeant = (own: string | undefined) => workspace === undefined || own === undefined || own === workspace;
    const isTheirs = ({ contact }: Start) =>
      contact.pn === undefined ? contact.lid === customer : samePhone(contact.pn, customer);
    await starts.drop((order) => isTheirs(order) && isMeant(order.workspace));
    const meant = sessionsOf(customer).filter((row) => isMeant(row.workspace));
    const ended = await Promise.all(meant.map((row) => sessions.end(row, 'aborted', 'somebody took over')));
    return ended.filter(Boolean).length;
  }

  function viewOf(row: SessionRow): SessionView {
    const { key, id: sessionId, engine, flowName, startedAt, since, wait, ended, pause, sleeps } = row;
    const place = row.visit ?? row.agenda.at(-1) ?? wait ?? sleeps.at(-1);
    const call = (place && callOf(row, place)) ?? row.calls[0];
    const node = place && call ? definitions.pinned(call.hash)?.nodes.get(place.node) : undefined;
    const { at } = nextDeadline(row, o.ttlMs);
    const why = ended?.why ?? pause?.why;
    return {
      ...{ key, sessionId, engine, flowName, startedAt, since },
      flowId: call?.flow ?? '',
      flowVersion: call?.hash ?? '',
      status: ended?.how ?? (pause ? 'paused' : 'active'),
      nodeId: place?.node ?? '',
      nodeLabel: node?.label ?? '',
      waitsFor: isRunning(row) ? '' : (wait?.wait.nextNodeType ?? ''),
      deadline: ended || (isRunning(row) && !pause) ? null : at,
      ...(why !== undefined && { why }),
    };
  }

  return {
    start,
    end,
    resumePort: (which, port, order) => resume.port(which, port, order),
    resumeForm: (key, answers) => resume.form(key, answers),
    googleForm: (key, variable, answers) => resume.googleForm(key, variable, answers),
    resumeDelay: (order) => delays.order(order),
    providerInbound: (message, deadline) => o.inbound.providerInbound(message, deadline),
    sessions: (device) => [...rows.all(device)].map(viewOf).toSorted((a, b) => b.startedAt - a.startedAt),
    async check(flowId) {
      const answer = await o.app.definition(flowId);
      if (answer.kind === 'no answer') return answer;
      if (answer.kind === 'ok') return { kind: 'checked', problems: problemsOf(answer.value) };
      return answer.status === 404 ? { kind: 'not found' } : { kind: 'no answer', why: answer.error };
    },
    validate: problemsOf,
    counts: () => ({ ...sessions.counts(), ...o.failures.all }),
  };
}
