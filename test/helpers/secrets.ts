/**
 * P11: the secrets of a run, and the search for them in everything that was printed.
 *
 * Invariants
 *  SE1  a finding names the kind of secret and where it was found, never the secret.
 *  SE2  bytes are searched for in every form in which programs print them: hex, spaced hex (Buffer), base64,
 *       base64url and the decimal list of an array.
 *  SE3  tens of thousands of secrets are searched for in one pass over a text.
 *
 * Deliberately not here: last digits of numbers, which may be logged (design/promises.md P11).
 */
import { readFileSync } from 'node:fs';

export type Finding = { readonly kind: string; readonly file: string; readonly line: number };

/** Shorter texts would be found by chance. */
const MIN_TEXT = 6;
/** A key is leaked when half of it is: encodings break at different places. */
const KEY_BYTES_SEARCHED = 16;
const MIN_KEY_BYTES = 24;

/** Lists that a program may have printed: padded, and broken into lines. */
const LIST = new RegExp(`\\d+(?:,\\s*\\d+){${KEY_BYTES_SEARCHED - 1},}`, 'g');

type Place = { readonly kind: string; readonly at: number };

export class Secrets {
  /** Text to search for, and what it is, by its head. */
  readonly #needles = new Map<string, Map<string, string>>();
  /** The same of decimal lists, without spaces. */
  readonly #lists = new Map<string, string>();

  get count(): number {
    return [...this.#needles.values()].reduce((sum, { size }) => sum + size, this.#lists.size);
  }

  /** Tokens, QR strings, codes, message texts, whole phone numbers. */
  text(kind: string, value: string): void {
    if (value.length < MIN_TEXT) throw new Error(`a ${kind} of ${value.length} characters cannot be searched for`);
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) this.#add(form, kind);
  }

  /** Key material; shorter values (ids, counters, flags) are no keys and are left out. */
  key(kind: string, value: Uint8Array): void {
    if (value.length < MIN_KEY_BYTES) return;
    const head = Buffer.from(value.subarray(0, KEY_BYTES_SEARCHED));
    const hex = head.toString('hex');
    const base64 = Buffer.from(value).toString('base64').slice(0, 20);
    for (const form of [
      hex,
      hex.toUpperCase(),
      hex.replace(/(..)(?=.)/g, '$1 '),
      base64,
      base64.replaceAll('+', '-').replaceAll('/', '_'),
    ]) {
      this.#add(form, kind);
    }
    this.#lists.set([...head].join(), kind);
  }

  /** Every byte string inside plain data: Uint8Arrays, Baileys' `{type:"Buffer",data}` and long base64 texts. */
  keysIn(kind: string, value: unknown): void {
    if (value instanceof Uint8Array) this.key(kind, value);
    else if (typeof value === 'string') {
      if (/^[A-Za-z0-9+/]{32,}={0,2}$/.test(value)) this.key(kind, Buffer.from(value, 'base64'));
    } else if (Array.isArray(value)) for (const item of value) this.keysIn(kind, item);
    else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) this.keysIn(kind, item);
    }
  }

  search(files: readonly string[]): Finding[] {
    return files.flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const places = [...this.#textsIn(text), ...this.#listsIn(text)];
      return places.map(({ kind, at }) => ({ kind, file, line: text.slice(0, at).split('\n').length }));
    });
  }

  #add(needle: string, kind: string): void {
    const head = needle.slice(0, MIN_TEXT);
    const alike = this.#needles.get(head) ?? new Map<string, string>();
    this.#needles.set(head, alike.set(needle, kind));
  }

  /** Each where it is first. */
  #textsIn(text: string): readonly Place[] {
    const places = new Map<string, Place>();
    for (let at = 0; at + MIN_TEXT <= text.length; at += 1) {
      for (const [needle, kind] of this.#needles.get(text.slice(at, at + MIN_TEXT)) ?? [])
        if (!places.has(needle) && text.startsWith(needle, at)) places.set(needle, { kind, at });
    }
    return [...places.values()];
  }

  #listsIn(text: string): readonly Place[] {
    const places = new Map<string, Place>();
    for (const { 0: list, index } of text.matchAll(LIST)) {
      const numbers = [...list.matchAll(/\d+/g)];
      for (const [first, { index: at }] of numbers.entries()) {
        const head = numbers.slice(first, first + KEY_BYTES_SEARCHED).join();
        const kind = this.#lists.get(head);
        if (kind !== undefined && !places.has(head)) places.set(head, { kind, at: index + at });
      }
    }
    return [...places.values()];
  }
}
