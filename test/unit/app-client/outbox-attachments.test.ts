/** What the outbox does with rows whose bytes come later (W5; contract inbound §4). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attachments } from '../../../src/app-client/attachments.types.ts';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import type { Outbox, OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { eventually } from '../../helpers/eventually.ts';
import { client, inbound, quiet, startApp, tempStore, ROOMY } from '../../property/outbox/app.ts';

const ANA = '5511999990000';
const BEA = '5511999990001';

/** Bytes that come when the test says so. */
class ByHand implements Attachments {
  readonly here = new Set<string>();
  readonly expected: string[] = [];
  readonly dropped: string[] = [];
  readonly #wakes = new Map<string, () => void>();

  expect({ file }: { file: string }): void {
    this.expected.push(file);
  }

  ready({ file }: { file: string }, wake: () => void): boolean {
    this.#wakes.set(file, wake);
    return this.here.has(file);
  }

  withBytes<T>({ file }: { file: string }, use: (base64: string | null) => Promise<T>): Promise<T> {
    return use(this.here.has(file) ? 'Ynl0ZXM=' : null);
  }

  drop({ file }: { file: string }): void {
    this.dropped.push(file);
  }

  arrive(file: string): void {
    this.here.add(file);
    this.#wakes.get(file)?.();
  }
}

const withMedium = (contact: string, id: string): InboundFact => ({
  ...inbound(contact, id),
  content: {
    ...{ kind: 'media', type: 'image', mime: 'image/png', caption: '' },
    attachment: {
      file: `file of ${id}`,
      source: {
        ...{ kind: 'whatsapp', account: '1', directPath: '/v', media: 'image', mediaKey: '' },
        message: { chat: '2@lid', id, fromMe: false },
      },
    },
  },
});

describe('outbox: rows with media', () => {
  let app: Awaited<ReturnType<typeof startApp>>;
  let status: number;
  let temp: ReturnType<typeof tempStore>;
  let store: Store;
  let outbox: Outbox;
  let queue: OutboxQueue;
  let media: ByHand;
  const open = () => {
    media = new ByHand();
    store = temp.open();
    outbox = openOutbox({
      ...ROOMY,
      client: client(app.url, systemClock),
      clock: systemClock,
      log: quiet,
      attachments: media,
    });
    queue = outbox.attach('number', store);
  };
  const close = async () => {
    await outbox.drain(1_000);
    await store.close();
  };
  beforeEach(async () => {
    status = 200;
    app = await startApp(() => ({ status, body: { ok: true } }));
    temp = tempStore();
    open();
  });
  afterEach(async () => {
    await close();
    await app.close();
    temp.remove();
  });
  const ids = () => app.seen.map(({ body }) => body['wa_message_id']);
  const told = (wanted: unknown[]) =>
    eventually(() => JSON.stringify(ids()) === JSON.stringify(wanted), {
      what: String(wanted),
      withinMs: 3_000,
      everyMs: 5,
    });

  it('W5: a row waits for its bytes, its conversation behind it, others do not; the bytes are in the body', async () => {
    await queue.append([withMedium(ANA, 'A1'), inbound(ANA, 'A2'), inbound(BEA, 'B1')]);
    await told(['B1']);
    expect(media.expected).toEqual(['file of A1']);
    media.arrive('file of A1');
    await told(['B1', 'A1', 'A2']);
    expect(app.seen[1]?.body).toMatchObject({ media_type: 'image', media_base64: 'Ynl0ZXM=', body: '' });
    expect(app.seen[2]?.body).not.toHaveProperty('media_base64');
    expect(media.dropped).toEqual(['file of A1']);
  });

  it('W7 (C-60): a medium that cannot be read takes no place of others for good, and is tried again', async () => {
    const fault = { left: 100 };
    const read = media.withBytes.bind(media);
    media.withBytes = async (attachment, use) => {
      if (fault.left-- > 0) throw new Error('the disk says no');
      return read(attachment, use);
    };
    const many = Array.from({ length: 100 }, (_, n) => withMedium(`55119999${String(n).padStart(5, '0')}`, `M${n}`));
    for (const fact of many) media.arrive(`file of ${fact.id}`);
    await queue.append([...many, inbound(BEA, 'B1')]);
    await told(['B1']);
    await eventually(() => app.seen.length === 101, { what: 'all of them', withinMs: 4_000, everyMs: 20 });
    expect(new Set(ids()).size).toBe(101);
  });

  it('W5: a line that joins another one puts its medium in front without posting it early', async () => {
    const lid = { lid: '123456789012345' };
    await queue.append([{ ...withMedium(ANA, 'L1'), contact: lid }]);
    await queue.append([{ ...inbound(ANA, 'P1'), contact: { ...inbound(ANA, 'P1').contact, ...lid } }]);
    await queue.append([inbound(BEA, 'B1')]);
    await told(['B1']);
    media.arrive('file of L1');
    await told(['B1', 'L1', 'P1']);
    expect(media.dropped).toEqual(['file of L1']);
  });

  it('a row found at the start expects its bytes again, and names its file', async () => {
    await queue.append([withMedium(ANA, 'A1')]);
    await close();
    open();
    expect(media.expected).toEqual(['file of A1']);
    expect([...outbox.attachmentFiles()]).toEqual(['file of A1']);
    media.arrive('file of A1');
    await told(['A1']);
    await eventually(() => outbox.attachmentFiles().size === 0, {
      what: 'no file is needed',
      withinMs: 3_000,
      everyMs: 5,
    });
  });

  it('a dead letter leaves no file behind', async () => {
    status = 422;
    await queue.append([withMedium(ANA, 'A1')]);
    media.arrive('file of A1');
    await eventually(() => media.dropped.length === 1, { what: 'the drop', withinMs: 3_000, everyMs: 5 });
    await eventually(() => outbox.stats().deadLetter === 1, { what: 'the dead letter', withinMs: 3_000, everyMs: 5 });
    expect(outbox.stats()).toMatchObject({ pending: 0, deadLetter: 1 });
  });
});
