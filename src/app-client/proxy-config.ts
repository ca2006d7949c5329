/**
 * `GET /api/devices/proxy-config/<phone>`: which proxy a number has. Contract clients §9.
 *
 *  PC1  Only a well-formed 200 says what is so; everything else is `unavailable`, and the last known value applies. A 404
 *       comes from an app that knows no proxies (older ones lack routes): `not offered` blocks nobody.
 *  PC2  A proxy that is enabled and makes no sense is never read as "no proxy".
 *  PC3  After an app that did not answer in time no number asks for 30 s: a restore of many numbers meets a slow app once,
 *       not once per number.
 */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { ProxyAddress } from '../net/proxy.ts';
import type { AppClient } from './client.ts';

export type ProxySetting =
  | { readonly kind: 'none' }
  | { readonly kind: 'proxy'; readonly address: ProxyAddress }
  /** Enabled, but `why` says what is wrong with it (PC2). */
  | { readonly kind: 'unusable'; readonly why: string };

export type ProxyLookup = (
  digits: string,
) => Promise<ProxySetting | { readonly kind: 'unavailable' } | { readonly kind: 'not offered' }>;

const TIMEOUT_MS = 10_000;
const SPARED_MS = 30_000;

/** PHP's booleans and numbers come in every dress (contract README §1). */
const truthy = z
  .union([z.boolean(), z.number(), z.string()])
  .transform((value) => !['false', '0', ''].includes(String(value)));
const credential = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? ''));
const answer = z.object({ ok: z.literal(true), proxy: z.looseObject({ enabled: truthy }) });
const address = z.object({
  type: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(['http', 'socks5'])),
  host: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/),
  port: z.coerce.number().int().min(1).max(65_535),
  username: credential,
  password: credential,
});

export function proxyLookup(client: Pick<AppClient, 'get'>, clock: Clock): ProxyLookup {
  let spareUntil = 0;
  return async (digits) => {
    if (clock.now() < spareUntil) return { kind: 'unavailable' };
    const got = await client.get(`/api/devices/proxy-config/${digits}`, {}, { timeoutMs: TIMEOUT_MS });
    if (got.kind === 'no answer') {
      if (got.why === 'timeout') spareUntil = clock.now() + SPARED_MS;
      return { kind: 'unavailable' };
    }
    if (got.status === 404) return { kind: 'not offered' };
    const read = got.status === 200 ? answer.safeParse(got.body) : undefined;
    if (!read?.success) return { kind: 'unavailable' };
    const { proxy } = read.data;
    if (!proxy.enabled) return { kind: 'none' };
    const parsed = address.safeParse(proxy);
    if (parsed.success) return { kind: 'proxy', address: parsed.data };
    return {
      kind: 'unusable',
      why: `the proxy's ${parsed.error.issues[0]?.path.join('.') || 'setting'} is not usable`,
    };
  };
}
