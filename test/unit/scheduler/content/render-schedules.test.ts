/** What a recipient of a schedule or a single gets: contract schedules §1, §4, bulk §2. */
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { recipientsOf } from '../../../../src/scheduler/content/recipients.ts';
import { render } from '../../../../src/scheduler/content/render.ts';

const APP = 'https://app.example.com';
const PHONE = '4915112345678';
const ann = { first_name: 'Ann', name: 'Ann Lee', city: '' };
const ENGINES = ['baileys', 'waba', 'twilio'] as const;

function sent(body: object, engine: EngineName = 'baileys', kind: 'bulk' | 'recurring' | 'single' = 'bulk') {
  const fields =
    kind === 'single'
      ? { targetPhoneNumber: PHONE, ...body }
      : { targetPhoneNumbers: [PHONE], recipientAttributes: { [PHONE]: ann }, ...body };
  const [recipient] = recipientsOf(kind, fields);
  if (!recipient) throw new Error('no recipient');
  return render({ kind, body: fields }, recipient, { engine, branding: 'Acme', appUrl: APP });
}

const made = (content: object, ...followUps: object[]) => ({ kind: 'made', content, followUps });
const text = (words: string) => made({ kind: 'text', text: words });
const invalid = (why: string) => ({ kind: 'invalid', why });
const pin = (name: string, address = '') => ({ kind: 'location', latitude: 52.52, longitude: 13.4, name, address });
const place = { latitude: '52.5200000', longitude: '13.4000000' };
const image = { type: 'image', mime: '', fileName: 'a.jpg' };

describe.each(['bulk', 'recurring'] as const)('schedules §1 %s', (kind) => {
  it.each(ENGINES)('S-23 text: placeholders and the branding footer on %s', (engine) => {
    expect(sent({ message: 'Hi {{first_name}}{{city}}, {{who}}' }, engine, kind)).toEqual(
      text('Hi Ann, {{who}}\n\n_Acme_'),
    );
    expect(sent({ message: 'x', messageType: 'whatever' }, engine, kind)).toEqual(text('x\n\n_Acme_'));
  });

  it.each(ENGINES)('location on %s: floats, the message is its name', (engine) => {
    const body = { messageType: 'location', ...place };
    expect(sent({ ...body, message: 'At {{first_name}}’s' }, engine, kind)).toEqual(made(pin('At Ann’s')));
    expect(sent({ ...body, message: null }, engine, kind)).toEqual(made(pin('Location')));
    expect(sent({ ...body, latitude: '91' }, engine, kind)).toEqual(invalid('Invalid coordinates'));
  });

  it.each(ENGINES)('S-27 media on %s: caption with placeholders, no branding footer', (engine) => {
    const mediaUrl = `${APP}/uploads/scheduled/a.jpg`;
    const media = { ...image, from: { kind: 'url', url: mediaUrl } };
    const body = { messageType: 'media', mediaUrl, message: 'For {{first_name}}' };
    expect(sent(body, engine, kind)).toEqual(made({ kind: 'media', media, caption: 'For Ann' }));
    expect(sent({ ...body, mediaUrl: null }, engine, kind)).toEqual(invalid('attachment-missing: no media is named'));
  });
});

describe('S-53 media of a retry', () => {
  it('the folder that is missing is the second place to look', () => {
    const places = [`${APP}/a.jpg?v=1`, `${APP}/uploads/scheduled/a.jpg?v=1`].map((url) => ({ kind: 'url', url }));
    const body = { messageType: 'media', mediaUrl: places[0]?.url };
    const content = { kind: 'media', media: { from: { kind: 'first of', places } } };
    expect(sent(body)).toMatchObject({ content });
    expect(sent(body)).not.toHaveProperty('content.media.link');
    expect(sent(body, 'twilio')).toMatchObject({ content: { media: { link: places[1]?.url } } });
  });

  it('of another server’s file Twilio gets the link as it is', () => {
    const mediaUrl = 'https://cdn.example.com/x/a.jpg';
    expect(sent({ messageType: 'media', mediaUrl }, 'twilio')).not.toHaveProperty('content.media.link');
  });

  it('base64 in place of a URL', () => {
    const body = { messageType: 'media', mediaUrl: 'data:image/png;base64,AAAA' };
    expect(sent(body)).toMatchObject({
      content: { media: { type: 'image', from: { kind: 'base64', base64: 'AAAA' } } },
    });
  });
});

const template = { header: 'Hello {{first_name}}', template_body: 'Body {{name}}', footer: 'Foot' };
const URL_BUTTON = { type: 'url', text: 'Go {{first_name}}', url: '{{link}}' };

