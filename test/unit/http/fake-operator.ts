/** `Operator` in memory: histories are what a test says, versions are kept as they are set. */
import type { Limit } from '../../../src/actors/limits.ts';
import type { HistoryEntry, Operator, VersionSettings, WhatsAppVersion } from '../../../src/actors/protocol.ts';

export class FakeOperator implements Operator {
  readonly histories = new Map<string, HistoryEntry[]>();
  readonly limited = new Map<string, Limit[]>();
  latest: VersionSettings['latest'];
  all: WhatsAppVersion | undefined;
  readonly numbers: Record<string, WhatsAppVersion> = {};

  history(digits: string): readonly HistoryEntry[] {
    return this.histories.get(digits) ?? [];
  }

  limits(digits: string): readonly Limit[] {
    return this.limited.get(digits) ?? [];
  }

  versions(): VersionSettings {
    const { all, latest, numbers } = this;
    return { fallback: [2, 3000, 1], numbers, ...(all && { all }), ...(latest && { latest }) };
  }

  async setVersion(version: WhatsAppVersion | undefined, digits?: string): Promise<void> {
    if (digits === undefined) this.all = version;
    else if (version) this.numbers[digits] = version;
    else delete this.numbers[digits];
  }
}
