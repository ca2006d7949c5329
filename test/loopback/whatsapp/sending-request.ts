/**
 * What a test can make a simulated person write: the request's shape.
 *
 * Does not: make messages of it (`sending-compose.ts`), encrypt or address (`inbound.ts`).
 * Source: design/loopback.md, "Control API".
 */
import { z } from 'zod';

const phone = z.string().regex(/^\d{1,15}$/);
const id = z.string().min(1).max(100);
const latitude = z.number();
const longitude = z.number();

const Media = z.strictObject({
  /** The bytes; or `size` random ones. */
  base64: z.base64().optional(),
  size: z.int().min(0).optional(),
  mime: z.string().optional(),
  fileName: z.string().optional(),
  title: z.string().optional(),
  /** What the message claims, when that shall differ from the truth. */
  claimedLength: z.int().optional(),
});
const Contact = z.strictObject({ name: z.string(), phone, vcard: z.string().optional() });
/** `quoted`: the message that was tapped in. */
const Reply = z.strictObject({ id: z.string(), text: z.string(), quoted: id.optional() });
const Money = z.strictObject({ amount: z.number(), currency: z.string().length(3), note: z.string().default('') });

/** Exactly one of the content fields; the last group changes how it is packed. */
export const Content = z.strictObject({
  text: z.string().optional(),
  /** Answers the message with this id; goes with `text`. */
  reply: z.strictObject({ id, text: z.string().default('') }).optional(),
  image: Media.optional(),
  video: Media.optional(),
  /** A round video note. */
  videoNote: Media.optional(),
  audio: Media.optional(),
  voice: Media.optional(),
  document: Media.optional(),
  sticker: Media.optional(),
  /** Of image, video, document and liveLocation. */
  caption: z.string().optional(),
  location: z
    .strictObject({ latitude, longitude, name: z.string().optional(), address: z.string().optional() })
    .optional(),
  liveLocation: z.strictObject({ latitude, longitude, sequence: z.int().default(1) }).optional(),
  contact: Contact.optional(),
  contacts: z.array(Contact).min(1).optional(),
  reaction: z.strictObject({ id, emoji: z.string() }).optional(),
  poll: z
    .strictObject({ name: z.string(), options: z.array(z.string()).min(2), selectable: z.int().min(0).default(1) })
    .optional(),
  /** Seals these options of a poll that the person has received; without them: bytes that nobody can open. */
  pollVote: z.strictObject({ id, options: z.array(z.string()).optional() }).optional(),
  buttonReply: Reply.optional(),
  listReply: z.strictObject({ id: z.string(), title: z.string(), quoted: id.optional() }).optional(),
  templateReply: Reply.optional(),
  nativeFlowReply: z
    .strictObject({ name: z.string(), params: z.string(), body: z.string().default(''), quoted: id.optional() })
    .optional(),
  edit: z.strictObject({ id, text: z.string() }).optional(),
  revoke: z.strictObject({ id }).optional(),
  groupInvite: z.strictObject({ name: z.string(), code: z.string() }).optional(),
  event: z
    .strictObject({ name: z.string(), description: z.string().default(''), at: z.int(), place: z.string().default('') })
    .optional(),
  product: z
    .strictObject({ title: z.string(), description: z.string().default(''), price: Money.optional() })
    .optional(),
  order: z
    .strictObject({ title: z.string(), items: z.int(), amount: z.number(), currency: z.string(), message: z.string() })
    .optional(),
  payment: Money.optional(),
  /** Any protobuf message as JSON, for kinds that nobody has named yet. */
  raw: z.record(z.string(), z.unknown()).optional(),

  /** True: once; a number: that often. */
  forwarded: z.union([z.literal(true), z.int().min(0)]).optional(),
  viewOnce: z.literal(true).optional(),
  /** Seconds after which the message disappears. */
  ephemeral: z.int().min(1).optional(),
  /** As phones wrap a document that has a caption. */
  withCaptionWrapper: z.literal(true).optional(),
});

export const SendRequest = Content.extend({
  to: phone,
  addressing: z.enum(['pn', 'lid']).default('lid'),
  /** Leaves the alternate address out of the stanza. */
  hidePn: z.literal(true).optional(),
  /** The message is written in this group; `to` is the member that receives it. */
  group: z
    .string()
    .regex(/^[\d-]+@g\.us$/)
    .optional(),
  id: id.optional(),
  /** Push name of the sender. */
  name: z.string().optional(),
  /** When it was written, epoch seconds; now unless said otherwise. */
  at: z.int().positive().optional(),
});

export type Content = z.infer<typeof Content>;
export type Media = z.infer<typeof Media>;
export type SendRequest = z.input<typeof SendRequest>;