describe('bulk §2.4 schedule templates', () => {
  it.each([
    // S-52, S-27: a template whatever the type says.
    [{ messageType: 'template', isTemplate: true }],
    [{ messageType: 'standard' }],
    [{}],
  ])('S-23 text: bold header, italic footer, no branding: %j', (fields) => {
    const expected = text('*Hello Ann*\n\nBody Ann Lee\n\n_Foot_');
    for (const engine of ENGINES) expect(sent({ ...fields, templateData: template }, engine)).toEqual(expected);
  });

  it('the message goes before the template’s own body', () => {
    expect(sent({ message: 'Own', templateData: template })).toEqual(text('*Hello Ann*\n\nOwn\n\n_Foot_'));
  });

  it('media: the footer is plain on the linked device, italic at providers', () => {
    const templateData = { ...template, attachment_type: 'IMAGE', attachment_url: `${APP}/a.jpg` };
    const caption = '*Hello Ann*\n\nBody Ann Lee';
    const media = { ...image, from: { kind: 'url', url: `${APP}/a.jpg` } };
    expect(sent({ templateData })).toEqual(made({ kind: 'media', media, caption: `${caption}\n\nFoot` }));
    expect(sent({ templateData }, 'waba')).toEqual(made({ kind: 'media', media, caption: `${caption}\n\n_Foot_` }));
  });

  it('buttons: header above the body, footer in its field, media above', () => {
    const templateData = {
      ...template,
      buttons: '[{"text":"Yes {{first_name}}"}]',
      attachment_type: 'video',
      attachment_url: `${APP}/v.mp4`,
    };
    const buttons = [{ kind: 'reply', label: 'Yes Ann', id: 'btn_0' }];
    expect(sent({ templateData })).toMatchObject({
      content: {
        kind: 'buttons',
        title: '',
        body: '*Hello Ann*\n\nBody Ann Lee',
        footer: 'Foot',
        buttons,
        header: { type: 'video' },
      },
    });
  });

  it('S-23 a button’s URL may be a placeholder; one that stays empty is left out', () => {
    const attributes = { [PHONE]: { first_name: 'Ann', link: 'x.example/$&' } };
    const templateData = { template_body: 'b', buttons: [URL_BUTTON] };
    expect(sent({ templateData, recipientAttributes: attributes })).toMatchObject({
      content: { buttons: [{ kind: 'url', label: 'Go Ann', url: 'https://x.example/$&' }] },
    });
    const none = { [PHONE]: { first_name: 'Ann', link: '' } };
    expect(sent({ templateData, recipientAttributes: none })).toMatchObject({ content: { kind: 'text', text: 'b' } });
  });

  it('bulk §2.2 numbers, in template and media caption', () => {
    const templateData = { template_body: '{{1}} and {{2}}', variable_map: { body: [{ num: 1, key: 'first_name' }] } };
    expect(sent({ templateData })).toEqual(text('Ann and {{2}}'));
    const withMedia = { ...templateData, attachment_type: 'image', attachment_url: `${APP}/a.jpg` };
    expect(sent({ templateData: withMedia })).toMatchObject({ content: { caption: 'Ann and {{2}}' } });
  });

  it('S-53 the schedule’s own medium, for a template without', () => {
    const mediaUrl = `${APP}/uploads/scheduled/a.jpg`;
    expect(sent({ templateData: template, mediaUrl })).toMatchObject({ content: { kind: 'media' } });
  });

  it('S-61 carousel: filled cards, images from both folders, nothing that nobody wrote', () => {
    const templateData = {
      ...template,
      template_type: 'carousel',
      carousel_data: JSON.stringify([
        { title: 'For {{first_name}}', body: '', image: 'a.jpg', buttons: [URL_BUTTON, { text: '' }] },
      ]),
    };
    const places = ['/uploads/templates/carousel/', '/storage/wa-templates/'].map((folder) => ({
      kind: 'url',
      url: `${APP}${folder}a.jpg`,
    }));
    const reply = { kind: 'reply', label: 'Button', id: 'btn_1' };
    const url = { kind: 'url', label: 'Go Ann', url: 'https://{{link}}' };
    const card = {
      title: 'For Ann',
      body: '',
      footer: '',
      buttons: [url, reply],
      image: { type: 'image', from: { kind: 'first of', places }, mime: 'image/jpeg' },
    };
    expect(sent({ templateData })).toEqual(
      made({ kind: 'carousel', title: '', body: '*Hello Ann*\n\nBody Ann Lee', footer: 'Foot', cards: [card] }),
    );
    expect(sent({ templateData: { ...templateData, carousel_data: '[]' } })).toEqual(
      invalid('No cards provided for carousel'),
    );
  });

  it.each([
    [{ location: { ...place, name: 'At {{first_name}}’s', address: 'Berlin' } }, pin('At Ann’s', 'Berlin')],
    [{ location: JSON.stringify(place) }, pin('')],
    // S-27
    [place, pin('')],
  ])('a location follows: %j', (fields, location) => {
    expect(sent({ templateData: { template_body: 'b', ...fields } })).toEqual(
      made({ kind: 'text', text: 'b' }, location),
    );
  });

  it('a location that is no point is ignored; alone it is the message', () => {
    expect(sent({ templateData: { template_body: 'b', location: { latitude: 91, longitude: 0 } } })).toEqual(text('b'));
    expect(sent({ templateData: { attachment_type: 'LOCATION', location: place } })).toEqual(made(pin('')));
  });

  it.each([
    [
      { attachment_base64: 'AAAA', attachment_type: 'image' },
      { type: 'image', mime: 'image/jpeg', from: { kind: 'base64', base64: 'AAAA' }, fileName: 'file' },
    ],
    [
      {
        attachment_base64: 'AAAA',
        attachment_url: `${APP}/s/b.png`,
        attachment_type: 'Image',
        attachment_mime: 'image/png',
      },
      {
        type: 'image',
        mime: 'image/png',
        from: { kind: 'base64', base64: 'AAAA' },
        fileName: 'b.png',
        link: `${APP}/s/b.png`,
      },
    ],
    [
      { attachment_url: `${APP}/s/b.png`, attachment_file: 'dir/Offer.png', attachment_type: 'document' },
      {
        type: 'document',
        mime: 'application/octet-stream',
        from: { kind: 'url', url: `${APP}/s/b.png` },
        fileName: 'Offer.png',
      },
    ],
    [
      { attachment_url: `${APP}/b`, attachment_type: 'video' },
      { type: 'video', mime: '', from: { kind: 'url', url: `${APP}/b` }, fileName: 'b' },
    ],
    [
      { attachment_url: `${APP}/b.png` },
      { type: 'image', mime: '', from: { kind: 'url', url: `${APP}/b.png` }, fileName: 'b.png' },
    ],
  ])('bulk §2.3 attachments, base64 preferred: %j', (fields, media) => {
    expect(sent({ templateData: { template_body: 'b', ...fields } })).toEqual(
      made({ kind: 'media', media, caption: 'b' }),
    );
  });

  it('S-63 an attachment that is announced and not there fails the recipient', () => {
    const why = 'attachment-missing: the image of the template is not there';
    for (const engine of ENGINES)
      expect(sent({ templateData: { template_body: 'b', attachment_type: 'image' } }, engine)).toEqual(invalid(why));
    for (const attachment_type of ['none', 'TEXT', ''])
      expect(sent({ templateData: { template_body: 'b', attachment_type } })).toEqual(text('b'));
    const unused = { attachment_type: 'none', attachment_url: `${APP}/old.jpg` };
    expect(sent({ templateData: { template_body: 'b', ...unused } })).toEqual(text('b'));
  });

  it('audio carries no caption: the text follows', () => {
    const templateData = { template_body: 'b', attachment_type: 'audio', attachment_url: `${APP}/a.mp3` };
    expect(sent({ templateData })).toMatchObject({
      content: { media: { type: 'audio' }, caption: '' },
      followUps: [{ text: 'b' }],
    });
  });

  it('bulk §2.5 nothing to say', () => {
    const nothing = invalid('No template or message body provided');
    expect(sent({ message: ' ' })).toEqual(nothing);
    expect(sent({ templateData: { template_name: 'x y' } })).toEqual(nothing);
    expect(sent({ targetPhoneNumbers: ['x'], message: 'm' })).toEqual(invalid('No phone number'));
    expect(sent({ message: 'x'.repeat(65_530) })).toEqual(invalid('Message longer than 65536 characters'));
  });
});

