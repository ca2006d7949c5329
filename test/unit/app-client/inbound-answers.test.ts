import { describe, expect, it } from 'vitest';
import { inboundAnswer, keywordReply } from '../../../src/app-client/inbound-answers.ts';

const TIMES = { timeoutS: 600, cooldownS: 0 };
const hit = (fields: object) => keywordReply([{ response: '200', ...fields }]);

describe('answers to inbound-message (inbound §3.1)', () => {
  it.each([
    [
      { ok: true, conversation_id: 7, routing_actions: [] },
      { kind: 'stored', conversation: '7' },
    ],
    [
      { ok: true, conversation_id: 7, routing_actions: {} },
      { kind: 'stored', conversation: '7' },
    ],
    [
      { ok: true, conversation_id: 7, routing_actions: { flow_id: 12 } },
      { kind: 'stored', flowId: '12', conversation: '7' },
    ],
    [
      { ok: true, conversation_id: 7, routing_actions: { flow_id: '12' } },
      { kind: 'stored', flowId: '12', conversation: '7' },
    ],
    [
      { ok: true, conversation_id: 7, routing_actions: { flow_id: null } },
      { kind: 'stored', conversation: '7' },
    ],
    [{ ok: true, kind: 'dedup', message_id: 3 }, { kind: 'dedup' }],
    [{ ok: true, kind: 'opt_out', conv_id: 3 }, { kind: 'opt out' }],
    [{ ok: true, kind: 'ai_crm_copilot', conv_id: 3 }, { kind: 'copilot' }],
    [{ ok: true, kind: 'outbound_sync', conv_id: 3 }, { kind: 'outbound sync' }],
    [{ ok: true, kind: 'reaction', message_id: null }, { kind: 'reaction' }],
    ['<b>Notice</b>', { kind: 'stored' }],
    [undefined, { kind: 'stored' }],
  ])('%j', (body, answer) => expect(inboundAnswer(body)).toEqual(answer));
});

describe('answers to keyword-replies (inbound §8)', () => {
  it.each([
    [{ reply_type: null, reply: 'notallow', flow_id: null }, 'notallow'],
    [{ reply_type: null, reply: 'notallow', flow_id: null, reason: 'plan_limit' }, 'plan_limit'],
    [{ reply_type: null, reply: 'default' }, 'default'],
    [{ reply_type: 'custom', reply: 'default' }, 'default'],
    [{ reply_type: 'custom', reply: '' }, 'empty'],
    [{ reply_type: 'flow', reply: 'flow_triggered', flow_id: null }, 'flow without what it needs'],
    [{ reply_type: 'send_catalog', catalog: [] }, 'send_catalog without what it needs'],
  ])('%j: nothing to do', (fields, why) => expect(hit(fields)).toEqual({ kind: 'none', why }));

  it.each([[[]], ['<html>'], [{ reply_type: 'custom', reply: 'Hi' }], [null]])('IA2 %j: no match', (body) =>
    expect(keywordReply(body)).toEqual({ kind: 'none', why: 'unreadable' }),
  );

  it('flow, with numbers as text and without', () => {
    expect(hit({ reply_type: 'flow', flow_id: '9', cooldown: '30', timeout: '120' })).toEqual({
      kind: 'flow',
      flowId: '9',
      timeoutS: 120,
      cooldownS: 30,
    });
    const without = hit({ reply_type: 'flow', flow_id: 9, cooldown: null, timeout: null });
    expect(without).toEqual({ kind: 'flow', flowId: '9', cooldownS: 0 });
  });

  it('custom text with a delay of at most 300 s', () => {
    expect(hit({ reply_type: 'custom', reply: 'Hi', reply_delay: '900', cooldown: 5 })).toEqual({
      kind: 'text',
      text: 'Hi',
      delayS: 300,
      timeoutS: 600,
      cooldownS: 5,
    });
    expect(hit({ reply_type: 'custom', reply: 'Hi', reply_delay: null })).toMatchObject({ delayS: 0 });
    expect(hit({ reply_type: 'custom', reply: 'Hi', reply_delay: 'soon', cooldown: -1 })).toMatchObject({
      delayS: 0,
      cooldownS: 0,
    });
  });

  it('custom media as a JSON string; other JSON is the text that it is', () => {
    const media = { type: 'image', url: '/storage/a.png', caption: 'Look', filename: null, mimetype: 'image/png' };
    expect(hit({ reply_type: 'custom', reply: JSON.stringify(media) })).toEqual({
      kind: 'media',
      media: { type: 'image', url: '/storage/a.png', caption: 'Look', fileName: '', mime: 'image/png' },
      delayS: 0,
      ...TIMES,
    });
    const other = '{"price": 3}';
    expect(hit({ reply_type: 'custom', reply: other })).toMatchObject({ kind: 'text', text: other });
    expect(hit({ reply_type: 'custom', reply: '{hello}' })).toMatchObject({ kind: 'text', text: '{hello}' });
  });

  it('contact, catalog and location request', () => {
    expect(hit({ reply_type: 'share_contact', contact: { name: 'Ana', phone: 551199, email: null } })).toEqual({
      kind: 'contact',
      name: 'Ana',
      phone: '551199',
      email: '',
      delayS: 0,
      ...TIMES,
    });
    expect(hit({ reply_type: 'send_catalog', catalog: { catalog_id: 77, provider: 'meta', mode: 'mpm' } })).toEqual({
      kind: 'catalog',
      catalogId: '77',
      storefrontUrl: '',
      delayS: 0,
      ...TIMES,
    });
    expect(hit({ reply_type: 'request_location', reply: 'location_requested', cooldown: 60 })).toEqual({
      kind: 'location request',
      delayS: 0,
      timeoutS: 600,
      cooldownS: 60,
    });
  });
});
