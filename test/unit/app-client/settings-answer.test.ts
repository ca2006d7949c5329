/** What the app says of a number's accounts, made strict (contract settings §1, flows §8). */
import { expect, it } from 'vitest';
import { settingsOf } from '../../../src/app-client/settings-answer.ts';

it.each([
  [222, '222'],
  ['222', '222'],
  ['', undefined],
  [null, undefined],
])('the business account of a Cloud number from waba_id %j: %j', (waba_id, account) => {
  const body = { use_facebook_api: true, facebook_phone_id: '1', facebook_api_token: 't', waba_id };
  const settings = settingsOf({ kind: 'answer', status: 200, body }, '4915112345678');
  expect(settings?.credentials.cloud).toEqual({ phoneId: '1', token: 't', version: '', ...(account && { account }) });
});