describe('schedules §4 singles', () => {
  it.each(ENGINES)('text with the branding footer on %s, as it was typed', (engine) => {
    expect(sent({ message: 'Hi {{first_name}}', messageType: 'text' }, engine, 'single')).toEqual(
      text('Hi {{first_name}}\n\n_Acme_'),
    );
  });

  it.each([
    ['media', 'c', 'c'],
    ['media', '', ''],
    ['media_with_caption', 'c', 'c'],
    ['media_only', 'c', ''],
  ])('S-27 %s with message %j', (messageType, message, caption) => {
    const mediaUrl = 'https://x.example/a.jpg';
    const media = { ...image, from: { kind: 'url', url: mediaUrl } };
    expect(sent({ messageType, message, mediaUrl }, 'baileys', 'single')).toEqual(
      made({ kind: 'media', media, caption }),
    );
    expect(sent({ messageType, message }, 'baileys', 'single')).toEqual(
      invalid('attachment-missing: no media is named'),
    );
  });

  it('location: the message is name and address', () => {
    const body = { messageType: 'location', message: 'Mitte', ...place };
    expect(sent(body, 'baileys', 'single')).toEqual(made(pin('Mitte', 'Mitte')));
    expect(sent({ ...body, longitude: null }, 'baileys', 'single')).toEqual(invalid('Invalid coordinates'));
  });
});
