/** SSRF (contract messages §11, EG1-EG3): which addresses may be fetched, whatever they are called. */
import { describe, expect, it } from 'vitest';
import { Egress, isPublic } from '../../../src/net/egress.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
  'half.example': ['93.184.216.34', '10.0.0.7'],
  'loop.example': ['127.0.0.1'],
  'six.example': ['::1'],
  'mapped.example': ['::ffff:10.1.2.3'],
  'metadata.example': ['169.254.169.254'],
  localhost: ['127.0.0.1', '::1'],
  'cdn.internal': ['10.20.30.40'],
  'app.example': ['192.168.1.5'],
};

const egress = (appUrl = 'https://app.example') =>
  new Egress({
    appUrl,
    allowHosts: ['cdn.internal', 'files.internal:8443', '10.9.9.9'],
    resolve: (host) => {
      const addresses = NAMES[host];
      return addresses ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND'));
    },
  });

describe('EG2, C-03 addresses that are not of the internet', () => {
  it.each([
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    ['this host', '0.0.0.0', '0.1.2.3', '::'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
    ['link-local', '169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
    ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
    ['unique local, site-local', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
    ['multicast, broadcast, reserved', '224.0.0.1', '255.255.255.255', '240.0.0.1', 'ff02::1'],
    ['documentation, benchmark', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '2001:db8::1', '3fff::1'],
    ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1', '::7f00:1', '::a00:1'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::7f00:1'],
    ['6to4, Teredo', '2002:7f00:1::', '2002:a00:1::1', '2001:0:7f00:1::'],
    ['outside of what is given out', '4000::1', '100::1', '::2'],
    ['no address at all', '', 'localhost', '127.1', '0x7f.1', '2130706433'],
  ])('%s', (_name, ...addresses) => {
    expect(addresses.filter(isPublic)).toEqual([]);
  });

  it('others are', () => {
    const all = ['8.8.8.8', '93.184.216.34', '172.15.0.1', '100.63.0.1', '2606:4700::1111', '::ffff:8.8.8.8'];
    expect(all.filter(isPublic)).toEqual(all);
  });
});

describe('EG1-EG3 URLs', () => {
  it.each([
    [
      'loopback',
      'https://127.0.0.1/a',
      'https://127.1/',
      'https://[::1]/',
      'https://localhost/',
      'https://localhost./',
    ],
    ['decimal, octal and hexadecimal hosts', 'https://2130706433/', 'https://0177.0.0.1/', 'https://0x7f000001/'],
    [
      'the same with dots and full-width digits',
      'https://127。0。0。1/',
      'https://１２７.0.0.1/',
      'https://0x7f.0x0.0x0.0x1/',
    ],
    [
      'cloud metadata',
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:a9fe:a9fe]/',
      'https://metadata.example/',
    ],
    ['private by name', 'https://loop.example/', 'https://six.example/', 'https://mapped.example/'],
    ['one private answer among public ones (rebinding)', 'https://half.example/'],
    ['IPv6 that carries IPv4', 'https://[::7f00:1]/', 'https://[64:ff9b::7f00:1]/', 'https://[2002:7f00:1::]/'],
    ['plain http to others than the app', 'http://public.example/', 'http://8.8.8.8/', 'http://cdn.internal/'],
    [
      'other schemes',
      'ftp://public.example/',
      'file:///etc/passwd',
      'data:text/plain,x',
      'javascript:1',
      'gopher://8.8.8.8/',
    ],
    ['credentials', 'https://app.example@public.example/', 'https://user:pass@public.example/'],
    ['names that resolve to nothing', 'https://nowhere.example/'],
    ['no URL', '', 'public.example/a', '//public.example/a', 'https://', 'https://[::1'],
    [
      'other ports of the app and of exempt hosts',
      'https://app.example:6379/',
      'https://cdn.internal:6379/',
      'https://10.9.9.9:22/',
    ],
    ['an exempt host without its port', 'https://files.internal:6379/'],
  ])('refused: %s', async (_name, ...urls) => {
    const kinds = await Promise.all(urls.map(async (url) => (await egress().check(url)).kind));
    expect(kinds).toEqual(urls.map(() => 'refused'));
  });

  it('a public host is allowed at the addresses that were checked', async () => {
    expect(await egress().check('https://public.example:8443/a?b')).toMatchObject({
      kind: 'allowed',
      addresses: NAMES['public.example'],
    });
    expect(await egress().check('https://8.8.8.8/')).toMatchObject({ kind: 'allowed', addresses: ['8.8.8.8'] });
  });

  it("C-03 the app's own host and EGRESS_ALLOW_HOSTS are allowed on private addresses, the app by plain http too", async () => {
    for (const url of [
      'https://app.example/a.png',
      'http://app.example/a.png',
      'https://cdn.internal/',
      'https://10.9.9.9/',
    ])
      expect(await egress().check(url)).toMatchObject({ kind: 'allowed' });
    const local = egress('http://127.0.0.1:8000');
    expect(await local.check('http://127.0.0.1:8000/storage/a.png')).toMatchObject({ kind: 'allowed' });
    expect(await local.check('http://127.0.0.1:6379/')).toMatchObject({ kind: 'refused' });
    expect(await local.check('http://127.0.0.2:8000/')).toMatchObject({ kind: 'refused' });
  });
});

it('EG4, C-29 a name server that never answers is no answer after 5 s', async () => {
  const time = new SimulatedTime();
  const silent = new Egress({
    ...{ appUrl: 'https://app.example', allowHosts: [], clock: time },
    resolve: () => new Promise(() => undefined),
  });
  const asked = Promise.all([silent.check('https://public.example/'), silent.isPublic('https://public.example/')]);
  await time.advanceAsync(5_000);
  expect(await asked).toEqual([{ kind: 'refused', why: 'the host has no address' }, false]);
  expect(time.pending).toBe(0);
});

describe('flows §3.1: webhooks and tools of calls', () => {
  const names: Readonly<Record<string, string>> = { 'app.example': '192.168.1.5', 'cdn.internal': '10.20.30.40' };
  const webhooks = new Egress({
    ...{ appUrl: 'https://app.example', allowHosts: ['cdn.internal'], purpose: 'webhooks' },
    resolve: async (host) => [names[host] ?? '93.184.216.34'],
  });

  it.each([
    'http://public.example/hook',
    'https://public.example/hook',
    'http://cdn.internal/x',
    'http://app.example/x',
  ])('F-33 allowed: %s', async (url) => expect((await webhooks.check(url)).kind).toBe('allowed'));

  it.each([
    ...['http://localhost/', 'http://LOCALHOST./', 'http://a.localhost/', 'https://db.internal/'],
    ...['http://metadata.google.example/', 'http://x.metadata.test/', 'http://127.0.0.1/', 'http://[::ffff:10.0.0.1]/'],
    ...['ftp://public.example/', 'http://u:p@public.example/'],
  ])('F-31 refused, also where the name leads to a public address: %s', async (url) =>
    expect((await webhooks.check(url)).kind).toBe('refused'),
  );

  it('F-32 media of a node still need https', async () => {
    expect(await egress().check('http://public.example/a.jpg')).toMatchObject({ kind: 'refused' });
  });
});
