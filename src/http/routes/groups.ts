/**
 * The group routes (contract clients §11) and get-contacts (§10): request → command → the number's connection → answer.
 *
 *  GP1  A malformed field is 422 and reaches nobody.
 *  GP2  `ok:true` is what WhatsApp confirmed; no answer in time is a failure, though it may have happened.
 */
import type { GroupAnswer, GroupCommand, GroupMeta, Numbers } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { extractDigits, lidJid, phoneJid, splitJid } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext, Middleware } from '../env.ts';
import type { RetryAfter } from '../retry-after.ts';
import * as routes from '../schemas/groups.ts';

export type GroupRoutes = {
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly retryAfter: RetryAfter;
  readonly strict: Middleware;
  /** `SEND_ANSWER_DEADLINE_MS`; the app waits 20 s. */
  readonly answerMs: number;
};

const BAD_JID = 'jid must match <digits>(-<digits>)?@g.us';
const ACTIONS = ['add', 'remove', 'promote', 'demote'] as const;
const SETTINGS = ['announcement', 'not_announcement', 'locked', 'unlocked'] as const;

export function groupRoutes(declare: Declare, { numbers, clock, retryAfter, strict, answerMs }: GroupRoutes): void {
  const options = { before: [strict], failure: (error: string) => ({ ok: false, error }) };
  const ask = async (c: HttpContext, digits: string, command: GroupCommand): Promise<GroupAnswer> => {
    const workspace = c.get('workspace');
    const deadline = clock.now() + answerMs;
    const answer = await numbers.groups({ digits, command, deadline, ...(workspace !== undefined && { workspace }) });
    if (answer.kind === 'not connected') retryAfter(c, digits);
    return answer;
  };

  declare(routes.createGroup, options, async (c) => {
    const body = c.req.valid('json');
    const subject = (body.subject || body.name).trim();
    const participants = jidsOf(body.participants);
    if (subject === '' || !participants) return refuse(c, 422, 'subject and participants are required');
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'create', subject, participants });
    if (answer.kind === 'no jid')
      return reply(c, 502, { ok: false, error: 'Group create returned no JID.', raw: null });
    if (answer.kind !== 'meta') return failed(c, answer);
    const { meta } = answer;
    return reply(c, 200, {
      ok: true,
      jid: meta.id,
      subject: meta.subject,
      participants_count: meta.size,
      meta: wire(meta),
    });
  });

  declare(routes.allGroups, options, async (c) => {
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'all' });
    if (answer.kind !== 'all') return failed(c, answer);
    const groups = answer.groups.map((group) => ({
      jid: group.id,
      subject: group.subject,
      owner: group.owner ?? null,
      creation: group.creation ?? null,
      description: group.desc ?? null,
      participants_count: group.size,
      announce_only: group.announce,
      restrict: group.restrict,
      ephemeral_duration: group.ephemeralDuration ?? null,
    }));
    return reply(c, 200, { ok: true, groups, total: groups.length });
  });

  declare(routes.groupMeta, options, async (c) => {
    const jid = groupJid(c.req.query('jid'));
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'meta', jid });
    return answer.kind === 'meta' ? reply(c, 200, { ok: true, meta: wire(answer.meta) }) : failed(c, answer);
  });

  declare(routes.changeParticipants, options, async (c) => {
    const body = c.req.valid('json');
    const jid = groupJid(body.jid);
    const action = ACTIONS.find((known) => known === body.action);
    const participants = jidsOf(body.participants);
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    if (action === undefined) return refuse(c, 422, 'action must be add, remove, promote or demote');
    if (!participants) return refuse(c, 422, 'participants are required');
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'participants', jid, action, participants });
    if (answer.kind !== 'participants') return failed(c, answer);
    const { result, meta } = answer;
    const done = result.filter(({ status }) => status === '200').length;
    return reply(c, 200, {
      ok: done > 0,
      action,
      result: result.map((one) => ({ ...one })),
      meta: meta && wire(meta),
      partial: done > 0 && done < result.length,
      ok_count: done,
      fail_count: result.length - done,
      total_count: result.length,
    });
  });

  declare(routes.changeSubject, options, async (c) => {
    const body = c.req.valid('json');
    const jid = groupJid(body.jid);
    const subject = body.subject.trim();
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    if (subject === '') return refuse(c, 422, 'subject is required');
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'subject', jid, subject });
    return answer.kind === 'done' ? reply(c, 200, { ok: true, jid, subject }) : failed(c, answer);
  });

  declare(routes.changeDescription, options, async (c) => {
    const { jid: given, description } = c.req.valid('json');
    const jid = groupJid(given);
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'description', jid, description });
    return answer.kind === 'done' ? reply(c, 200, { ok: true, jid, description }) : failed(c, answer);
  });

  declare(routes.changeSetting, options, async (c) => {
    const body = c.req.valid('json');
    const jid = groupJid(body.jid);
    const setting = SETTINGS.find((known) => known === body.setting);
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    if (setting === undefined) return refuse(c, 422, `setting must be one of ${SETTINGS.join(', ')}`);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'settings', jid, setting });
    return answer.kind === 'done' ? reply(c, 200, { ok: true, jid, setting }) : failed(c, answer);
  });

  declare(routes.leaveGroup, options, async (c) => {
    const jid = groupJid(c.req.valid('json').jid);
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'leave', jid });
    return answer.kind === 'done' ? reply(c, 200, { ok: true, jid }) : failed(c, answer);
  });

  declare(routes.inviteCode, options, async (c) => {
    const jid = groupJid(c.req.query('jid'));
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'invite code', jid });
    return answer.kind === 'invite' ? invited(c, jid, answer.code) : failed(c, answer);
  });

  declare(routes.revokeInvite, options, async (c) => {
    const jid = groupJid(c.req.valid('json').jid);
    if (jid === undefined) return refuse(c, 422, BAD_JID);
    const answer = await ask(c, c.req.valid('param').phone, { kind: 'revoke invite', jid });
    return answer.kind === 'invite' ? invited(c, jid, answer.code) : failed(c, answer);
  });

  const failure = (details: string) => ({ error: 'Failed to get contacts', details });
  declare(routes.getContacts, { failure }, (c) => {
    const { phone: phoneNumber } = c.req.valid('param');
    const known = numbers.contacts(phoneNumber);
    if (!known) return reply(c, 400, { error: 'Client not connected', phoneNumber });
    const contacts = Object.fromEntries(known.map((contact) => [contact.id, { ...contact }]));
    return reply(c, 200, { message: 'Contacts retrieved successfully', phoneNumber, contacts });
  });
}

