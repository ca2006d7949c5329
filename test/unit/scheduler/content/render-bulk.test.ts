/** What a contact of a broadcast or campaign gets: contract bulk §1.1, §2, §4.1; refused jobs: settings §6. */
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { recipientsOf } from '../../../../src/scheduler/content/recipients.ts';
import { refusalOf, render, type RenderedJob } from '../../../../src/scheduler/content/render.ts';

const APP = 'https://app.example.com';
const ann = {
  id: 7,
  phone: '4915112345678',
  first_name: 'Ann',
  tracking_id: 'tr 1',
  custom_attributes: { City: 'Bonn' },
};

function sent(job: Omit<RenderedJob, 'body'> & { readonly body: object }, engine: EngineName = 'baileys') {
  const body = { targetContacts: [ann], ...job.body };
  const [recipient] = recipientsOf(job.kind, body);
  if (!recipient) throw new Error('no recipient');
  return render({ ...job, body }, recipient, { engine, branding: 'Acme', appUrl: APP });
}
const broadcast = (body: object, engine?: EngineName) => sent({ kind: 'broadcast', body }, engine);
const custom = (customMessage: unknown, body: object = {}, engine?: EngineName) =>
  sent({ kind: 'campaign', body: { campaignType: 'custom', customMessage, ...body } }, engine);
const campaign = (
  template: Record<string, unknown> | undefined,
  engine?: EngineName,
  attributes?: Record<string, unknown>,
  body: object = {},
) => sent({ kind: 'campaign', body: { campaignType: 'template', ...body }, template, attributes }, engine);

const made = (content: object, ...followUps: object[]) => ({ kind: 'made', content, followUps });
const text = (words: string) => made({ kind: 'text', text: words });
const invalid = (why: string) => ({ kind: 'invalid', why });
const template = { header: 'Hello {{first_name}}', template_body: 'To {{ city }}{{City}}', footer: 'Foot' };
const buttons = [{ text: 'Yes' }];
const card = { title: 't', image: 'https://x.example/a.jpg' };

describe('bulk §2.4 broadcasts', () => {
  it('S-23 bold header, plain footer, no branding footer; at providers the footer is italic', () => {
    const said = '*Hello Ann*\n\nTo {{ city }}Bonn';
    expect(broadcast({ templateData: template })).toEqual(text(`${said}\n\nFoot`));
    expect(broadcast({ templateData: template }, 'waba')).toEqual(text(`${said}\n\n_Foot_`));
    expect(broadcast({ templateData: template }, 'twilio')).toEqual(text(`${said}\n\n_Foot_`));
    expect(broadcast({ message: 'plain', templateData: null })).toEqual(text('plain'));
  });

  it('the footer has its field under buttons', () => {
    expect(broadcast({ templateData: { ...template, buttons } })).toMatchObject({
      content: { title: '', footer: 'Foot' },
    });
  });

  it('a carousel keeps its title on the linked device', () => {
    const templateData = { ...template, template_type: 'carousel', carousel_data: [card] };
    expect(broadcast({ templateData })).toMatchObject({
      content: { title: 'Hello Ann', body: 'To {{ city }}Bonn', footer: 'Foot' },
    });
    expect(broadcast({ templateData }, 'waba')).toMatchObject({
      content: { title: '', body: '*Hello Ann*\n\nTo {{ city }}Bonn\n\n_Foot_', footer: '' },
    });
  });

  it('S-27 BC1 a contact’s own body goes before the shared one, and is filled', () => {
    const body = {
      message: 'shared',
      templateData: { footer: 'Foot' },
      tracked_bodies: { '7': 'own {{first_name}}', '8': 'x' },
    };
    expect(broadcast(body)).toEqual(text('own Ann\n\nFoot'));
    expect(broadcast({ ...body, tracked_bodies: [] })).toEqual(text('shared\n\nFoot'));
    expect(broadcast({ ...body, tracked_bodies: { '8': 'x' } })).toEqual(text('shared\n\nFoot'));
  });

  it('S-27 coordinates of the queue’s template follow', () => {
    const templateData = { template_body: 'b', latitude: '52.5200000', longitude: '13.4000000' };
    expect(broadcast({ templateData })).toMatchObject({
      followUps: [{ kind: 'location', latitude: 52.52, longitude: 13.4 }],
    });
  });
});

const meta = { template_name: 'order_update', language: 'de', template_body: 'Dear {{1}} of {{2}}, {{1}}' };
const variable_map = {
  header: [{ num: 1, key: 'City' }],
  body: [
    { num: 2, key: 'City' },
    { num: 1, key: 'first_name' },
  ],
};
const param = (value: string) => ({ type: 'text', text: value });

