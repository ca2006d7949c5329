/** Languages of a template at Meta, against the loopback Graph API (contract flows §10.4). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { templateLanguages } from '../../../src/actors/engines/cloud-api/template-languages.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { type Vendor, vendor } from '../../../src/net/vendor.ts';
import { type GraphPeer, startGraphPeer } from '../../loopback/graph/graph-peer.ts';

let graph: GraphPeer;
let calls: Vendor;
beforeAll(async () => {
  graph = await startGraphPeer();
  calls = vendor({ connections: 2, clock });
});
afterAll(async () => {
  await calls.close();
  await graph.close();
});

const ask = (more: { readonly baseUrl?: string; readonly token?: string } = {}) => {
  const { baseUrl = graph.url, token = graph.token } = more;
  const options = { vendor: calls, baseUrl, version: 'v23.0', clock };
  return templateLanguages(options, { token, version: '' }, '222', 'order_ready');
};

it('the approved ones of exactly this name, each once', async () => {
  const template = (name: string, language: string, status = 'APPROVED') => ({ name, language, status });
  graph.templates = [
    template('order_ready', 'es'),
    template('order_ready', 'de', 'REJECTED'),
    template('order_ready', 'es'),
    template('order_ready_2', 'fr'),
    template('order_ready', 'en_GB', 'approved'),
  ];
  expect(await ask()).toEqual({ kind: 'ok', value: ['es', 'en_GB'] });
  expect(graph.requests().at(-1)).toMatchObject({ path: '/v23.0/222/message_templates' });
});

it('TL1 a refusal tells the status, never the token', async () => {
  const answer = await ask({ token: 'wrong-token' });
  expect(answer).toMatchObject({ kind: 'refused', status: 401 });
  expect(JSON.stringify(answer)).not.toContain('wrong-token');
});

it('nobody there: no answer', async () => {
  expect(await ask({ baseUrl: 'http://127.0.0.1:1' })).toEqual({ kind: 'no answer', why: 'ECONNREFUSED' });
});