/** Every way not to succeed. An answer of another kind than the command's is a bug, and becomes the route's 500. */
function failed(c: HttpContext, answer: GroupAnswer) {
  if (answer.kind === 'not connected') return refuse(c, 503, 'Sender device is not connected.');
  if (answer.kind === 'failed') return refuse(c, 500, answer.error);
  throw new Error(`a group command was answered with ${answer.kind}`);
}

const refuse = <S extends 422 | 500 | 503>(c: HttpContext, status: S, error: string) =>
  reply(c, status, { ok: false, error });

const invited = (c: HttpContext, jid: string, code: string) =>
  reply(c, 200, { ok: true, jid, code, url: `https://chat.whatsapp.com/${code}` });

/** The answer's own copy: documents know mutable arrays only. */
const wire = (meta: GroupMeta) => ({ ...meta, participants: meta.participants.map((one) => ({ ...one })) });

const groupJid = (given: string | undefined): string | undefined =>
  /^\d+(?:-\d+)?@g\.us$/.test(given ?? '') ? given : undefined;

/** Phones and JIDs as JIDs; undefined when there is none that could be anybody. */
function jidsOf(people: readonly (string | number)[] | null | undefined): string[] | undefined {
  const jids = (people ?? []).flatMap((given) => {
    const { user, server } = splitJid(String(given).trim()) ?? { user: '', server: '' };
    if (server === 'lid' && /^\d{1,20}$/.test(user)) return [lidJid(user)];
    const digits = extractDigits(user || String(given));
    return digits === undefined ? [] : [phoneJid(digits)];
  });
  return jids.length > 0 ? [...new Set(jids)] : undefined;
}