describe('bulk §2.4 Meta templates', () => {
  const payload = {
    name: 'x_1',
    language: { code: 'en' },
    components: [{ type: 'body', parameters: [param('{{first_name}}')] }],
    more: 1,
  };

  it('a ready-made one is forwarded unchanged on the Cloud API only; `tracked_bodies` has no effect', () => {
    const body = {
      templateData: { ...template, attachment_type: 'image', meta_payloads: { '7': payload } },
      tracked_bodies: { '7': 'own' },
    };
    expect(broadcast(body, 'waba')).toEqual(made({ kind: 'template', template: payload }));
    expect(broadcast({ templateData: { ...template, meta_payloads: { '7': payload } } })).toMatchObject({
      content: { kind: 'text' },
    });
  });

  it('schedules have them by the phone as it was listed', () => {
    const phone = '+49 151 12345678';
    const bulk = (meta_payloads_by_phone: object) =>
      sent(
        {
          kind: 'bulk',
          body: { targetPhoneNumbers: [phone], templateData: { template_body: 'b', meta_payloads_by_phone } },
        },
        'waba',
      );
    for (const key of [phone, '4915112345678', '+4915112345678'])
      expect(bulk({ [key]: payload })).toEqual(made({ kind: 'template', template: payload }));
    expect(bulk({ '49': payload })).toEqual(text('b'));
    expect(bulk([])).toEqual(text('b'));
  });

  it('one that Meta would refuse is refused here', () => {
    expect(broadcast({ templateData: { meta_payloads: { '7': { name: 'x' } } } }, 'waba')).toMatchObject({
      kind: 'invalid',
    });
  });

  it('one is made of `variable_map`: header, body in the order of the numbers', () => {
    const components = [
      { type: 'header', parameters: [param('Bonn')] },
      { type: 'body', parameters: [param('Ann'), param('Bonn')] },
    ];
    const templateData = { ...meta, header: 'In {{1}}', variable_map };
    const expected = { name: 'order_update', language: { code: 'de' }, components };
    expect(broadcast({ templateData }, 'waba')).toEqual(made({ kind: 'template', template: expected }));
    expect(broadcast({ templateData })).toMatchObject({
      content: { kind: 'text', text: '*In Ann*\n\nDear Ann of Bonn, Ann' },
    });
  });

  it('flat maps, named variables, no variables', () => {
    const components = (templateData: object) => {
      const rendered = broadcast({ templateData: { template_name: 'n', ...templateData } }, 'waba');
      return rendered.kind === 'made' && rendered.content.kind === 'template'
        ? rendered.content.template.components
        : rendered;
    };
    const body = (...parameters: object[]) => [{ type: 'body', parameters }];
    expect(components({ template_body: '{{1}} {{2}}', variable_map: { '1': 'first_name', '2': 'City' } })).toEqual(
      body(param('Ann'), param('Bonn')),
    );
    expect(components({ template_body: '{{first_name}}' })).toEqual(
      body({ ...param('Ann'), parameter_name: 'first_name' }),
    );
    expect(components({ template_body: 'Hi {{first_name}}', variable_map: { '1': 'first_name' } })).toEqual(
      body(param('Ann')),
    );
    expect(components({ template_body: 'plain' })).toBeUndefined();
    expect(components({ template_body: '{{2}} {{1}}', variable_map: { '1': 'first_name', '2': 'City' } })).toEqual(
      body(param('Ann'), param('Bonn')),
    );
    // MC1
    expect(components({ template_body: '{{1}}{{2}}', variable_map: { '1': 'nobody' } })).toEqual(
      body(param(' '), param(' ')),
    );
  });

  it('media header, URL and copy buttons', () => {
    const templateData = {
      ...meta,
      variable_map,
      attachment_type: 'image',
      attachment_url: `${APP}/a.jpg`,
      buttons: [
        { text: 'Yes' },
        { type: 'url', text: 'Go', url: 'https://x.example/{{1}}' },
        { type: 'copy_code', text: 'Copy', code: 'C-{{1}}' },
      ],
    };
    expect(broadcast({ templateData }, 'waba')).toMatchObject({
      content: {
        kind: 'template',
        header: { type: 'image', from: { kind: 'url', url: `${APP}/a.jpg` } },
        template: {
          components: [
            { type: 'body' },
            { type: 'button', sub_type: 'url', index: '1', parameters: [param('Ann')] },
            {
              type: 'button',
              sub_type: 'copy_code',
              index: '2',
              parameters: [{ type: 'coupon_code', coupon_code: 'C-Ann' }],
            },
          ],
        },
      },
    });
  });

  it('carousel, where each card has a link; else free cards', () => {
    const cards = { cards: [{ body: [{ num: 1, key: 'City' }] }] };
    const carousel = { ...meta, template_type: 'carousel', variable_map: { body: variable_map.body, ...cards } };
    const withLink = { ...carousel, carousel_data: [{ ...card, body: 'In {{1}}' }] };
    const header = { type: 'header', parameters: [{ type: 'image', image: { link: card.image } }] };
    const components = [header, { type: 'body', parameters: [param('Bonn')] }];
    expect(broadcast({ templateData: withLink }, 'waba')).toMatchObject({
      content: {
        template: { components: [{ type: 'body' }, { type: 'carousel', cards: [{ card_index: 0, components }] }] },
      },
    });
    const without = { ...carousel, carousel_data: [{ title: 't' }] };
    expect(broadcast({ templateData: without }, 'waba')).toMatchObject({ content: { kind: 'carousel' } });
  });

  it('a location above the body does not follow it as well', () => {
    const location = { latitude: 1, longitude: 2, name: 'N' };
    const templateData = { ...meta, attachment_type: 'LOCATION', location };
    expect(broadcast({ templateData }, 'waba')).toMatchObject({
      content: { template: { components: [{ type: 'header', parameters: [{ type: 'location', location }] }, {}] } },
      followUps: [],
    });
    expect(broadcast({ templateData: { ...meta, location } }, 'waba')).toMatchObject({
      followUps: [{ kind: 'location' }],
    });
    const shown = { ...payload, components: [{ type: 'header', parameters: [{ type: 'location', location }] }] };
    expect(broadcast({ templateData: { location, meta_payloads: { '7': shown } } }, 'waba')).toMatchObject({
      followUps: [],
    });
  });

  it.each([
    { template_name: 'Order Update' },
    { template_name: '' },
    { meta_template_id: null },
    { meta_status: 'REJECTED', meta_template_id: '1' },
  ])('what Meta does not have goes as free text: %j', (fields) => {
    expect(broadcast({ templateData: { ...meta, variable_map, ...fields } }, 'waba')).toMatchObject({
      content: { kind: 'text' },
    });
  });

  it.each([{ meta_template_id: '1', meta_status: 'APPROVED' }, {}])(
    'what Meta may have is its template: %j',
    (fields) => {
      expect(campaign({ ...meta, variable_map, ...fields }, 'waba')).toMatchObject({ content: { kind: 'template' } });
    },
  );
});

