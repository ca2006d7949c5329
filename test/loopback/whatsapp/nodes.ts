/**
 * Building and reading binary nodes.
 *
 * Owns: the few helpers that all handlers share; nothing about any single stanza.
 * Invariant: B1 an attribute that is undefined never reaches the encoder (it would corrupt the node's length).
 */
import { decodeDecompressedBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';
import * as binaryTokens from '@whiskeysockets/baileys/lib/WABinary/constants.js';
import { inflateSync } from 'node:zlib';

export type { BinaryNode };

export type Attributes = Readonly<Record<string, string | undefined>>;

export function el(tag: string, attributes: Attributes = {}, content?: BinaryNode[] | Uint8Array): BinaryNode {
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) attrs[name] = value;
  }
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

export function children(node: BinaryNode | undefined, tag?: string): BinaryNode[] {
  if (!Array.isArray(node?.content)) return [];
  return tag === undefined ? node.content : node.content.filter((child) => child.tag === tag);
}

export function child(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return Array.isArray(node?.content) ? node.content.find((one) => one.tag === tag) : undefined;
}

/** Content of a child as bytes; text is taken as UTF-8, since short byte strings decode as text. */
export function bytesOf(node: BinaryNode | undefined): Buffer | undefined {
  const content = node?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

export function childBytes(node: BinaryNode | undefined, tag: string): Buffer | undefined {
  return bytesOf(child(node, tag));
}

export function uint(bytes: Buffer): number {
  return bytes.readUIntBE(0, bytes.length);
}

export function bigEndian(value: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  out.writeUIntBE(value, 0, length);
  return out;
}

export function encode(node: BinaryNode): Buffer {
  return encodeBinaryNode(node);
}

/** Decodes at once: the client's own decoder is asynchronous only because of inflate. */
export function decode(bytes: Buffer): BinaryNode {
  const deflated = (bytes[0]! & 2) !== 0;
  const body = deflated ? inflateSync(bytes.subarray(1)) : bytes.subarray(1);
  return decodeDecompressedBinaryNode(body, binaryTokens);
}

export const unixSeconds = (): string => Math.floor(Date.now() / 1000).toString();
