/**
 * The server's own account of what should never happen; a test ends by asserting zeros.
 *
 * Owns: the counters and, for a person who looks for the cause, a line of text for each finding.
 * Source: facts/loopback-whatsapp.md section 18.
 */

export interface Checks {
  readonly unansweredIqs: number;
  readonly unknownIqs: number;
  readonly messagesWithoutParticipants: number;
  readonly undecryptable: number;
  readonly duplicateIds: number;
  readonly overlappingConnections: number;
  readonly badDeviceSignatures: number;
}

export type Finding = Exclude<keyof Checks, 'unansweredIqs'>;

const MAX_LINES = 200;

export class CheckBook {
  readonly #counts: Record<Finding, number> = {
    unknownIqs: 0,
    messagesWithoutParticipants: 0,
    undecryptable: 0,
    duplicateIds: 0,
    overlappingConnections: 0,
    badDeviceSignatures: 0,
  };
  readonly #lines: string[] = [];
  /** Queries that came in and have neither been answered nor dropped on purpose. */
  #openIqs = 0;

  record(finding: Finding, detail: string): void {
    this.#counts[finding] += 1;
    if (this.#lines.length < MAX_LINES) this.#lines.push(`${finding}: ${detail}`);
  }

  iqOpened(): void {
    this.#openIqs += 1;
  }

  iqSettled(): void {
    this.#openIqs -= 1;
  }

  read(): Checks {
    return { unansweredIqs: this.#openIqs, ...this.#counts };
  }

  details(): readonly string[] {
    return this.#lines;
  }
}
