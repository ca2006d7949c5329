/** Contract inbound §4 (media download): lost, too large, slow and interrupted, through the whole bridge. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { Stage } from '../../helpers/stage.ts';
import { base64, Play } from './play.ts';

const MiB = 1_048_576;

describe('inbound §4: media', () => {
  let play: Play;
  let contact: string;
  let folder: string;
  beforeAll(async () => {
    // Large media make a world busy for seconds: not in the process in which other files wait and measure.
    play = await Play.on(await Stage.set());
    contact = play.newContact();
    folder = `${play.bridge.dataDir}/media/in`;
  });
  afterEach(async () => {
    await play.stage.world.faults({ clear: true });
    await play.stage.world.appMode('ok');
  });
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  const lose = (id: string, forever: boolean) => play.world(`/contacts/${contact}/lose-media`, { id, forever });
  const files = () => readdirSync(folder);
  const nothingLeft = () => eventually(() => files().length === 0, { what: 'no file is left', withinMs: 5_000 });
  /** A message whose medium the host refuses once, so that there is time to lose it. */
  const writeAndLose = async (content: object, forever: boolean): Promise<string> => {
    await play.stage.world.faults({ media: { status: 503, times: 1 } });
    const id = await play.write(contact, content);
    await lose(id, forever);
    return id;
  };

  it('a medium that the host lost is uploaded again by its sender, when it is asked', async () => {
    const id = await writeAndLose({ image: { base64: base64('still there') } }, false);
    expect(await play.told(id)).toMatchObject({ media_type: 'image', media_base64: base64('still there') });
  });

  it('C-60: a medium that nobody has any more is told with type, MIME and file name', async () => {
    const document = { fileName: 'lost.pdf', mime: 'application/pdf' };
    const id = await writeAndLose({ document, caption: 'read this' }, true);
    expect(await play.told(id)).toMatchObject({
      ...{ media_type: 'document', media_mime: 'application/pdf', media_filename: 'lost.pdf' },
      ...{ media_base64: null, body: 'read this' },
    });
    await nothingLeft();
  });

  it('a download that is cut twice succeeds at the third attempt', async () => {
    await play.stage.world.faults({ media: { cut: true, times: 2 } });
    const id = await play.write(contact, { audio: { base64: base64('patience') } });
    expect(await play.told(id)).toMatchObject({ media_base64: base64('patience') });
  });

  it('16 MiB arrive, one byte more does not, whatever the sender claims (C-60)', async () => {
    const largest = await play.write(contact, { video: { size: 16 * MiB } });
    const honest = await play.write(contact, { video: { size: 16 * MiB + 1 } });
    const liar = await play.write(contact, { video: { size: 16 * MiB + 1_000, claimedLength: 5 } });
    const told = await play.told(liar, 60_000);
    expect(told).toMatchObject({ media_type: 'video', media_base64: null });
    expect(await play.told(honest)).toMatchObject({ media_base64: null });
    const characters = Math.ceil((16 * MiB) / 3) * 4;
    expect(await play.told(largest)).toMatchObject({ media_base64: `(${characters} characters)` });
    await nothingLeft();
  }, 90_000);

  it('a slow download holds up its own conversation only, and keeps its order', async () => {
    await play.stage.world.faults({ media: { delayMs: 2_000, times: 1 } });
    const medium = await play.write(contact, { image: {}, caption: 'slow' });
    const behind = await play.write(contact, { text: 'behind it' });
    const other = await play.write(play.newContact(), { text: 'somebody else' });
    await play.told(behind);
    const order = (await play.all()).map((body) => body['wa_message_id']).slice(-3);
    expect(order).toEqual([other, medium, behind]);
  });

  it('while the app is down the bytes wait on disk, encrypted; a kill loses nothing, and no file is left behind', async () => {
    await play.stage.world.appMode('down');
    const secret = 'a picture that nobody else may see';
    const id = await play.write(contact, { image: { base64: base64(secret) } });
    // Half of a download has a longer name.
    const file = await eventually(() => files().find((name) => !name.includes('.')), {
      what: 'the whole file',
      withinMs: 20_000,
    });
    expect(readFileSync(`${folder}/${file}`).includes(secret)).toBe(false);
    await play.bridge.kill9();
    writeFileSync(`${folder}/orphan`, 'of a message that is long gone');
    await play.bridge.restart();
    await play.stage.world.appMode('ok');
    expect(await play.told(id, 30_000)).toMatchObject({ media_base64: base64(secret) });
    await nothingLeft();
  }, 90_000);

  it('C-61: a static location asks the media host for nothing', async () => {
    await play.stage.world.faults({ media: { delayMs: 30_000 } });
    const id = await play.write(contact, { location: { latitude: 1, longitude: 2 } });
    expect(await play.told(id, 5_000)).toMatchObject({ media_type: 'location' });
  });
});
