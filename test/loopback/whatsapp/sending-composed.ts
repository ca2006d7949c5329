/** A message that somebody's phone has written and not yet encrypted. */
import type { proto } from '@whiskeysockets/baileys';

export interface Composed {
  readonly message: proto.IMessage;
  /** Attributes of the `message` stanza. */
  readonly stanza: { readonly type: string; readonly edit?: string };
  /** Attributes of its `enc`. */
  readonly enc: Readonly<Record<string, string>>;
}
