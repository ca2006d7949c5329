/**
 * Keeping the world over the server's own restart.
 *
 * Owns: one JSON file with everybody's devices, ratchets, messages and queues.
 * Invariants:
 *   J1 the file is replaced as a whole (written beside, then renamed), so it is never half a world;
 *   J2 private keys are not in it apart from the seed they are derived from, and ratchets.
 * Does not: survive a kill -9 without loss: it is written once a second and at the end.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BufferJSON, proto } from '@whiskeysockets/baileys';
import { DeliveryQueue } from './delivery-queue.ts';
import { Inbox } from './inbox.ts';
import type { InboxSnapshot } from './inbox.ts';
import type { BinaryNode } from './nodes.ts';
import { Person } from './people.ts';
import type { LinkedDevice, People, ReceiptMode, SentMessage } from './people.ts';
import { VirtualDevice } from './virtual-device.ts';
import type { DeviceSnapshot } from './virtual-device.ts';

const VERSION = 1;
const SAVE_EVERY_MS = 1000;

interface SavedPerson {
  readonly phone: string;
  readonly onWhatsApp: boolean;
  readonly receiptMode: ReceiptMode;
  readonly lastDevice: number;
  readonly linked?: LinkedDevice;
  readonly device?: DeviceSnapshot;
  readonly inbox: InboxSnapshot;
  readonly ownCopies: InboxSnapshot;
  readonly sent: readonly SentMessage[];
  readonly queue: readonly BinaryNode[];
}

interface SavedWorld {
  readonly version: number;
  readonly seed: Buffer;
  readonly port: number;
  readonly people: readonly SavedPerson[];
}

export class StateFile {
  readonly saved: SavedWorld | undefined;
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #save: (() => Promise<void>) | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, saved: SavedWorld | undefined) {
    this.#path = path;
    this.saved = saved;
  }

  /** Reads the file if there is one. Rejects when it was written by another version. */
  static async open(path: string): Promise<StateFile> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return new StateFile(path, undefined);
    const saved = JSON.parse(text, BufferJSON.reviver) as SavedWorld;
    if (saved.version !== VERSION) throw new Error(`${path} was written by another version`);
    return new StateFile(path, saved);
  }

  restore(people: People): void {
    const { saved } = this;
    if (saved === undefined) return;
    for (const one of saved.people) people.put(revive(saved.seed, one));
  }

  /** From now on the world is saved regularly. */
  keep(people: People, seed: Buffer, port: number): void {
    let last = '';
    this.#save = async () => {
      const world: SavedWorld = { version: VERSION, seed, port, people: [...people.all()].map(describe) };
      const text = JSON.stringify(world, BufferJSON.replacer);
      if (text === last) return;
      last = text;
      await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
    };
    this.#timer = setInterval(() => void this.#saveNow(), SAVE_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saveNow();
  }

  #saveNow(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save?.());
    return this.#saving;
  }
}

function describe(person: Person): SavedPerson {
  const device = person.phoneDeviceInUse?.snapshot();
  return {
    phone: person.phone,
    onWhatsApp: person.onWhatsApp,
    receiptMode: person.receiptMode,
    lastDevice: person.lastDevice,
    ...(person.linked === undefined ? {} : { linked: person.linked }),
    ...(device === undefined ? {} : { device }),
    inbox: person.inbox.snapshot(),
    ownCopies: person.ownCopies.snapshot(),
    sent: [...person.sent.values()],
    queue: person.queue.snapshot(),
  };
}

function revive(seed: Buffer, saved: SavedPerson): Person {
  const person = new Person(saved.phone, () => new VirtualDevice(seed, saved.phone, saved.device), {
    inbox: new Inbox(withMessages(saved.inbox)),
    ownCopies: new Inbox(withMessages(saved.ownCopies)),
    queue: new DeliveryQueue(saved.queue),
  });
  person.onWhatsApp = saved.onWhatsApp;
  person.receiptMode = saved.receiptMode;
  person.lastDevice = saved.lastDevice;
  person.linked = saved.linked;
  for (const one of saved.sent) person.sent.set(one.id, { ...one, message: proto.Message.fromObject(one.message) });
  return person;
}

/** Protobuf messages turn into plain objects in JSON, bytes into base64. */
function withMessages(snapshot: InboxSnapshot): InboxSnapshot {
  return {
    ...snapshot,
    stored: snapshot.stored.map((one) => ({
      ...one,
      message: one.message === undefined ? undefined : proto.Message.fromObject(one.message),
    })),
  };
}
