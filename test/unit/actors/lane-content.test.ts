/** What a lane does before and after the engine: media, second parts, keys that cannot be stored (L2, L4, L5). */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/actors/engines/engine.ts';
import type { SendRequest } from '../../../src/actors/protocol.ts';
import type { Content } from '../../../src/content/content.ts';
import { derivedMessageId } from '../../../src/ids.ts';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { buildHouse } from '../../helpers/house.ts';

const A = '5511900000001';
const TO = '5511911111111@s.whatsapp.net';
const PLACE = { kind: 'location', latitude: 1, longitude: 2, name: '', address: '' } as const;

let house: ReturnType<typeof buildHouse>;
beforeEach(async () => {
  house = buildHouse({ paired: [A], restartPolicy: defaultRestartPolicy });
  house.supervisor.command(A, { type: 'restore' });
  await house.time.advanceAsync(5_000);
});
afterEach(() => house.close());

const send = (content: Content, change: Partial<SendRequest> = {}) =>
  house.numbers.send({ from: A, to: TO, content, deadline: house.time.now() + 18_000, ...change });
const image = (base64: string): Content => ({
  ...{ kind: 'media', caption: '', media: { type: 'image', mime: 'image/png', from: { kind: 'base64', base64 } } },
});
const sent = () => house.engine.of(A).flatMap((connection) => connection.sent);
const files = () => {
  const folder = join(house.dir, 'media', A);
  return existsSync(folder) ? readdirSync(folder) : [];
};
const connection = () => {
  const [first] = house.engine.of(A);
  if (!first) throw new Error('no connection');
  return first;
};

describe('L6 a caption of what turns out to be audio', () => {
  it('follows as text under an id that follows from the first', async () => {
    const voice = { kind: 'base64', base64: 'QUJD' } as const;
    const media = { type: 'document', mime: '', fileName: 'note.ogg', from: voice } as const;
    const answer = await send({ kind: 'media', media, caption: 'listen' });
    await house.time.advanceAsync(100);
    const [first, second] = sent();
    expect(first).toMatchObject({ content: { kind: 'media', caption: '', media: { type: 'audio' } } });
    const id = answer.kind === 'sent' ? answer.id : '';
    expect(second).toMatchObject({ id: derivedMessageId(id, 'part 2'), content: { kind: 'text', text: 'listen' } });
  });
});

describe('L5 a second part behind a first part that still uploads', () => {
  const pending = (progress: () => Progress) => {
    const [first] = house.engine.of(A);
    if (!first) throw new Error('no connection');
    const really = first.send.bind(first);
    first.send = async (command) => {
      const { id, to } = await really(command).then(() => command);
      return command.content.kind === 'media' ? { kind: 'pending', id, to } : { kind: 'sent', id, to };
    };
    first.progress = progress;
  };
  const kinds = () => sent().map(({ content }) => content.kind);

  it('waits until the first is handed over', async () => {
    let progress: Progress = 'uploading';
    pending(() => progress);
    expect(await send(image('QUJD'), { followUps: [PLACE] })).toMatchObject({ kind: 'pending' });
    await house.time.advanceAsync(100_000);
    expect(kinds()).toEqual(['media']);
    progress = 'handed over';
    await house.time.advanceAsync(1_000);
    expect(kinds()).toEqual(['media', 'location']);
  });

  it('does not go out when the first was given up', async () => {
    pending(() => 'given up');
    await send(image('QUJD'), { followUps: [PLACE] });
    await house.time.advanceAsync(200_000);
    expect(kinds()).toEqual(['media']);
  });

  it('goes out after 180 s all the same: an upload takes no longer', async () => {
    pending(() => 'uploading');
    await send(image('QUJD'), { followUps: [PLACE] });
    await house.time.advanceAsync(179_000);
    expect(kinds()).toEqual(['media']);
    await house.time.advanceAsync(2_000);
    expect(kinds()).toEqual(['media', 'location']);
  });
});

describe('media', () => {
  it('is a file by the time the engine gets it, and the engine owns it then', async () => {
    expect(await send(image('QUJD'))).toMatchObject({ kind: 'sent' });
    expect(sent()).toMatchObject([{ content: { media: { from: { kind: 'file', bytes: 3 } } } }]);
    expect(files()).toHaveLength(1);
  });

  it('§11 refused media refuses the send: nothing is handed over, no text in its place', async () => {
    expect(await send(image('!'))).toMatchObject({ kind: 'failed', why: 'media refused', error: 'Invalid media' });
    expect([sent(), files()]).toEqual([[], []]);
  });

  it('L2 a connection that is gone when the media is here: `not ready`, and the file is removed', async () => {
    const answer = send(image('QUJD'));
    connection().tell({ type: 'closed', reason: { code: 428, text: 'Connection Terminated' } });
    expect(await answer).toMatchObject({ kind: 'not ready' });
    expect([sent(), files()]).toEqual([[], []]);
  });

  it('C-29 what the engine could not begin in time is `timed out`', async () => {
    connection().send = ({ id }) => Promise.resolve({ kind: 'failed', id, error: 'late', why: 'no time' });
    expect(await send(PLACE)).toEqual({ kind: 'timed out', why: 'late' });
  });
});

describe('L5 second parts', () => {
  it('go out after the message, in order, under ids that follow from its id', async () => {
    const answer = await send({ kind: 'text', text: 'main' }, { followUps: [PLACE, { kind: 'text', text: 'end' }] });
    expect(answer).toMatchObject({ kind: 'sent' });
    await house.time.advanceAsync(100);
    const id = sent()[0]?.id ?? '';
    expect(sent().map((command) => [command.content.kind, command.id])).toEqual([
      ['text', id],
      ['location', derivedMessageId(id, 'part 2')],
      ['text', derivedMessageId(id, 'part 3')],
    ]);
  });

  it('a part that fails changes no answer; parts of a message that failed are not sent', async () => {
    const really = connection().send.bind(connection());
    connection().send = (command) =>
      command.content.kind === 'location'
        ? Promise.resolve({ kind: 'failed', id: command.id, error: 'no' })
        : really(command);
    expect(await send({ kind: 'text', text: 'main' }, { followUps: [PLACE] })).toMatchObject({ kind: 'sent' });
    expect(await send(PLACE, { followUps: [{ kind: 'text', text: 'end' }] })).toMatchObject({ kind: 'failed' });
    await house.time.advanceAsync(100);
    expect(sent().map(({ content }) => content.kind)).toEqual(['text']);
    expect(house.lines.some((line) => line.includes('a second part failed'))).toBe(true);
  });

  it('a repeat with the same key brings no part twice', async () => {
    const more = { followUps: [PLACE], idempotencyKey: 'k' };
    const first = await send({ kind: 'text', text: 'main' }, more);
    await house.time.advanceAsync(100);
    expect(await send({ kind: 'text', text: 'main' }, more)).toEqual(first);
    await house.time.advanceAsync(100);
    expect(sent()).toHaveLength(2);
  });
});

describe('L4 an Idempotency-Key', () => {
  it('that cannot be stored fails closed: nothing is sent', async () => {
    const store = house.stores.open(A);
    const { write } = store;
    Object.assign(store, { write: () => Promise.reject(new Error('no space left')) });
    expect(await send({ kind: 'text', text: 'x' }, { idempotencyKey: 'k' })).toMatchObject({ kind: 'failed' });
    Object.assign(store, { write });
    expect(sent()).toEqual([]);
  });
});
