/** Automatic replies: kinds, placeholders, cooldown, delay, mirror, repeats (contract inbound §8), by simulated time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Medium } from '../../../src/app-client/inbound-content.ts';
import { digits } from '../../property/outbox/app.ts';
import { ANA, answer, BOB, custom, DEVICE, NO_MATCH, Stage } from './stage.ts';

const LID = '99887766554433';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.strike());

/** A message that is answered by the app at once, and looked up. */
async function writes(id: string, contact = ANA, text = id): Promise<void> {
  await stage.arrives(id, contact, text);
  stage.answered(id, contact);
  await stage.pass(0.5);
}

describe('what is sent (inbound §8)', () => {
  it('placeholders from push name and number, whatever their case and spaces', async () => {
    stage.onLookUp = () => custom('{{name}} {{ First_Name }}/{{firstname}} {{PHONE}} {{other}}');
    await writes('A');
    expect(stage.said()).toEqual([[0, 'Ana Maria Ana/Ana 5511999990000 {{other}}']]);
    expect(stage.sends[0]).toMatchObject({ to: '5511999990000@s.whatsapp.net', origin: 'auto' });
  });

  it('media from its url, a relative one from the app, with the caption filled', async () => {
    const reply = {
      type: 'document',
      url: '/storage/a.pdf',
      caption: 'For {{name}}',
      filename: 'a.pdf',
      mimetype: 'application/pdf',
    };
    stage.onLookUp = () => custom(JSON.stringify(reply));
    await writes('A');
    expect(stage.sends[0]?.content).toEqual({
      kind: 'media',
      media: {
        type: 'document',
        from: { kind: 'url', url: 'http://app.test/storage/a.pdf' },
        mime: 'application/pdf',
        fileName: 'a.pdf',
      },
      caption: 'For Ana Maria',
    });
  });

  it('RP4 a mirror of media waits for their upload, for no more than ten minutes, and nobody drops it', async () => {
    const sentAs = { kind: 'media', type: 'image', mime: 'image/png', caption: 'Look' } as const;
    const uploaded = { ...sentAs, attachment: { file: 'f' } } as unknown as Medium;
    stage.onLookUp = () => custom(JSON.stringify({ type: 'image', url: 'http://x.test/a.png', caption: 'Look' }));
    stage.onSend = ({ idempotencyKey, to }) => ({ kind: 'pending', id: `WA ${idempotencyKey}`, to });
    await writes('A');
    expect(stage.mirrors).toEqual([]);
    stage.automation.humanWrote(ANA);
    stage.sentMedium = (id) => (id === 'WA auto-reply media A' ? uploaded : undefined);
    await stage.pass(6);
    expect(stage.mirrors.map(({ id, content }) => [id, content])).toEqual([['WA auto-reply media A', uploaded]]);
    await writes('B', BOB);
    await stage.pass(590);
    expect(stage.mirrors).toHaveLength(1);
    await stage.pass(20);
    expect(stage.mirrors[1]).toMatchObject({
      id: 'WA auto-reply media B',
      content: { kind: 'media', caption: 'Look' },
    });
    expect(stage.left()).toBe(0);
  });

  it('media that cannot be had: the caption goes as text, also after a crash, once', async () => {
    stage.onLookUp = () =>
      custom(JSON.stringify({ type: 'image', url: 'http://x.test/a.png', caption: 'Look, {{name}}' }));
    stage.onSend = ({ content, to }) =>
      content.kind === 'text'
        ? { kind: 'sent', id: 'T', to }
        : { kind: 'failed', id: 'M', error: 'HTTP 404', why: 'media refused' };
    await writes('A');
    expect(stage.said()).toEqual([
      [0, 'media'],
      [0, 'Look, Ana Maria'],
    ]);
    expect(new Set(stage.sends.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(stage.mirrors.map(({ id, content }) => [id, content])).toEqual([
      ['T', { kind: 'text', text: 'Look, Ana Maria' }],
    ]);
    stage.kill9();
    await stage.pass(130);
    expect(stage.sends).toHaveLength(2);
  });

  it.each([
    [
      'contact',
      { reply_type: 'share_contact', contact: { name: 'Sales', phone: '+55 11 3333-4444', email: 's@x.test' } },
      {
        kind: 'contact',
        name: 'Sales',
        phone: '+55 11 3333-4444',
        vcard: expect.stringContaining('EMAIL;type=INTERNET:s@x.test'),
      },
    ],
    [
      'catalog with its storefront',
      { reply_type: 'send_catalog', catalog: { catalog_id: '7', storefront_url: 'http://shop.test/' } },
      { kind: 'text', text: "Here's our catalog: http://shop.test/" },
    ],
    [
      'catalog',
      { reply_type: 'send_catalog', catalog: { catalog_id: '7' } },
      { kind: 'text', text: "Here's our catalog: https://wa.me/c/7" },
    ],
    ['location request', { reply_type: 'request_location' }, { kind: 'text', text: 'Please share your location' }],
    ['text', custom('Hi'), { kind: 'text', text: 'Hi' }],
  ])('C-58: %s is sent and mirrored with its real id, direction out', async (_, found, mirror) => {
    stage.onLookUp = () => found;
    await writes('A');
    expect(stage.sends).toHaveLength(1);
    expect(stage.mirrors).toMatchObject([{ direction: 'out', id: 'WA1', contact: ANA, name: '', content: mirror }]);
    expect(stage.left()).toBe(0);
  });

  it('the location request is a native one', async () => {
    stage.onLookUp = () => ({ reply_type: 'request_location' });
    await writes('A');
    expect(stage.sends[0]?.content).toEqual({ kind: 'location request', body: 'Please share your location' });
  });

  it('a customer known by LID alone is answered there, never under a phone made of its digits (inbound §2)', async () => {
    stage.onLookUp = () => custom('Hi');
    await writes('A', { lid: LID });
    expect(stage.sends[0]?.to).toBe(`${LID}@lid`);
  });
});

describe('cooldown (inbound §8)', () => {
  beforeEach(() => {
    stage.onLookUp = ({ keyword }) => custom(`re ${keyword}`, { cooldown: keyword === 'free' ? 0 : 60 });
  });

  it('blocks further replies to that customer for so long, however they are known, over restarts; others get theirs', async () => {
    await writes('A', { pn: digits('5511988887777'), lid: LID });
    await stage.restart();
    await writes('B', { pn: digits('551188887777') });
    await writes('C', { lid: LID });
    await writes('D', BOB);
    expect(stage.said().map(([, text]) => text)).toEqual(['re a', 're d']);
    await stage.pass(60);
    await writes('E', { lid: LID });
    expect(stage.said().map(([, text]) => text)).toEqual(['re a', 're d', 're e']);
  });

  it('is on disk before the reply is sent', async () => {
    stage.onSend = () => {
      stage.onSend = ({ to }) => ({ kind: 'sent', id: 'X', to });
      stage.kill9();
      return { kind: 'unknown', id: 'X', error: 'killed' };
    };
    await writes('A');
    await writes('B');
    expect(stage.said().map(([, text]) => text)).toEqual(['re a', 're a']);
  });

  it('set for a LID holds when its phone becomes known', async () => {
    await writes('A', { lid: LID });
    await writes('B', { pn: digits('5511988887777'), lid: LID });
    expect(stage.said().map(([, text]) => text)).toEqual(['re a']);
  });

  it('of 0 blocks nothing', async () => {
    await writes('A1', ANA, 'free');
    await writes('A2', ANA, 'free');
    expect(stage.sends).toHaveLength(2);
  });
});

describe('RP6: what a flow found for a message that it had kept', () => {
  const reply = { kind: 'text', text: 'Hi {{name}}', delayS: 0, timeoutS: 600, cooldownS: 60 } as const;
  const message = (id: string) => ({ id, contact: ANA, name: 'Ana', text: id, at: 0 });
  const late = async (id: string, more: Partial<typeof reply> | { delayS: number } = {}) => {
    const decided = stage.automations.decideLate(DEVICE, message(id), { ...reply, ...more });
    await stage.pass(0.5);
    return decided;
  };

  it('is said once, mirrored, and begins its cooldown, which also holds it back', async () => {
    await late('A');
    await late('B');
    await stage.pass(60);
    await late('C');
    expect(stage.sends).toMatchObject([
      { idempotencyKey: 'auto-reply text A', content: { text: 'Hi Ana' } },
      { idempotencyKey: 'auto-reply text C' },
    ]);
    expect([stage.mirrors.length, stage.left()]).toEqual([2, 0]);
  });

  it('is decided though the conversation is busy, and said in its turn, also by the next process', async () => {
    let found: (body: object) => void = () => undefined;
    stage.onLookUp = () => new Promise((resolve) => (found = resolve));
    await writes('A');
    await late('B');
    expect([stage.sends, stage.left()]).toEqual([[], 2]);
    found(NO_MATCH);
    await stage.pass(0.5);
    expect(stage.said().map(([, text]) => text)).toEqual(['Hi Ana']);
    stage.onLookUp = () => new Promise(() => undefined);
    await stage.pass(60);
    await writes('C');
    await late('D');
    stage.kill9();
    await stage.pass(0.5);
    expect(stage.said()).toHaveLength(2);
  });

  it('waits out its delay, and gives way to a human', async () => {
    await late('A', { delayS: 30 });
    stage.automation.humanWrote(ANA);
    await stage.pass(40);
    expect(stage.sends).toEqual([]);
  });
});

describe('reply_delay (inbound §8)', () => {
  beforeEach(() => {
    stage.onLookUp = ({ keyword }) => custom(`re ${keyword}`, keyword === 'now' ? {} : { reply_delay: 30 });
  });

  it('C-35: waits in a timer and blocks nothing else', async () => {
    await writes('A');
    await writes('B', ANA, 'now');
    await stage.pass(40);
    expect(stage.said()).toEqual([
      [0.5, 're now'],
      [30, 're a'],
    ]);
  });

  it('survives a restart and a crash; the time is absolute', async () => {
    await writes('A');
    await stage.restart();
    await stage.pass(10);
    stage.kill9();
    await stage.pass(60);
    expect(stage.said()).toEqual([[30, 're a']]);
  });

  it.each([
    ['the operator wrote on the own phone', () => stage.automation.humanWrote(ANA)],
    [
      'somebody sent through a route',
      () => stage.automations.humanWrote('5511900000001', '551199990000@s.whatsapp.net'),
    ],
    ['the customer opted out', () => stage.answered('Z', ANA, answer({ ok: true, kind: 'opt_out' }))],
  ])('is dropped when %s, also for the next process', async (_, happens) => {
    await writes('A');
    await writes('B', BOB);
    happens();
    await stage.pass(1);
    stage.kill9();
    await stage.pass(60);
    expect(stage.said().map(([, text]) => text)).toEqual(['re b']);
  });
});

describe('a reply that cannot go at once', () => {
  it('RP5: is tried again under the same key until it goes', async () => {
    stage.onLookUp = () => custom('Hi');
    let ready = false;
    stage.onSend = ({ to }) => (ready ? { kind: 'sent', id: 'X', to } : { kind: 'not ready', why: 'offline' });
    await writes('A');
    await stage.pass(60);
    ready = true;
    await stage.pass(80);
    expect(stage.sends.length).toBeGreaterThan(3);
    expect(new Set(stage.sends.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(stage.mirrors.map(({ id }) => id)).toEqual(['X']);
    expect(stage.left()).toBe(0);
  });

  it('RP5: is given up after ten minutes, at once when WhatsApp refused it', async () => {
    stage.onLookUp = () => custom('Hi');
    stage.onSend = () => ({ kind: 'unknown', id: 'X', error: 'cut' });
    await writes('A');
    await stage.pass(900);
    expect(stage.left()).toBe(0);
    const tries = stage.sends.length;
    stage.onSend = () => ({ kind: 'failed', id: 'X', code: 463, error: 'refused' });
    await writes('B', BOB);
    await stage.pass(900);
    expect(stage.sends).toHaveLength(tries + 1);
    expect([stage.mirrors, stage.left()]).toEqual([[], 0]);
  });

  it('RP2: a kill -9 between the decision and the answer of the lane repeats it under the same key, and mirrors it once', async () => {
    stage.onLookUp = () => custom('Hi');
    stage.onSend = () => new Promise(() => undefined);
    await writes('A');
    stage.kill9();
    stage.onSend = ({ to }) => ({ kind: 'sent', id: 'X', to });
    await stage.pass(1);
    expect(stage.lookUps).toHaveLength(1);
    expect(stage.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['auto-reply text A', 'auto-reply text A']);
    stage.kill9();
    await stage.pass(130);
    expect(stage.sends).toHaveLength(2);
    expect(stage.mirrors).toHaveLength(1);
  });

  it('a reply whose time was long ago is not sent', async () => {
    stage.onLookUp = () => custom('Hi', { reply_delay: 30 });
    await writes('A');
    await stage.automations.stop();
    await stage.pass(700);
    await stage.restart();
    await stage.pass(60);
    expect(stage.sends).toEqual([]);
    expect(stage.left()).toBe(0);
  });
});
