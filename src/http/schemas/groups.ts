/**
 * The group routes and get-contacts as data: paths, inputs, and every answer of contract clients §10, §11.
 *
 * Deliberately not here: what the routes do (routes/groups.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import {
  answer,
  failureSchema,
  looseText,
  merge,
  numberAnswers,
  phoneParam,
  tooLarge,
  workspaceId,
  workspaceQuery,
} from './common.ts';

const tags = ['groups'];
const security = [{ token: [] }];

const refusal = z.object({ ok: z.literal(false), error: z.string() }).openapi('GroupRefusal');
const failures = {
  413: tooLarge,
  422: answer('A field is missing or malformed', refusal),
  500: answer('WhatsApp refused, or did not answer in time', refusal),
  503: answer(
    'The number is not connected; Retry-After where its next try is known',
    z.union([refusal, z.object({ error: z.string() })]),
  ),
} as const;

const groupAnswers = <T extends object>(own: T) => numberAnswers(merge(failures, own));

const jid = looseText('`<digits>[-<digits>]@g.us`');
const people = z
  .array(z.union([z.string(), z.number()]))
  .nullish()
  .openapi({ type: 'array', items: { type: 'string' }, description: 'Phones or JIDs' });

const participant = z.object({
  id: z.string().openapi({ description: 'Phone JID when the phone is known, else LID JID' }),
  phoneNumber: z.string().optional(),
  lid: z.string().optional(),
  admin: z.enum(['admin', 'superadmin']).nullable(),
});

const meta = z
  .object({
    id: z.string(),
    subject: z.string(),
    owner: z.string().optional(),
    creation: z.number().optional(),
    desc: z.string().optional(),
    size: z.number(),
    announce: z.boolean(),
    restrict: z.boolean(),
    ephemeralDuration: z.number().optional(),
    participants: z.array(participant),
  })
  .openapi('GroupMeta');

const ok = z.literal(true);

const get = <const P extends string, S extends z.ZodType, Q extends z.ZodRawShape>(
  path: P,
  summary: string,
  query: Q,
  success: S,
) =>
  createRoute({
    method: 'get',
    path: `/api/groups/${path}/{phone}`,
    summary,
    tags,
    security,
    request: { params: phoneParam, query: z.object({ workspace_id: workspaceId, ...query }) },
    responses: groupAnswers({ 200: answer('Done', success) }),
  });

const post = <const P extends string, F extends z.ZodRawShape, S extends z.ZodType>(
  path: P,
  summary: string,
  fields: F,
  success: S,
) =>
  createRoute({
    method: 'post',
    path: `/api/groups/${path}/{phone}`,
    summary,
    tags,
    security,
    request: {
      params: phoneParam,
      query: workspaceQuery,
      body: { content: { 'application/json': { schema: z.object({ workspace_id: workspaceId, ...fields }) } } },
    },
    responses: groupAnswers({ 200: answer('Done', success) }),
  });

export const createGroup = createRoute({
  method: 'post',
  path: '/api/groups/create/{phone}',
  summary: 'Create a group',
  tags,
  security,
  request: {
    params: phoneParam,
    query: workspaceQuery,
    body: {
      content: {
        'application/json': {
          schema: z.object({
            workspace_id: workspaceId,
            subject: looseText('Name of the group'),
            name: looseText('Alias of `subject`'),
            participants: people,
          }),
        },
      },
    },
  },
  responses: groupAnswers({
    200: answer(
      'Created',
      z.object({ ok, jid: z.string(), subject: z.string(), participants_count: z.number(), meta }),
    ),
    502: answer('Created, but WhatsApp named no group', refusal.extend({ raw: z.null() })),
  }),
});

export const allGroups = get(
  'all',
  'Groups this number is in',
  {},
  z.object({
    ok,
    groups: z.array(
      z.object({
        jid: z.string(),
        subject: z.string(),
        owner: z.string().nullable(),
        creation: z.number().nullable(),
        description: z.string().nullable(),
        participants_count: z.number(),
        announce_only: z.boolean(),
        restrict: z.boolean(),
        ephemeral_duration: z.number().nullable(),
      }),
    ),
    total: z.number(),
  }),
);

export const groupMeta = get('meta', 'One group', { jid }, z.object({ ok, meta }));

export const changeParticipants = post(
  'participants',
  'Add, remove, promote or demote',
  { jid, action: looseText('`add`, `remove`, `promote` or `demote`'), participants: people },
  z.object({
    ok: z.boolean().openapi({ description: 'False when all failed' }),
    action: z.string(),
    result: z.array(z.object({ jid: z.string(), status: z.string() })),
    meta: meta.nullable(),
    partial: z.boolean(),
    ok_count: z.number(),
    fail_count: z.number(),
    total_count: z.number(),
  }),
);

export const changeSubject = post(
  'subject',
  'Rename',
  { jid, subject: looseText('New name') },
  z.object({ ok, jid: z.string(), subject: z.string() }),
);

export const changeDescription = post(
  'description',
  'Set or remove the description',
  { jid, description: looseText('New description; empty removes it') },
  z.object({ ok, jid: z.string(), description: z.string() }),
);

export const changeSetting = post(
  'settings',
  'Who may write, who may change the group',
  { jid, setting: looseText('`announcement`, `not_announcement`, `locked` or `unlocked`') },
  z.object({ ok, jid: z.string(), setting: z.string() }),
);

export const leaveGroup = post('leave', 'Leave', { jid }, z.object({ ok, jid: z.string() }));

const invite = z.object({ ok, jid: z.string(), code: z.string(), url: z.string() });
export const inviteCode = get('invite-code', 'Invite link', { jid }, invite);
export const revokeInvite = post('revoke-invite', 'Replace the invite link', { jid }, invite);

const noContacts = z.object({ error: z.string(), phoneNumber: z.string().optional(), message: z.string().optional() });

/** Contract clients §10. */
export const getContacts = createRoute({
  method: 'get',
  path: '/api/get-contacts/{phone}',
  summary: 'People this number knows',
  tags: ['clients'],
  security,
  request: { params: phoneParam, query: workspaceQuery },
  responses: numberAnswers({
    200: answer(
      'By JID',
      z.object({
        message: z.literal('Contacts retrieved successfully'),
        phoneNumber: z.string(),
        contacts: z.record(
          z.string(),
          z.object({
            id: z.string(),
            name: z.string().optional(),
            notify: z.string().optional(),
            verifiedName: z.string().optional(),
            phoneNumber: z.string().optional(),
            profilePicUrl: z.string().optional(),
          }),
        ),
      }),
    ),
    400: answer('Not connected, or an unusable path or query', noContacts),
    500: answer('The route failed', failureSchema),
  }),
});
