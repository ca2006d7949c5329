/**
 * What a test can make the simulated world do with groups and with what phones share: operations and control API.
 *
 * Source: design/loopback.md, "Control API".
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { pnJid } from './addresses.ts';
import { sendFromMember } from './group-messages.ts';
import type { SendResult } from './inbound.ts';
import { el } from './nodes.ts';
import type { Entry, Starred } from './phone-data.ts';
import { Content } from './sending-request.ts';
import type { Service } from './service.ts';

const Phone = z.string().regex(/^\d{1,15}$/);
const Entries = z.array(z.strictObject({ phone: Phone, name: z.string() }));

export const GroupRequest = z.strictObject({
  subject: z.string(),
  creator: Phone,
  members: z.array(Phone).default([]),
  addressing: z.enum(['pn', 'lid']).default('lid'),
  /** Members are shown by LID alone. */
  hidePhones: z.boolean().default(false),
});
export const GroupChange = z.strictObject({
  /** Who does it. */
  by: Phone,
  action: z.enum(['add', 'remove', 'promote', 'demote']).optional(),
  phones: z.array(Phone).default([]),
  subject: z.string().optional(),
});
/** What a member writes there, with its phone. */
export const GroupWriting = Content.pick({ text: true, reaction: true }).extend({ from: Phone });
export const HistoryRequest = z.strictObject({ chats: Entries.default([]), pushNames: Entries.default([]) });

export interface GroupView {
  readonly subject: string;
  readonly description: string | null;
  readonly announcement: boolean;
  readonly locked: boolean;
  readonly invite: string;
  readonly members: Readonly<Record<string, string | null>>;
}

export class GroupOperations {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Answers the group's jid. */
  create(request: z.input<typeof GroupRequest>): string {
    return this.#service.groups.create(GroupRequest.parse(request)).jid;
  }

  /** Another member changes the group; false when it may not. */
  change(jid: string, request: z.input<typeof GroupChange>): boolean {
    const { by, action, phones, subject } = GroupChange.parse(request);
    const participants = phones.map((phone) => el('participant', { jid: pnJid(phone) }));
    const change = action === undefined ? el('subject', {}, Buffer.from(subject ?? '')) : el(action, {}, participants);
    return this.#service.groups.change(jid, by, change).kind === 'result';
  }

  write(jid: string, { from, ...content }: z.infer<typeof GroupWriting>): Promise<SendResult> {
    return sendFromMember(this.#service, jid, from, content);
  }

  view(jid: string): GroupView | undefined {
    const group = this.#service.groups.find(jid);
    if (group === undefined) return undefined;
    const { subject, description, announcement, locked, invite, members } = group;
    return {
      ...{ subject, announcement, locked, invite },
      description: description?.text ?? null,
      members: Object.fromEntries(members),
    };
  }

  setHistory(phone: string, request: z.input<typeof HistoryRequest>): void {
    const { chats, pushNames } = HistoryRequest.parse(request);
    this.#service.phoneData.setHistory(phone, chats, pushNames);
  }

  saveContacts(phone: string, entries: readonly Entry[]): Promise<void> {
    return this.#service.phoneData.save(this.#service.people.get(phone), entries);
  }

  stars(phone: string): readonly Starred[] {
    return this.#service.phoneData.stars(phone);
  }
}

export function groupControl(operations: GroupOperations): Hono {
  const routes = new Hono();
  const ok = { ok: true };
  routes.post('/groups', async (c) => c.json({ jid: operations.create(GroupRequest.parse(await c.req.json())) }));
  routes.get('/groups/:jid', (c) => {
    const view = operations.view(c.req.param('jid'));
    return view === undefined ? c.json({ error: 'no such group' }, 404) : c.json(view);
  });
  routes.post('/groups/:jid/change', async (c) => {
    const done = operations.change(c.req.param('jid'), GroupChange.parse(await c.req.json()));
    return done ? c.json(ok) : c.json({ error: 'refused' }, 409);
  });
  routes.post('/groups/:jid/send', async (c) => {
    const sent = await operations.write(c.req.param('jid'), GroupWriting.parse(await c.req.json()));
    return sent.kind === 'sent' ? c.json({ id: sent.id }) : c.json({ error: sent.reason }, 409);
  });
  routes.post('/phones/:phone/history', async (c) => {
    operations.setHistory(Phone.parse(c.req.param('phone')), HistoryRequest.parse(await c.req.json()));
    return c.json(ok);
  });
  routes.post('/phones/:phone/contacts', async (c) => {
    await operations.saveContacts(Phone.parse(c.req.param('phone')), Entries.parse(await c.req.json()));
    return c.json(ok);
  });
  routes.get('/phones/:phone/stars', (c) => c.json(operations.stars(Phone.parse(c.req.param('phone')))));
  return routes;
}
