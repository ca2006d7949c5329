/** CM4: what a job holds for its recipients is uploaded once per number (contract settings §6, S-62). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Content } from '../../../src/content/content.ts';
import { CloudBench } from './bench.ts';

let bench: CloudBench;
beforeEach(async () => {
  bench = await CloudBench.start();
});
afterEach(() => bench.stop());

function picture(was: string): Content {
  const path = join(bench.dir, 'held');
  writeFileSync(path, 'picture');
  const from = { kind: 'held', path, bytes: 7, contentType: 'image/png', was } as const;
  return { kind: 'media', media: { type: 'image', mime: 'image/png', from }, caption: '' };
}
const to = (n: number) => ({ to: `49170123456${n}` });
const uploads = () => bench.graph.requests().filter(({ path }) => path.endsWith('/media')).length;

it('two recipients, one upload, also at the same time', async () => {
  const content = picture('');
  const results = await Promise.all([1, 2].map((n) => bench.send(content, to(n))));
  results.push(await bench.send(content, to(3)));
  expect(results.map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
  expect(uploads()).toBe(1);
});

it('an upload that failed is tried again for the next recipient', async () => {
  const content = picture('');
  const { token } = bench.graph;
  bench.graph.token = 'another';
  expect(await bench.send(content, to(1))).toMatchObject({ kind: 'failed' });
  bench.graph.token = token;
  expect(await bench.send(content, to(2))).toMatchObject({ kind: 'sent' });
  expect(uploads()).toBe(2);
});

it('CM1: a public link is preferred as for every other medium', async () => {
  expect(await bench.send(picture('https://public.example/a.png'), to(1))).toMatchObject({ kind: 'sent' });
  expect(uploads()).toBe(0);
  expect(bench.bodies()[0]).toMatchObject({ image: { link: 'https://public.example/a.png' } });
});
