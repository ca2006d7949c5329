/** The Cloud API engine against the loopback Graph API, with real media files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { MediaSources } from '../../../src/actors/content/media-source.ts';
import { VoiceConverter } from '../../../src/actors/content/voice.ts';
import { createCloudApi } from '../../../src/actors/engines/cloud-api/create.ts';
import type { CloudCredentials, ProviderEngine, ProviderResult } from '../../../src/actors/engines/provider.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import type { Content } from '../../../src/content/content.ts';
import { createLog } from '../../../src/log.ts';
import { Egress } from '../../../src/net/egress.ts';
import { type Vendor, vendor } from '../../../src/net/vendor.ts';
import { type GraphPeer, startGraphPeer } from '../../loopback/graph/graph-peer.ts';

export class CloudBench {
  readonly graph: GraphPeer;
  readonly dir = mkdtempSync(join(tmpdir(), 'cloud-'));
  readonly credentials: CloudCredentials;
  readonly engine: ProviderEngine<CloudCredentials>;
  readonly #log = createLog({ level: 'silent', stream: { write: () => undefined } });
  readonly #vendors: Vendor[] = [];
  readonly #perSecond: number;

  private constructor(graph: GraphPeer, perSecond: number) {
    this.graph = graph;
    this.#perSecond = perSecond;
    this.credentials = { engine: 'waba', phoneId: '109876543210', token: graph.token, version: '' };
    this.engine = this.engineAt(graph.url);
  }

  static async start(perSecond = 60): Promise<CloudBench> {
    return new CloudBench(await startGraphPeer(), perSecond);
  }

  engineAt(baseUrl: string): ProviderEngine<CloudCredentials> {
    const files = new MediaFiles(join(this.dir, 'media'));
    // Every name is on the public internet, except the one that is not.
    const resolve = (host: string) => Promise.resolve([host === 'inside.example' ? '10.0.0.1' : '93.184.216.34']);
    const egress = new Egress({ appUrl: 'http://127.0.0.1:1', allowHosts: [], resolve });
    const calls = vendor({ connections: 16, clock });
    this.#vendors.push(calls);
    return createCloudApi({
      vendor: calls,
      baseUrl,
      version: 'v23.0',
      perSecond: this.#perSecond,
      files,
      sources: new MediaSources({
        files,
        egress,
        voice: new VoiceConverter({ command: 'no-converter', log: this.#log }),
        maxBytes: 8 * 1_048_576,
        readBases: [],
        clock,
      }),
      isPublic: (url) => egress.isPublic(url),
      clock,
      log: this.#log,
    });
  }

  send(content: Content, more: { to?: string; ms?: number; id?: string } = {}): Promise<ProviderResult> {
    const { to = '491701234567', ms = 10_000, id = '3EB0AABBCCDDEEFF0011' } = more;
    return this.engine.send({
      from: '5511987654321',
      to,
      content,
      credentials: this.credentials,
      id,
      deadline: Date.now() + ms,
    });
  }

  /** Bodies of the requests that reached Meta, in order. */
  bodies(): unknown[] {
    return this.graph.requests().map(({ body }) => body);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#vendors.map((each) => each.close()));
    await this.graph.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
