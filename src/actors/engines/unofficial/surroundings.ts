/**
 * What a connection knows and does beside messages: groups, the people a number knows, stars. Wires the parts together and
 * to the socket's events; each has a file of its own.
 *
 *  SU1  Notices of groups are read from the stanza: the library's event also fires for its own look-ups, which would keep
 *       the sync going round, and may be held back in its buffer (facts/baileys §9.1).
 */
import type { EventEmitter } from 'node:events';
import type { AuthenticationCreds, BinaryNode, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Target } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import type { Contact } from '../../contact-book.ts';
import type { GroupAnswer, GroupCommand } from '../../groups.types.ts';
import type { StarResult } from '../engine.ts';
import { AppState } from './app-state.ts';
import type { AuthState } from './auth-state.ts';
import type { Device } from './device.ts';
import { GroupQueries } from './group-queries.ts';
import { GroupSync } from './group-sync.ts';
import { Groups } from './groups.ts';
import { guarded } from './guard.ts';
import { hearOfPeople } from './people.ts';

export type SurroundingsOptions = {
  readonly device: Device;
  readonly auth: AuthState;
  readonly socket: () => WASocket;
  readonly clock: Clock;
  readonly log: Log;
};

export class Surroundings {
  readonly #o: SurroundingsOptions;
  readonly #sync: GroupSync;
  readonly #groups: Groups;
  readonly #appState: AppState;

  constructor(options: SurroundingsOptions) {
    this.#o = options;
    const { device, auth, socket, clock, log } = options;
    const { digits, store, queue, workspace, groups: book, recipients } = device;
    const queries = new GroupQueries(socket, book, clock);
    this.#sync = new GroupSync({ digits, workspace, book, queries, store, queue, clock, log });
    this.#groups = new Groups({ socket, queries, sync: this.#sync, recipients, lookUp: this.#lookUp, clock });
    this.#appState = new AppState({ socket, auth, store, clock, log });
  }

  get socketOptions() {
    return { cachedGroupMetadata: this.#sync.metadata };
  }

  listen({ ev, ws }: Pick<WASocket, 'ev'> & { readonly ws: EventEmitter }, onFault: (error: unknown) => void): void {
    hearOfPeople(ev, this.#o.device.contacts, onFault);
    const onCreds = ({ myAppStateKeyId }: Partial<AuthenticationCreds>) => {
      if (myAppStateKeyId) this.#appState.keyArrived();
    };
    ev.on('creds.update', guarded(onCreds, onFault));
    ws.on('CB:notification,type:w:gp2', ({ attrs }: BinaryNode) => {
      if (attrs['from'] !== undefined) this.#sync.changed(attrs['from']);
    });
  }

  opened(): void {
    this.#sync.opened();
    this.#appState.opened();
  }

  groups(command: GroupCommand, deadline: number): Promise<GroupAnswer> {
    return this.#groups.run(command, deadline);
  }

  contacts(): Contact[] {
    return this.#o.device.contacts.list();
  }

  async star(to: string, target: Target, star: boolean, deadline: number): Promise<StarResult> {
    const chat = await this.#o.device.recipients.resolve(to, this.#lookUp);
    switch (chat.kind) {
      case 'jid':
        return this.#appState.star(chat.jid, target, star, deadline);
      case 'not on WhatsApp':
        return { kind: 'failed', error: 'Number is not on WhatsApp' };
      case 'invalid':
        return { kind: 'failed', error: chat.why };
      default:
        return chat satisfies never;
    }
  }

  /** The connection has ended; resolves when nothing of it writes any more. */
  async stop(): Promise<void> {
    this.#appState.stop();
    await this.#sync.stop();
  }

  readonly #lookUp = (digits: readonly string[]) => this.#o.socket().onWhatsApp(...digits);
}
