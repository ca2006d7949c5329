/**
 * Customers' messages, from both sides: the port of the automations (linked device) and provider-inbound (contract flows
 * §7.1, §7.2).
 *
 *  IB1  A message of a provider is answered by its deadline; what was not decided by then never starts anything (F-20).
 *  IB2  What comes from a provider while a step runs is kept, and answered as consumed.
 *
 * Deliberately not here: the app's answer to a message, replies that are no flows (automation.ts).
 */
import type { KeywordAnswer, Endpoints } from '../../app-client/endpoints.ts';
import { byDeadline, type Clock } from '../../clock.ts';
import { newCorrelationId } from '../../ids.ts';
import type { Identity } from '../../phone.ts';
import type { Flows } from '../automation/flows.ts';
import type { Answers, Question } from './answers.ts';
import type { Parks } from './parks.ts';
import type { ProviderMessage } from './protocol.ts';
import { replyOf } from './reply.ts';
import type { Rows } from './rows.ts';
import type { Sessions } from './sessions.ts';
import { contactOf } from './resume.ts';
import type { Starts } from './starts.ts';
import type { Reply } from './waits.types.ts';

/** Of the budget for a look-up (contract flows §7.2). */
const LOOK_UP_MS = 8_000;
/** For the way of the answer. */
const MARGIN_MS = 200;

export type InboundOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly answers: Answers;
  readonly parks: Parks;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly clock: Clock;
};

export type FlowInbound = {
  readonly flows: Flows;
  providerInbound(message: ProviderMessage, deadline: number): Promise<{ readonly consumed: boolean }>;
};

export function flowInbound(o: InboundOptions): FlowInbound {
  const { rows, sessions, starts, answers, parks, clock } = o;

  const flows: Flows = {
    waiting(device, { contact, text, tap, vote }) {
      const row = rows.of(device, contact);
      if ((row && !row.ended) || sessions.isBusy(device, contact)) return true;
      const mayBeParked = !row && !vote && (tap !== undefined || text.trim() !== '');
      return mayBeParked && parks.mayHave(device, contact);
    },
    offer: async (device, message, lookUp) => {
      const { contact, name } = message;
      const reply = replyOf(message);
      const taken = await answers.offer({
        ...{ device, contact, reply, name, lookUp, isOpen: () => !sessions.isStopped, coolsDown: true },
        start: startOf(device, contact, reply, name, ''),
      });
      return taken ? 'consumed' : 'not consumed';
    },
    start: async ({ device, message, flowId, workspace, timeoutS, cooldownS, keyword }) => {
      if (rows.isHandled(device, message.id)) return 'started';
      const { contact, name } = message;
      const reply = replyOf(message);
      const question: Question = {
        ...{ device, contact, reply, name, lookUp: noLookUp, isOpen: () => true, coolsDown: true },
        start: { ...startOf(device, contact, reply, name, ''), ...(workspace !== undefined && { workspace }) },
      };
      await answers.start(question, flowId, { cooldownS, keyword, ...(timeoutS !== undefined && { timeoutS }) });
      return 'started';
    },
    end: async (device, contact) => {
      await starts.drop((start) => start.device === device && isOne(start.contact, contact));
      const row = rows.of(device, contact);
      if (row && !row.ended) await sessions.end(row, 'aborted', 'the customer opted out');
    },
    conversation: (device, contact, id) => rows.noteConversation(device, contact, id),
  };

  /** The whole way of a provider's message; false as soon as it is not open any more. */
  async function decide(message: ProviderMessage, question: Question, deadline: number): Promise<boolean> {
    const { device, contact, reply } = question;
    const says = reply.text.trim() !== '' || reply.tap !== undefined || reply.media !== undefined;
    if (says && sessions.isBusy(device, contact)) return keep(question);
    if (says && (await answers.offer(question))) return true;
    if (!question.isOpen()) return false;
    if (message.flowId !== undefined) {
      await answers.start(question, message.flowId, { cooldownS: 0, keyword: false });
      return true;
    }
    const found = await question.lookUp();
    return clock.now() < deadline && answers.startFound(question, found);
  }

  /** IB2 */
  async function keep({ device, contact, reply }: Question): Promise<boolean> {
    const key = rows.of(device, contact)?.key ?? keyFor(device, contact);
    await rows.write((batch) => rows.keepReply(batch, key, reply));
    void sessions.enter(device, contact, async (row) => {
      if (row) await answers.takeKept(row);
      // The start that it came behind came to nothing.
      else await rows.write((batch) => rows.dropReplies(batch, key));
    });
    return true;
  }

  return {
    flows,
    async providerInbound(message, deadline) {
      let isOpen = true;
      const question = questionOf(message, {
        isOpen: () => isOpen && !sessions.isStopped,
        lookUp: once(() => lookUp(message, Math.min(clock.now() + LOOK_UP_MS, deadline - MARGIN_MS))),
      });
      const consumed = await byDeadline(clock, decide(message, question, deadline - MARGIN_MS), deadline - MARGIN_MS);
      isOpen = false;
      return { consumed: consumed === true };
    },
  };

  /** Never repeated; a late answer is nobody's (F-19). */
  async function lookUp({ device, customer, text, workspace }: ProviderMessage, until: number): Promise<KeywordAnswer> {
    const query = { text, mobile: customer, device, media: undefined, workspace };
    const nothing = () => Promise.resolve();
    const asked = o.endpoints.keywordReply(query, until, { asking: nothing, refused: nothing });
    const found = await byDeadline(clock, asked, until);
    return found === 'late' ? { kind: 'no answer', why: 'late' } : found;
  }

  function questionOf(message: ProviderMessage, ports: Pick<Question, 'isOpen' | 'lookUp'>): Question {
    const { device, customer, text, replyId, name, provider, workspace, mediaUrl } = message;
    const contact = contactOf(customer);
    const reply: Reply = {
      id: newCorrelationId(),
      text,
      ...(replyId !== '' && { tap: { id: replyId, title: text } }),
      ...(mediaUrl !== '' && { media: { kind: 'url', url: mediaUrl } }),
      at: clock.now(),
    };
    const start = { ...startOf(device, contact, reply, name, provider), ...(workspace !== undefined && { workspace }) };
    return { device, contact, reply, name, coolsDown: false, start, ...ports };
  }
}

const noLookUp = (): Promise<KeywordAnswer> => Promise.resolve({ kind: 'not asked', why: 'decided already' });

function startOf(
  device: string,
  contact: Identity,
  reply: Reply,
  name: string,
  provider: Question['start']['provider'],
): Question['start'] {
  const phone = contact.pn ?? '';
  return { device, contact, provider, byMessage: true, seeds: { kind: 'message', text: reply.text, name, phone } };
}

const keyFor = (device: string, { pn, lid }: Identity): string => `${device}_${pn ?? lid ?? ''}`;

const isOne = (a: Identity, b: Identity): boolean =>
  (a.pn !== undefined && a.pn === b.pn) || (a.lid !== undefined && a.lid === b.lid);

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}
