/** What a call's leg needs of a recording (§11). It gets copies of Opus packets and decodes them itself. */
import type { RtpPlace } from './pipeline.ts';

export type Side = 'agent' | 'user';

export type Recording = {
  /** One packet that was said or heard, as it stood in its stream, and its moment (epoch ms); never the filling silence. */
  readonly take: (side: Side, opus: Uint8Array, place: RtpPlace, at: number) => void;
  /** Finishes the files; idempotent. */
  readonly close: () => Promise<void>;
};

/** Undefined: an id that must not become a file name, no side, or a folder that cannot be written. */
export type OpenRecording = (
  metaCallId: string,
  sides: ReadonlySet<Side>,
  /** When the common timeline begins, epoch ms. */
  at: number,
) => Promise<Recording | undefined>;
