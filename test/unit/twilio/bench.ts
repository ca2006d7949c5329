/** The engine against a Twilio of this machine. */
import { createTwilio } from '../../../src/actors/engines/twilio/create.ts';
import type { TwilioCredentials } from '../../../src/actors/engines/provider.ts';
import type { Content } from '../../../src/content/content.ts';
import { systemClock } from '../../../src/clock.ts';
import { vendor } from '../../../src/net/vendor.ts';
import { startTwilioPeer } from '../../loopback/twilio/twilio-peer.ts';
import { quiet } from '../../property/outbox/app.ts';

export const FROM = '5511987654321';
export const TO = '491701234567';

export async function twilioBench(perSecond = 100) {
  const peer = await startTwilioPeer();
  const calls = vendor({ connections: 4, clock: systemClock });
  const isPublic = async (url: string) => url.startsWith('https://public.example/');
  const engineAt = (baseUrl: string) =>
    createTwilio({ vendor: calls, baseUrl, isPublic, perSecond, clock: systemClock, log: quiet });
  const engine = engineAt(peer.url);
  const credentials: TwilioCredentials = {
    engine: 'twilio',
    accountSid: peer.accountSid,
    token: peer.token,
    from: FROM,
    statusCallback: 'https://app.example/api/twilio/status',
  };
  return {
    peer,
    engine,
    engineAt,
    credentials,
    send: (content: Content, more: Partial<TwilioCredentials> = {}, ms = 5_000) =>
      engine.send({
        from: FROM,
        to: TO,
        content,
        credentials: { ...credentials, ...more },
        id: '3EB0',
        deadline: Date.now() + ms,
      }),
    stop: () => Promise.all([peer.close(), calls.close()]),
  };
}
