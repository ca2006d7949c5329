/**
 * A customer's medium as an address that the app's people can open (contract flows §7.3).
 *
 *  RM1  Media of providers have an address already; of those on a linked device the app gets the bytes, 25 MB at most.
 *  RM2  Nothing rejects, and the bytes are in memory only while they are handed over.
 */
import type { CallAnswer, FlowStore } from '../../app-client/flow-calls.types.ts';
import { LIMITS } from '../../app-client/limits.ts';
import type { AttachmentFiles } from '../attachments.ts';
import type { ReplyMedia } from './waits.types.ts';

export type ReplyMediaOptions = {
  readonly attachments: Pick<AttachmentFiles, 'withCopy'>;
  readonly app: Pick<FlowStore, 'storeMedia'>;
};

export async function storedMedia(
  media: ReplyMedia,
  { attachments, app }: ReplyMediaOptions,
): Promise<CallAnswer<string>> {
  if (media.kind === 'url') return { kind: 'ok', value: media.url };
  const { attachment, mime } = media;
  if ((attachment.bytes ?? 0) > LIMITS.flow.mediaBytes) return { kind: 'refused', status: 413, error: 'too_large' };
  return attachments.withCopy(attachment, async (base64) =>
    base64 === null
      ? { kind: 'refused', status: 0, error: 'the bytes cannot be had' }
      : app.storeMedia({ base64, mime }),
  );
}