describe('bulk §2.4 Twilio content templates', () => {
  const twilio_content_sid = `HX${'0a'.repeat(16)}`;

  it('S-52 variables come from attributes, for one-off and recurring alike', () => {
    const templateData = {
      template_body: 'b',
      twilio_content_sid,
      variable_map: {
        body: [
          { num: 1, key: 'first_name' },
          { num: 2, key: 'x' },
        ],
      },
    };
    const content = { kind: 'content template', contentSid: twilio_content_sid, variables: { '1': 'Ann', '2': ' ' } };
    expect(broadcast({ templateData }, 'twilio')).toEqual(made(content));
    expect(campaign(templateData, 'twilio')).toEqual(made(content));
    const phone = '4915112345678';
    for (const kind of ['bulk', 'recurring'] as const) {
      const body = {
        targetPhoneNumbers: [phone],
        recipientAttributes: { [phone]: { first_name: 'Ann' } },
        templateData,
      };
      expect(sent({ kind, body }, 'twilio')).toEqual(made(content));
    }
    expect(broadcast({ templateData }, 'waba')).toMatchObject({ content: { kind: 'text' } });
  });

  it('an id that is none is refused, a missing one means text', () => {
    expect(broadcast({ templateData: { template_body: 'b', twilio_content_sid: 'HX1' } }, 'twilio')).toMatchObject({
      kind: 'invalid',
    });
    expect(broadcast({ templateData: { template_body: 'b', twilio_content_sid: null } }, 'twilio')).toEqual(text('b'));
  });
});

