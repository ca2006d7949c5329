/** For outboxes whose messages have no media. */
import type { Attachments } from '../../src/app-client/attachments.types.ts';

export const NO_ATTACHMENTS: Attachments = {
  expect: () => undefined,
  ready: () => true,
  withBytes: (_, use) => use(null),
  drop: () => undefined,
};
