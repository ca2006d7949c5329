import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secrets } from '../../helpers/secrets.ts';

const key = Uint8Array.from({ length: 32 }, (_, index) => (index * 37 + 11) % 256);

function found(text: string, plant: (secrets: Secrets) => void): string[] {
  const file = `${mkdtempSync(`${tmpdir()}/secrets-`)}/out`;
  writeFileSync(file, `first line\n${text}\n`);
  const secrets = new Secrets();
  plant(secrets);
  return secrets.search([file]).map(({ kind, line }) => (line > 1 ? kind : 'in the wrong line'));
}

describe('the search for secrets finds what it must', () => {
  it.each([
    ['hex', Buffer.from(key).toString('hex')],
    ['base64', Buffer.from(key).toString('base64')],
    ['base64url', Buffer.from(key).toString('base64url')],
    ['a printed Buffer', inspect(Buffer.from(key))],
    ['a printed Uint8Array', inspect(key, { breakLength: Number.POSITIVE_INFINITY })],
    ['JSON of a Buffer', JSON.stringify(Buffer.from(key))],
  ])('SE2: a key printed as %s', (_, printed) => {
    expect(found(`x ${printed} y`, (secrets) => secrets.keysIn('key', { creds: [key] }))).toContain('key');
  });

  it('a key that is stored as base64 text', () => {
    const stored = { private: Buffer.from(key).toString('base64') };
    expect(found(`x ${inspect(Buffer.from(key))}`, (secrets) => secrets.keysIn('key', stored))).toContain('key');
  });

  it('a text with quotes, inside JSON', () => {
    expect(found(JSON.stringify({ body: 'say "hi" now' }), (secrets) => secrets.text('text', 'say "hi" now'))).toEqual([
      'text',
    ]);
  });

  it('SE3: each of many with one beginning, and one amid a longer list', () => {
    const alike = [
      Uint8Array.from(key),
      Uint8Array.from({ length: 32 }, (_, index) => (index < 4 ? key[index]! : index)),
    ];
    const list = inspect(Uint8Array.from([7, 7, ...key, 7]), { breakLength: Number.POSITIVE_INFINITY });
    const text = `${alike.map((each) => Buffer.from(each).toString('hex')).join(' ')}\n${list}`;
    const plant = (secrets: Secrets) => alike.forEach((each, index) => secrets.key(`key ${index}`, each));
    expect(found(text, plant)).toEqual(['key 0', 'key 1', 'key 0']);
  });

  it('and nothing else', () => {
    expect(found('nothing to see', (secrets) => secrets.keysIn('key', { key, id: 'short' }))).toEqual([]);
  });
});
