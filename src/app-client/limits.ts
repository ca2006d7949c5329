/**
 * The app's field limits, in characters, and how a value is made to fit. Any longer field is a 422 and a lost callback
 * (contract inbound §3, clients §7, README §3.1; C-36), so everything is cut before it is stored.
 */
export const LIMITS = {
  /** `/api/inbound-message` (inbound §3). */
  inbound: {
    ...{ devicePhone: 32, senderPhone: 32, senderName: 191, body: 8192, messageId: 191, rawJid: 191, lidJid: 191 },
    ...{ mime: 191, fileName: 255, groupSubject: 191, emoji: 32, forwardScore: 1000 },
    ...{ contactName: 191, contactPhone: 64, vcard: 8192, locationName: 191, locationAddress: 255 },
  },
  /** `/api/chat/message-status` (inbound §10). */
  receipt: { messageId: 191 },
  /** `/api/update-status` (clients §7); older apps keep 32 characters of the status. */
  status: { wid: 32, status: 32 },
  /** `/api/groups/sync` (clients §11.1). */
  groups: { devicePhone: 24, jid: 64, subject: 191, phone: 24 },
  /** `/api/devices/proxy-result` (clients §9). */
  proxy: { phone: 32, egressIp: 64, error: 255 },
  /** `/api/update-schedule-status`, `/api/update-scheduled-contact-status` (schedules §9). */
  schedule: { reason: 1_000, phoneNumber: 64, phone: 32, error: 512, messageId: 128 },
  /** Broadcasts and campaigns (bulk §3, §4.4); they know no `reason`, which is kept as short as a schedule's. */
  bulk: { reason: 1_000, error: 1_024, messageId: 191, response: 4_096, phone: 32 },
  /** What flows tell and ask (flows §8); mirrors of their messages have the limits of `inbound` too. */
  flow: {
    ...{ sessionKey: 191, phone: 32, nodeId: 64, nodeLabel: 180, header: 191, footer: 191, templateName: 191 },
    ...{ tag: 64, note: 1_024, taskTitle: 255, taskNotes: 4_000, fields: 40, fieldKey: 64, fieldValue: 2_000 },
    ...{ model: 120, prompt: 6_000, agentContext: 5_500, dealName: 191, sql: 8_000, matchValue: 255, docTitle: 240 },
    ...{ formSession: 64, products: 30, productsHeader: 60, productsBody: 1_024, productsFooter: 60 },
    ...{ aiField: 120, mediaBytes: 25 * 1_048_576 },
  },
  /** `/api/waba-call/bridge-error`, `/api/waba-call/transcript-turn` (voice §3). */
  call: { reason: 500, text: 6_000 },
  /** `/api/node-heartbeat` (clients §8). */
  heartbeat: { wid: 32 },
} as const;

/** At most `limit` characters as the app counts them (code points), never half an emoji; `end` marks the cut. */
export function cut(text: string, limit: number, end = ''): string {
  const whole = text.replace(LONE_SURROGATE, '\uFFFD');
  if (whole.length <= limit) return whole;
  const limitAt = offsetOf(whole, limit);
  if (limitAt === whole.length) return whole;
  return whole.slice(0, offsetOf(whole, limit - [...end].length)) + end;
}

/** PHP refuses a JSON text with half a surrogate pair as a whole. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** The code unit at which the character number `count` begins. */
function offsetOf(text: string, count: number): number {
  let at = 0;
  for (let seen = 0; seen < count && at < text.length; seen++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}
