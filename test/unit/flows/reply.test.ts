import { expect, it } from 'vitest';
import { replyOf } from '../../../src/actors/flows/reply.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import { digits } from '../../property/outbox/app.ts';

const message = { id: 'A', contact: { pn: digits('491701234567') }, name: 'Ann', text: 'x', at: 1_700_000_000 };
const reply = { id: 'A', text: 'x', at: 1_700_000_000_000 };

it('flows §7.3: a message becomes a reply with its tap, vote or medium; a place becomes a maps link', () => {
  expect(replyOf(message)).toEqual(reply);
  const tap = { id: 'p0', title: 'Yes', quoted: 'M' };
  expect(replyOf({ ...message, tap })).toEqual({ ...reply, tap });
  const vote = { poll: 'P', labels: ['x'] };
  expect(replyOf({ ...message, vote })).toEqual({ ...reply, vote });
  const attachment = { file: 'f' } as Attachment;
  expect(replyOf({ ...message, media: 'image', bytes: { mime: 'image/png', attachment } })).toEqual({
    ...reply,
    media: { kind: 'attachment', mime: 'image/png', attachment },
  });
  expect(replyOf({ ...message, text: '', place: { latitude: 1.5, longitude: -2 } })).toEqual({
    ...reply,
    text: 'https://www.google.com/maps?q=1.5,-2',
  });
});
