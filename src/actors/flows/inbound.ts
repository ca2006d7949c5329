/**
 * Customers' messages, from both sides: the port of the automations (linked device) and provider-inbound (contract flows
 * §7.1, §7.2).
 *
 *  IB1  A message of a provider is answered in time; what was not decided on by its deadline never starts anything (F-20). A
 *       decision that is being written then is waited for, and said as it comes out. A disk that takes longer than the app
 *       has patience gets the message told as consumed, and what was told is made true: it is kept, unless it was taken.
 *  IB2  What comes from a provider while a step runs, or while a flow is being started, is kept and answered as consumed;
 *       behind anything else, such as a look-up, it waits its turn until the deadline.
 *
 * Deliberately not here: the app's answer to a message, replies that are no flows (automation.ts).
 */
import { byDeadline, type Clock } from '../../clock.ts';
import { newCorrelationId } from '../../ids.ts';
import type { Identity } from '../../phone.ts';
import { contactKeys } from '../automation/conversations.ts';
import type { Flows } from '../automation/flows.ts';
import { notAsked, once } from '../automation/look-up.ts';
import type { Answers } from './answers.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { type FlowLookUp, LOOK_UP_MS } from './look-ups.ts';
import type { Parks } from './parks.ts';
import type { ProviderMessage } from './protocol.ts';
import type { Question } from './question.ts';
import { replyOf } from './reply.ts';
import { contactOf } from './resume.ts';
import type { Rows } from './rows.ts';
import { isRunning } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import { type Beginning, keyOf } from './new-session.ts';
import type { Starts } from './starts.ts';
import type { Reply } from './waits.types.ts';

/** Before the deadline, for the way of the answer. */
const MARGIN_MS = 200;
/** Behind it, for what is being written: the app hears it within 10 s (contract flows §1.3), whose caller waits 12 s. */
const WRITE_MS = 300;

export type InboundOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly answers: Answers;
  readonly keptAnswers: KeptAnswers;
  readonly parks: Parks;
  readonly lookUp: FlowLookUp;
  readonly clock: Clock;
};

export type FlowInbound = {
  readonly flows: Flows;
  providerInbound(message: ProviderMessage, deadline: number): Promise<{ readonly consumed: boolean }>;
};

