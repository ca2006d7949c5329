/** `OutboxAdmin` in memory: it answers what a test says, and remembers what it was asked. */
import type { OutboxAdmin } from '../../../src/actors/protocol.ts';

export class FakeOutbox implements OutboxAdmin {
  readonly asked: unknown[] = [];
  now: ReturnType<OutboxAdmin['summary']> = {
    ...{ pending: 0, bytes: 0, byPath: new Map(), byNumber: new Map(), deadLetters: 0, complete: true },
    ...{ oldest: undefined, nextAttempt: undefined },
  };
  letters: ReturnType<OutboxAdmin['deadLetters']>['items'] = [];
  page: Awaited<ReturnType<OutboxAdmin['events']>> = { items: [], next: undefined, more: false };
  replayed: number | undefined = 0;

  summary() {
    return this.now;
  }

  deadLetters(...asked: Parameters<OutboxAdmin['deadLetters']>) {
    this.asked.push(['dead letters', ...asked]);
    return { items: this.letters, next: undefined, more: false };
  }

  async replay(...asked: Parameters<OutboxAdmin['replay']>) {
    this.asked.push(['replay', ...asked]);
    return this.replayed;
  }

  async events(...asked: Parameters<OutboxAdmin['events']>) {
    this.asked.push(['events', ...asked]);
    return this.page;
  }
}
