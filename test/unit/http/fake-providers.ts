/** `Providers` in memory: every request is recorded and answered with what a test says. */
import type { ProviderRequest, ProviderResult, Providers } from '../../../src/actors/protocol.ts';

export class FakeProviders implements Providers {
  readonly requests: ProviderRequest[] = [];
  result: ProviderResult = { kind: 'sent', id: 'wamid.1', to: '4915112345678' };

  send(request: ProviderRequest): Promise<ProviderResult> {
    this.requests.push(request);
    return Promise.resolve(this.result);
  }
}