export function flowInbound(o: InboundOptions): FlowInbound {
  const { rows, sessions, starts, answers, keptAnswers, parks, lookUp, clock } = o;

  const flows: Flows = {
    waiting(device, { contact, text, tap, vote }) {
      const row = rows.of(device, contact);
      if ((row && !row.ended) || sessions.isBusy(device, contact)) return true;
      const mayBeParked = !row && !vote && (tap !== undefined || text.trim() !== '');
      return mayBeParked && parks.mayHave(device, contact);
    },
    offer: async (device, message, lookUpOnce, workspace) => {
      const { contact, name } = message;
      const reply = replyOf(message);
      const start = startOf(device, contact, reply, name, '', workspace);
      const ports = { lookUp: lookUpOnce, isOpen: () => !sessions.isStopped };
      const told = { reply, start, coolsDown: true, ...(message.media && { media: message.media }) };
      const taken = await answers.offer({ ...told, number: rows.kept.arrived(), ...ports });
      return taken ? 'consumed' : 'not consumed';
    },
    start: async ({ device, message, flowId, workspace, timeoutS, cooldownS, keyword }) => {
      if (rows.isHandled(device, message.id)) return;
      const reply = replyOf(message);
      const start = startOf(device, message.contact, reply, message.name, '', workspace);
      const ports = { lookUp: notAsked('decided already'), isOpen: () => true };
      const question = { reply, start, coolsDown: true, number: rows.kept.arrived(), ...ports };
      await answers.start(question, flowId, { cooldownS, keyword, ...(timeoutS !== undefined && { timeoutS }) });
    },
    end: async (device, contact) => {
      const names = contactKeys(contact);
      const isTheirs = (start: Beginning) => contactKeys(start.contact).some((name) => names.includes(name));
      await starts.drop((start) => start.device === device && isTheirs(start));
      for (const row of rows.allOf(device, contact))
        if (!row.ended) await sessions.end(row, 'aborted', 'the customer opted out');
    },
    heard: async (device, { id, contact }, verdict) => {
      if (verdict.kind === 'go on') return false;
      const keys = [...rows.allOf(device, contact), starts.pending(device, contact)].flatMap((of) => of?.key ?? []);
      const places = [...new Set(keys)].flatMap((key) => [...rows.kept.of(key)]);
      const place = places.find((each) => each.kept.reply.id === id && rows.kept.get(each.id));
      if (!place) return verdict.kind === 'flow' && keptAnswers.startLate(device, id, verdict.flowId);
      await rows.write((batch) => {
        if (verdict.kind === 'stop') rows.kept.drop(batch, place.id);
        else rows.kept.change(batch, place.id, { flowId: verdict.flowId });
      });
      return true;
    },
    conversation: (device, contact, id) => rows.noteConversation(device, contact, id),
  };

  /** IB2. Where it is to be kept; undefined when nothing of theirs runs. */
  function keyBehind({ device, contact }: Beginning): string | undefined {
    const row = rows.of(device, contact);
    if (row && isRunning(row)) return row.key;
    const pending = sessions.isBusy(device, contact) ? starts.pending(device, contact) : undefined;
    return pending && (row?.key ?? pending.key);
  }

  /** Whether it was kept. */
  async function kept(question: Question): Promise<boolean> {
    const { device, contact } = question.start;
    const key = says(question.reply) ? keyBehind(question.start) : undefined;
    if (key === undefined) return false;
    await answers.keep(key, question);
    sessions.hear(device, contact, key);
    return true;
  }

  /** The whole way of a provider's message; false as soon as it is not open any more. */
  async function decide(question: Question): Promise<boolean> {
    if (await kept(question)) return true;
    if (says(question.reply) && (await answers.offer(question))) return true;
    return answers.startAny(question);
  }

  /** IB1. What becomes of a message that is not open any more; the step that it waited behind may have begun after it came. */
  async function decideLate(question: Question): Promise<boolean> {
    await rows.settled();
    return rows.isHandled(question.start.device, question.reply.id) || kept(question);
  }

  /** IB1. Behind all that is under way. */
  function keepUnless(isTaken: Promise<boolean>, question: Question): void {
    const { device, contact } = question.start;
    void sessions.enter(device, contact, async (row) => {
      if (await isTaken) return;
      const key = row?.key ?? keyOf(device, contact);
      await answers.keep(key, question);
      sessions.hear(device, contact, key);
    });
  }

  return {
    flows,
    async providerInbound(message, deadline) {
      let isOpen = true;
      let isAsked = false;
      const until = deadline - MARGIN_MS;
      const told = { reply: replyIn(message, clock.now()), start: startIn(message), coolsDown: false };
      const question: Question = {
        ...{ ...told, number: rows.kept.arrived() },
        ...(message.flowId !== undefined && { flowId: message.flowId }),
        isOpen: () => isOpen && clock.now() < until && !sessions.isStopped,
        lookUp: once(() => {
          isAsked = true;
          return lookUp(told, Math.min(clock.now() + LOOK_UP_MS, until));
        }),
      };
      const decided = await byDeadline(clock, decide(question), until);
      isOpen = false;
      if (decided !== 'late') return { consumed: decided };
      const late = { ...question, isAsked };
      const isTaken = decideLate(late);
      const known = await byDeadline(clock, isTaken, deadline + WRITE_MS);
      if (known === 'late') keepUnless(isTaken, late);
      return { consumed: known === 'late' || known };
    },
  };
}

const says = ({ text, tap, media }: Reply): boolean => text.trim() !== '' || tap !== undefined || media !== undefined;

function replyIn({ text, replyId, mediaUrl }: ProviderMessage, at: number): Reply {
  return {
    id: newCorrelationId(),
    text,
    ...(replyId !== '' && { tap: { id: replyId, title: text } }),
    ...(mediaUrl !== '' && { media: { kind: 'url', url: mediaUrl } }),
    at,
  };
}

const startIn = ({ device, customer, text, name, provider, workspace }: ProviderMessage): Beginning =>
  startOf(device, contactOf(customer), { text }, name, provider, workspace);

function startOf(
  device: string,
  contact: Identity,
  { text }: Pick<Reply, 'text'>,
  name: string,
  provider: Beginning['provider'],
  workspace: string | undefined,
): Beginning {
  const seeds = { kind: 'message', text, name, phone: contact.pn ?? '' } as const;
  return { device, contact, provider, byMessage: true, seeds, ...(workspace !== undefined && { workspace }) };
}
