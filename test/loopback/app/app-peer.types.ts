/** The app peer as tests, the world and the demo use it. */

import type { Hono } from 'hono';
import type { Answers } from './answers.ts';
import type { ModeCommand } from './faults.ts';
import type { AppRequest, Recording, RequestFilter, Violation } from './requests.ts';

export type AppPeerOptions = {
  /** Expected in X-Node-Token; default 64 random hex digits. */
  readonly token?: string;
  /** A Standard Webhooks signature that a POST carries must hold by it; without one signatures are not looked at. */
  readonly signingSecret?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** `ids` keeps only numbers, paths and message ids, for long runs and benchmarks. */
  readonly record?: Recording;
};

export type AppPeer = {
  /** APP_DOMAIN_NAME of the bridge. Stays the same when the app was down. */
  readonly url: string;
  /** NODE_WEBHOOK_TOKEN of the bridge. */
  readonly token: string;
  /** CALLBACK_SIGNING_SECRET of the bridge, when there is one. */
  readonly signingSecret: string | undefined;
  /** What the app knows: settings, keywords, flows, schedules, its age. */
  readonly answers: Answers;
  /** The `/app/*` control routes of design/loopback.md. */
  readonly routes: Hono;
  requests(filter?: RequestFilter): AppRequest[];
  /** Breaches of the contract; a test ends by asserting that there are none. */
  violations(): readonly Violation[];
  /** Forgets requests and violations; numbering goes on. */
  clear(): void;
  /** All that it knows and got is gone, and it is well: as new, but for the numbering. */
  forget(): Promise<void>;
  /** Resolves when the mode is in force. */
  mode(command: ModeCommand): Promise<void>;
  /** A public file below `/uploads` or `/storage`. */
  file(path: string, base64: string, type: string): void;
  /** The next valid request of `path` is answered with `body`, once. */
  nextAnswer(path: string, body: unknown, status?: number): void;
  close(): Promise<void>;
};