describe('bulk §4.1 campaigns', () => {
  it('S-23 template: bold header, italic footer, everywhere and under buttons', () => {
    const said = '*Hello Ann*\n\nTo BonnBonn\n\n_Foot_';
    for (const engine of ['baileys', 'waba', 'twilio'] as const) expect(campaign(template, engine)).toEqual(text(said));
    expect(campaign({ ...template, buttons })).toMatchObject({ content: { kind: 'buttons', body: said, footer: '' } });
    expect(campaign(undefined)).toEqual(invalid('No template or message body provided'));
  });

  it('CP2 values of the workspace go before the contact’s and are not filled again', () => {
    const attributes = { City: 'Kiel {first_name}', Brand: 'Acme' };
    expect(campaign({ template_body: '{city} {{brand}} {first_name}' }, 'baileys', attributes)).toEqual(
      text('Kiel {first_name} Acme Ann'),
    );
  });

  it.each([
    [{ message: 'Hi {name}', header: 'H', footer: 'F' }],
    [{ custom_message: 'Hi {name}', custom_header: 'H', custom_footer: 'F' }],
    ['{"message":"Hi {name}","header":"H","footer":"F"}'],
  ])('custom: %j', (message) => {
    expect(custom(message, { useAttributes: true })).toEqual(text('*H*\n\nHi Ann\n\n_F_'));
    expect(custom(message)).toEqual(text('*H*\n\nHi {name}\n\n_F_'));
    // S-23: never an object; Twilio is always filled.
    expect(custom(message, {}, 'twilio')).toEqual(text('*H*\n\nHi Ann\n\n_F_'));
  });

  it('custom as text alone; nothing at all', () => {
    expect(custom('Hi')).toEqual(text('Hi'));
    for (const nothing of [null, '', {}, [], { message: ' ' }])
      expect(custom(nothing)).toEqual(invalid('No template or message body provided'));
  });

  it('custom media and buttons', () => {
    const own = {
      message: 'm',
      custom_document: 'https://x.example/a.png',
      custom_document_name: 'Offer.png',
      custom_buttons: '[{"text":"Hi {name}"}]',
    };
    expect(custom(own, { useAttributes: 1 })).toMatchObject({
      content: {
        kind: 'buttons',
        body: 'm',
        header: { type: 'document', fileName: 'Offer.png' },
        buttons: [{ label: 'Hi Ann' }],
      },
    });
    expect(custom({ custom_image: 'https://x.example/a.png', custom_video: 'https://x.example/a.mp4' })).toMatchObject({
      content: { kind: 'media', media: { type: 'image' } },
      followUps: [{ kind: 'media', media: { type: 'video' } }],
    });
  });

  it('S-63 custom media stay media, so that what cannot be had fails', () => {
    expect(custom({ message: 'm', custom_image: 'campaigns/a.png' })).toMatchObject({
      content: { kind: 'media', media: { from: { kind: 'path', path: 'campaigns/a.png' } }, caption: 'm' },
    });
  });

  it('tracking: links in texts and URL buttons lead to the counter, once', () => {
    const link = (url: string) => `${APP}/c/tr%201?url=${Buffer.from(url).toString('base64').replaceAll('+', '%2B')}`;
    const own = {
      message: `See https://x.example/a?b=1, or *https://y.example/~/${'>'}* and ${link('https://z.example')}.`,
      custom_buttons: [
        { type: 'url', text: 'https://w.example', url: 'w.example' },
        { type: 'url', text: 'Mail', url: 'mailto:a@x' },
      ],
    };
    expect(custom(own, { trackingEnabled: 'true' })).toMatchObject({
      content: {
        body: `See ${link('https://x.example/a?b=1')}, or *${link('https://y.example/~/')}>* and ${link('https://z.example')}.`,
        buttons: [{ label: 'https://w.example', url: link('https://w.example') }, { url: 'mailto:a@x' }],
      },
    });
    expect(custom({ message: 'https://x.example' })).toEqual(text('https://x.example'));
    const nobody = { targetContacts: [{ ...ann, tracking_id: '' }], trackingEnabled: true };
    expect(custom({ message: 'https://x.example' }, nobody)).toEqual(text('https://x.example'));
    expect(campaign({ template_body: 'https://x.example' }, 'baileys', {}, { trackingEnabled: true })).toEqual(
      text(link('https://x.example')),
    );
  });
});

describe('settings §6 refused jobs', () => {
  const auth = 'authentication templates cannot be sent in bulk';
  const nothing = 'No template or message body provided';

  it.each([
    { template_type: 'auth' },
    { category: 'AUTHENTICATION' },
    { category: 'auth' },
    { meta_category: 'Authentication' },
  ])('authentication templates: %j', (data) => {
    for (const kind of ['bulk', 'recurring', 'broadcast'] as const)
      expect(refusalOf({ kind, body: { message: 'm', templateData: data } })).toBe(auth);
    expect(refusalOf({ kind: 'campaign', body: { campaignType: 'template' }, template: data })).toBe(auth);
  });

  it.each([
    [{}, nothing],
    [{ message: ' ', templateData: [] }, nothing],
    [{ message: 'm' }, undefined],
    [{ templateData: { template_body: 'b', category: 'marketing' } }, undefined],
    [{ tracked_bodies: { '1': 'x' } }, undefined],
    [{ messageType: 'location' }, undefined],
    [{ messageType: 'media' }, undefined],
  ])('nothing to say: %j → %s', (body, expected) => {
    expect(refusalOf({ kind: 'bulk', body })).toBe(expected);
  });

  it('campaigns: when the template is there; singles never', () => {
    expect(refusalOf({ kind: 'campaign', body: {} })).toBeUndefined();
    expect(refusalOf({ kind: 'campaign', body: {}, template: {} })).toBe(nothing);
    expect(refusalOf({ kind: 'single', body: {} })).toBeUndefined();
  });
});
