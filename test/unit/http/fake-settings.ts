/** `AppSettings` in memory: a test sets what is known, and sees what was asked for. */
import type { AppSettings, PlatformSettings } from '../../../src/actors/protocol.ts';

export class FakeSettings implements AppSettings {
  known: PlatformSettings = {
    useCloud: false,
    hasCloudCredentials: false,
    engineReadAt: null,
    pacing: { gap: 3, inBatches: false, batch: 50, pause: 5 },
    pacingReadAt: null,
  };
  readonly limits: number[] = [];
  readonly busted: (string | undefined)[] = [];

  platform(): PlatformSettings {
    return this.known;
  }

  async refresh(limitMs: number): Promise<PlatformSettings> {
    this.limits.push(limitMs);
    return this.known;
  }

  async bust(digits: string | undefined): Promise<number> {
    this.busted.push(digits);
    return 2;
  }
}
