/**
 * Keys, addresses and frames of the loopback WhatsApp service.
 */
import * as curve from 'libsignal/src/curve.js';
import { describe, expect, it } from 'vitest';
import { lidOf, parseJid, phoneOfLid } from '../../loopback/whatsapp/addresses.ts';
import { frame, FrameReader } from '../../loopback/whatsapp/frames.ts';
import { deriveSigningKeyPair, typed } from '../../loopback/whatsapp/keys.ts';

const seed = Buffer.alloc(32, 7);

describe('K2: native signatures are XEdDSA signatures', () => {
  it('the client library verifies all, and refuses each with one bit changed', () => {
    for (let n = 0; n < 8; n += 1) {
      const pair = deriveSigningKeyPair(seed, `key ${n}`);
      const signature = pair.sign(Buffer.from(`message ${n}`));
      expect(curve.verifySignature(typed(pair.public), Buffer.from(`message ${n}`), signature)).toBe(true);
      signature[n * 4]! ^= 1;
      expect(curve.verifySignature(typed(pair.public), Buffer.from(`message ${n}`), signature)).toBe(false);
    }
  });

  it('the private key agrees as libsignal agrees', () => {
    const [a, b] = [deriveSigningKeyPair(seed, 'a'), deriveSigningKeyPair(seed, 'b')];
    expect(curve.calculateAgreement(typed(b.public), a.private)).toEqual(
      curve.calculateAgreement(typed(a.public), b.private),
    );
  });
});

describe('addresses', () => {
  it('A1, A2: a LID leads back to its number and is longer or larger than any number in use', () => {
    for (const phone of ['1', '15550100000', '5511999990001', '4915112340001', '12345678901234', '123456789012345']) {
      const lid = lidOf(phone);
      expect(phoneOfLid(lid)).toBe(phone);
      expect(lid).toMatch(/^99\d{13,15}$/);
      expect(parseJid(`${lid}:3@lid`)).toEqual({ phone, device: 3, addressing: 'lid' });
      expect(parseJid(`${phone}@s.whatsapp.net`)).toEqual({ phone, device: 0, addressing: 'pn' });
    }
  });

  it('A1: 2000 consecutive numbers have 2000 LIDs', () => {
    expect(new Set(Array.from({ length: 2000 }, (_, n) => lidOf(String(5_511_999_990_000 + n)))).size).toBe(2000);
  });

  it('what is no user is no address', () => {
    for (const jid of [undefined, '', '@s.whatsapp.net', '123-456@g.us', 'status@broadcast', '12@lid', 'a@lid']) {
      expect(parseJid(jid)).toBeUndefined();
    }
  });
});

describe('frames', () => {
  it.each([0, 12])('with %i bytes of routing info, cut anywhere', (routing) => {
    const prefix = routing === 0 ? [] : [Buffer.from([0x45, 0x44, 0, 1, 0, 0, routing]), Buffer.alloc(routing, 9)];
    const bytes = Buffer.concat([
      ...prefix,
      Buffer.from([0x57, 0x41, 6, 3]),
      frame(Buffer.from('one')),
      frame(Buffer.from('two')),
    ]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new FrameReader();
      const read = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      expect(read.map(String)).toEqual(['one', 'two']);
    }
  });
});
