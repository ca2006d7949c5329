/**
 * Answers to queries (`iq`).
 *
 * Owns: the table from namespace to answer, and applying the faults that a test asked for.
 * Invariants:
 *   W1 every query is answered once, unless a fault drops it;
 *   W2 a query that this server does not know gets 501 and is recorded, so that no gap stays silent.
 * Does not: know people or keys (`directory.ts`), pairing or login.
 * Source: facts/loopback-whatsapp.md section 12.
 */
import { SERVER } from './addresses.ts';
import { activate } from './login.ts';
import { answerKeys, answerUsync, storePreKeys } from './directory.ts';
import { typeOfError } from './iq-errors.ts';
import { child, children, el } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { endWithStreamError } from './numbers.ts';
import type { Person } from './people.ts';
import type { CodePairing } from './pairing-code.ts';
import type { Client, Service } from './service.ts';

type Reply =
  | { readonly kind: 'result'; readonly content: BinaryNode[]; readonly after?: () => void }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'unknown' };

const result = (...content: BinaryNode[]): Reply => ({ kind: 'result', content });

export class IqRouter {
  readonly #service: Service;
  readonly #codes: CodePairing;

  constructor(service: Service, codes: CodePairing) {
    this.#service = service;
    this.#codes = codes;
  }

  handle(client: Client, iq: BinaryNode): void {
    const { faults, checks } = this.#service;
    const namespace = iq.attrs['xmlns'] ?? '';
    const phone = client.kind === 'member' ? client.person.phone : undefined;
    const effect = faults.forIq(namespace, children(iq)[0]?.tag ?? '', phone);
    if (effect.kind === 'drop') return;
    checks.iqOpened();
    switch (effect.kind) {
      case 'error':
        this.#reply(client, iq, { kind: 'error', code: effect.code });
        return;
      case 'delay':
        setTimeout(() => this.#answer(client, iq, namespace), effect.ms);
        return;
      case 'none':
        this.#answer(client, iq, namespace);
        return;
      default:
        effect satisfies never;
    }
  }

  #answer(client: Client, iq: BinaryNode, namespace: string): void {
    const stage = child(iq, 'link_code_companion_reg')?.attrs['stage'];
    if (namespace === 'md' && client.kind === 'registering' && stage === 'companion_finish') {
      this.#codes.finish(client.connection, iq, () => this.#reply(client, iq, result()));
      return;
    }
    const reply =
      client.kind === 'registering'
        ? this.#toStranger(client, iq, namespace, stage)
        : this.#toMember(client, iq, namespace);
    if (reply instanceof Promise) void reply.then((settled) => this.#reply(client, iq, settled));
    else this.#reply(client, iq, reply);
  }

  #toStranger(
    client: Extract<Client, { kind: 'registering' }>,
    iq: BinaryNode,
    namespace: string,
    stage: string | undefined,
  ): Reply {
    if (namespace === 'w:p') return result();
    if (namespace !== 'md' || stage !== 'companion_hello') return { kind: 'unknown' };
    const content = this.#codes.hello(client.connection, client.keys, iq);
    return content === undefined ? { kind: 'error', code: 406 } : result(...content);
  }

  #toMember(client: Extract<Client, { kind: 'member' }>, iq: BinaryNode, namespace: string): Reply | Promise<Reply> {
    const { person, connection } = client;
    switch (namespace) {
      case 'w:p':
      case 'w:stats':
      case 'urn:xmpp:whatsapp:dirty':
      case 'status':
        return result();
      case 'usync':
        return result(...answerUsync(this.#service, iq));
      case 'encrypt':
        return this.#encryption(person, iq);
      case 'passive':
        return { kind: 'result', content: [], after: () => activate(this.#service, person, connection) };
      case 'abt':
        return result(el('props', {}));
      case 'blocklist':
        return result(el('list', {}));
      case 'privacy':
        return iq.attrs['type'] === 'get' ? result(PRIVACY) : result();
      case 'w:sync:app:state':
        return this.#service.phoneData.answer(person, iq).then((sync) => result(sync));
      case 'w:g2':
        return this.#service.groups.answer(person, iq);
      case 'w:profile:picture':
        return { kind: 'error', code: 404 };
      case 'w:m':
        return result(mediaConn(this.#service.media.hostname));
      case 'md':
        if (child(iq, 'remove-companion-device') === undefined) return { kind: 'unknown' };
        person.linked = undefined;
        return { kind: 'result', content: [], after: () => endWithStreamError(connection, 401) };
      default:
        return { kind: 'unknown' };
    }
  }

  #encryption(person: Person, iq: BinaryNode): Reply {
    if (iq.attrs['type'] === 'set') {
      storePreKeys(person, iq);
      return result();
    }
    const asked = children(iq)[0]?.tag;
    switch (asked) {
      case 'count': {
        const { linked } = person;
        return result(el('count', { value: String(linked?.reportedPreKeys ?? linked?.preKeys.length ?? 0) }));
      }
      case 'key':
        return result(...answerKeys(this.#service, iq));
      case 'digest':
        return result(el('digest', {}));
      default:
        return { kind: 'unknown' };
    }
  }

  #reply(client: Client, iq: BinaryNode, reply: Reply): void {
    const { checks } = this.#service;
    const id = iq.attrs['id'];
    checks.iqSettled();
    switch (reply.kind) {
      case 'result':
        client.connection.send(el('iq', { from: SERVER, type: 'result', id }, reply.content));
        reply.after?.();
        return;
      case 'error':
        this.#refuse(client, id, reply.code);
        return;
      case 'unknown':
        checks.record(
          'unknownIqs',
          `${iq.attrs['type'] ?? ''} ${iq.attrs['xmlns'] ?? ''} ${children(iq)[0]?.tag ?? ''}`,
        );
        this.#refuse(client, id, 501);
        return;
      default:
        reply satisfies never;
    }
  }

  #refuse(client: Client, id: string | undefined, code: number): void {
    client.connection.send(
      el('iq', { from: SERVER, type: 'error', id }, [el('error', { code: String(code), text: typeOfError(code) })]),
    );
  }
}

const mediaConn = (hostname: string): BinaryNode =>
  el('media_conn', { auth: 'loopback', ttl: '3600', auth_ttl: '3600', max_buckets: '12' }, [el('host', { hostname })]);

/** The client destructures this answer, and sends read receipts to contacts only when `readreceipts` is `all`. */
const PRIVACY = el('privacy', {}, [
  el('category', { name: 'readreceipts', value: 'all' }),
  el('category', { name: 'last', value: 'all' }),
  el('category', { name: 'online', value: 'all' }),
  el('category', { name: 'profile', value: 'all' }),
  el('category', { name: 'status', value: 'all' }),
  el('category', { name: 'groupadd', value: 'all' }),
]);
