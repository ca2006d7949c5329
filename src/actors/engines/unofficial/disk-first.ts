/**
 * What makes the disk come first without making the library wait for it: stanzas are held back until everything that
 * they may depend on is durable.
 *
 * WhatsApp must not see a stanza before the ratchet step that encrypted it is on disk, nor a receipt before its message
 * is (P3, P5). Waiting at every step would cost one flush per message, one after the other; held back at the socket
 * instead, messages that come close together share a flush.
 *
 *  DF1  A frame leaves when every write that was handed to the store before the frame was given to the socket is
 *       durable (writes become so in their order, ST5). Frames leave in their order.
 *  DF2  When such a write fails nothing leaves any more: the connection has to end (DK1).
 *  DF3  At most MAX_AHEAD writes are ahead of the disk; the next one is waited for as if there was no gate.
 *
 * A held frame counts as written for the library, as bytes in a kernel's buffer do: only WhatsApp's ack means anything.
 */

const MAX_AHEAD = 64;

/** The part of a WebSocket (`ws`) that is used here. */
export type FrameSocket = { send(data: Uint8Array, done?: (error?: Error) => void): void };

type Held = { readonly after: number; readonly leave: () => void };

export class DiskFirst {
  #handedOver = 0;
  #durable = 0;
  #failed = false;
  #held: Held[] = [];

  /** DF3: whether one more write may go ahead of the disk. */
  get hasRoom(): boolean {
    return this.#handedOver - this.#durable < MAX_AHEAD;
  }

  /** From now on frames wait for this write too, which was just handed to the store. `onFailure`: DF2. */
  waitFor(stored: Promise<void>, onFailure: (error: unknown) => void): void {
    const number = ++this.#handedOver;
    stored.then(
      () => {
        this.#durable = Math.max(this.#durable, number);
        this.#release();
      },
      (error: unknown) => {
        this.#failed = true;
        this.#held = [];
        onFailure(error);
      },
    );
  }

  /** Puts the gate in front of a socket's `send`. */
  guard(socket: FrameSocket): void {
    const send = socket.send.bind(socket);
    socket.send = (data, done) => {
      if (!this.#failed && this.#durable === this.#handedOver) return send(data, done);
      // A frame that meets a closed socket is lost with the connection, which reports its end itself.
      if (!this.#failed) this.#held.push({ after: this.#handedOver, leave: () => send(data, () => undefined) });
      done?.();
    };
  }

  #release(): void {
    const first = this.#held.findIndex(({ after }) => after > this.#durable);
    const ready = this.#held.splice(0, first === -1 ? this.#held.length : first);
    for (const { leave } of ready) leave();
  }
}
