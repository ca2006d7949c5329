import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { afterEach, describe, expect, it } from 'vitest';
import { establishTrust, isLoopbackUrl } from '../../../src/actors/engines/unofficial/trust.ts';

const SHIPPED = WA_CERT_DETAILS.PUBLIC_KEY;
const ROOT = 'ab'.repeat(32);
afterEach(() => {
  WA_CERT_DETAILS.PUBLIC_KEY = SHIPPED;
});

describe('trust root', () => {
  it.each(['ws://127.0.0.1:1/ws/chat', 'ws://127.9.9.9', 'ws://localhost:80', 'ws://[::1]:5'])(
    'T1 takes a root for %s',
    (url) => {
      establishTrust(url, ROOT);
      expect(WA_CERT_DETAILS.PUBLIC_KEY.toString('hex')).toBe(ROOT);
    },
  );

  it.each([
    'wss://web.whatsapp.com/ws/chat',
    'wss://127.0.0.1.example.com',
    'wss://localhost.example.com',
    'wss://128.0.0.1',
  ])('T1 refuses a root for %s', (url) => {
    expect(isLoopbackUrl(url)).toBe(false);
    expect(() => establishTrust(url, ROOT)).toThrow('loopback');
    expect(WA_CERT_DETAILS.PUBLIC_KEY).toBe(SHIPPED);
  });

  it('T1 refuses a socket without TLS that is not loopback, and a root that is no key', () => {
    expect(() => establishTrust('ws://web.whatsapp.com/ws/chat', undefined)).toThrow('wss');
    expect(() => establishTrust('ws://127.0.0.1', 'abc')).toThrow('64 hex');
  });

  it('T2 refuses a root that somebody else replaced', () => {
    establishTrust('wss://web.whatsapp.com/ws/chat', undefined);
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(ROOT, 'hex');
    expect(() => establishTrust('wss://web.whatsapp.com/ws/chat', undefined)).toThrow('root');
  });
});
