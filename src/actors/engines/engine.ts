/**
 * The port to WhatsApp through a linked device (Baileys). An engine knows nothing of machines, HTTP or the app: it opens
 * connections, sends, and hands over facts that it has already made durable. Engines without connections have a port of
 * their own (provider.ts).
 *
 * Invariants every adapter must keep (test/conformance/engines):
 *  E1  `send` resolves with a value for every expected outcome; it rejects only for bugs.
 *  E2  `unknown` is never turned into `failed`: bytes may have left.
 *  E3  `close()` is idempotent, never logs out, and after it resolves nothing of this connection runs any more.
 *  E4  a message given to `onInbound` is acknowledged to WhatsApp only after it is in the journal.
 */
import type { Capabilities, Content, MediaFile, Target } from '../../content/content.ts';
import type { ConnectionEvent } from '../../machines/number.types.ts';
import type { Contact } from '../contact-book.ts';
import type { GroupAnswer, GroupCommand } from '../groups.types.ts';

/** What a message was sent for: a route's single send, an automatic reply, or a job (contract inbound §8, §10). */
export type Origin = 'single' | 'auto' | 'job';

export type SendCommand = {
  /** Digits of the sending number. */
  readonly from: string;
  /** `<digits>@s.whatsapp.net`, `<lid>@lid` or `<id>@g.us`. */
  readonly to: string;
  /** The engine removes its media files as soon as it needs them no more. */
  readonly content: Content<MediaFile>;
  /** The WhatsApp message id, allocated before anything else (P6). */
  readonly id: string;
  readonly origin?: Origin;
  /** Absolute deadline (epoch ms) after which the caller has gone. */
  readonly deadline: number;
};

export type SendResult =
  /** WhatsApp's server acknowledged the id. `to` is the JID really used. */
  | { readonly kind: 'sent'; readonly id: string; readonly to: string }
  /** On its way: handed over, no ack yet at the deadline. It may still arrive; never repeat it under another id. */
  | { readonly kind: 'pending'; readonly id: string; readonly to: string }
  /** Certainly not sent. `code` is WhatsApp's where there is one (463, 429…); `why` where a caller must tell it apart. */
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly code?: number;
      readonly error: string;
      /**
       * `media refused`: invalid, too large, not allowed or not there (contract messages §11); `error` says which.
       * `no time`: the deadline came before anything was handed over; it never will be.
       * `unsupported`: the engine has nothing for this kind of content (`capabilities`).
       */
      readonly why?: 'media refused' | 'not on WhatsApp' | 'no time' | 'unsupported';
    }
  /** Bytes may or may not have left. */
  | { readonly kind: 'unknown'; readonly id: string; readonly error: string };

/**
 * Where a send that was answered `pending` stands. `uploading`: nothing of it has been handed over yet. `handed over`: WhatsApp
 * has it or will be given the same again. `given up`: nothing was handed over, and nothing will be.
 */
export type Progress = 'uploading' | 'handed over' | 'given up';

export type StarResult = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: string };

export type ConnectionOptions = {
  readonly digits: string;
  /** `login`: use the saved login. `pair`: no login yet, produce QR strings (and a code once `requestCode` is called). */
  readonly mode: 'login' | 'pair';
  /** Called in order; never after `close()` has resolved. Must not throw. */
  readonly onEvent: (event: ConnectionEvent) => void;
};

/** One live (or still opening) connection. Owned by the supervisor, never kept in a machine. */
export interface Handle {
  /** True while frames can be written: socket open, logged in, user known. */
  isOpen(): boolean;
  /** Asks for a pairing code as soon as the socket can (after its first QR); the answer comes as `code` or `code failed`. */
  requestCode(): void;
  send(command: SendCommand): Promise<SendResult>;
  /** Of a message id that this number's engine was given, also by an earlier connection. */
  progress(id: string): Progress;
  /** Runs a command on groups (contract clients §11). Resolves by the deadline (epoch ms). */
  groups(command: GroupCommand, deadline: number): Promise<GroupAnswer>;
  /** Stars a message on the account's own devices, or takes the star away (contract messages §6). `to` as in a send. */
  star(to: string, target: Target, star: boolean, deadline: number): Promise<StarResult>;
  /** Everybody this number knows (contract clients §10). */
  contacts(): readonly Contact[];
  /** Tells WhatsApp to remove this linked device. True when the server took it. The socket is closed afterwards. */
  logout(deadline: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: 'baileys';
  /** Kept by test/conformance/contents. */
  readonly capabilities: Capabilities;
  /** Never throws: a failure to even start is reported as `closed`. */
  connect(options: ConnectionOptions): Handle;
}
