/** Calls that only remember what was asked of them. */
import type { CallDesk, CallStats, InboundCall, OutboundCall } from '../../../src/actors/protocol.ts';

export class FakeCalls implements CallDesk {
  readonly answered: InboundCall[] = [];
  readonly placed: OutboundCall[] = [];
  readonly told: string[] = [];
  /** Ids that exist. */
  readonly known = new Set<string>();
  broken = false;
  counts: CallStats = { live: 0, cascade: 0, realtime: 0, setupFailures: 0 };

  answer(call: InboundCall): void {
    if (this.broken) throw new Error('secret-reason');
    this.answered.push(call);
  }

  terminate(metaCallId: string): void {
    this.told.push(`terminate ${metaCallId}`);
  }

  placeOutbound(call: OutboundCall): void {
    if (this.broken) throw new Error('secret-reason');
    this.placed.push(call);
  }

  link(call: string, metaCallId: string): Promise<boolean> {
    this.told.push(`link ${call} ${metaCallId}`);
    return Promise.resolve(this.known.has(call));
  }

  connect(metaCallId: string, sdp: string): Promise<boolean> {
    this.told.push(`connect ${metaCallId} ${sdp}`);
    return Promise.resolve(this.known.has(metaCallId));
  }

  record(metaCallId: string): Promise<boolean> {
    return Promise.resolve(this.known.has(metaCallId));
  }

  stats(): CallStats {
    return this.counts;
  }
}
