/** The stage that many files of this folder share: one of them must never answer for another. */
import { expect, it } from 'vitest';
import { CommonStage, newContact, NO_FAULTS } from '../helpers/common-stage.ts';
import { call } from '../helpers/json-http.ts';

/** What no bridge would do. */
const offend = ({ stage }: CommonStage) =>
  call(`${stage.world.env['APP_DOMAIN_NAME']}/api/update-status`, { body: {}, headers: { 'x-node-token': 'wrong' } });

it('CS1: who enters finds nothing of what the app said before, neither there nor in the bridge', async () => {
  const first = await CommonStage.enter();
  const contact = newContact();
  await first.stage.world.app('message-settings', { msg_gap: 77 });
  await first.stage.world.app('settings', { phone: first.number, branding_footer: 'by us' });
  const shown = async () => (await first.bridge.call('/api/refresh-settings')).body;
  expect(await shown()).toMatchObject({ messageSettings: { msg_gap: 77 } });
  await first.settingsChanged();
  await first.bridge.sendText(first.number, { to: contact, text: 'with a footer' });
  expect(await first.leave()).toEqual(NO_FAULTS);

  const second = await CommonStage.enter();
  expect(second).toBe(first);
  expect((await first.bridge.call('/api/current-message-settings')).body).toMatchObject({ settings: { msg_gap: 3 } });
  await second.bridge.sendText(second.number, { to: contact, text: 'without' });
  const texts = (await second.stage.world.contactMessages(contact, second.number)).map(({ text }) => text);
  expect(texts).toEqual([expect.stringContaining('by us'), 'without']);
  expect(await second.leave()).toEqual(NO_FAULTS);
});

it('CS2: what a file did wrong is told to it, and what comes later to the next one, once, with its name', async () => {
  const first = await CommonStage.enter();
  await offend(first);
  expect(await first.leave()).toMatchObject({ violations: [{ path: '/api/update-status' }] });
  await offend(first);
  await expect(CommonStage.enter()).rejects.toThrow(/left behind by .*common-stage\.test\.ts/);
  const second = await CommonStage.enter();
  expect(second).toBe(first);
  expect(await second.leave()).toEqual(NO_FAULTS);
});
