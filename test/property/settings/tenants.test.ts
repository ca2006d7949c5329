/**
 * C-62: whatever happens, in whatever order, a caller gets only what the app answered for its own workspace and number,
 * and after a bust nothing that was asked for before it. Workspaces and numbers are chosen to collide: `-` is how the
 * contract writes "no workspace", numbers are suffixes of each other (C-12).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AppClient } from '../../../src/app-client/client.ts';
import { Settings } from '../../../src/app-client/settings.ts';
import { SettingsRows } from '../../../src/app-client/settings-rows.ts';
import { sleep } from '../../../src/clock.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { quiet } from '../outbox/app.ts';

const WORKSPACES = [undefined, '-', '1', '11', '1-5511987654321'] as const;
const NUMBERS = ['5511987654321', '11987654321', '987654321', '555511987654321'] as const;

const workspace = fc.constantFrom(...WORKSPACES);
const digits = fc.constantFrom(...NUMBERS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), workspace, digits }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refused' as const), workspace, digits }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('bust' as const), digits }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'bust all' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'rotate' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('app' as const), ms: fc.constantFrom(0, 50, 2_000, 30_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 40, 3_000, 301_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

it('C-62 credentials fetched under one workspace and number are never served to another, with concurrent busts', async () => {
  const store = temporaryStore();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      run += 1;
      const time = new SimulatedTime();
      const app = { version: 1, ms: 0 };
      const client: AppClient = {
        get: async (_, query, { timeoutMs }) => {
          const token = `${run}/${query['workspace_id'] ?? 'none'}/${query['phone']}/${app.version}`;
          const { ms } = app;
          if (ms > 0) await sleep(time, Math.min(ms, timeoutMs));
          if (ms > timeoutMs) return { kind: 'no answer', why: 'timeout', detail: 'AbortError' };
          const body = { use_facebook_api: 1, facebook_token: token, facebook_phone_id: '1' };
          return { kind: 'answer', status: 200, body };
        },
        post: () => Promise.reject(new Error('no look-up posts')),
      };
      const open = () =>
        new Settings({ client, rows: new SettingsRows(store, true), inUse: () => NUMBERS, clock: time, log: quiet });
      let settings = open();
      await settings.bust(undefined);
      settings.start();
      /** The oldest version that may still be served, of each number. */
      const oldest = new Map<string, number>();
      const asks: Promise<void>[] = [];
      for (const each of steps) {
        switch (each.kind) {
          case 'ask':
          case 'refused': {
            const least = oldest.get(each.digits) ?? 1;
            const mine = `${run}/${each.workspace ?? 'none'}/${each.digits}/`;
            const until = time.now() + 18_000;
            const asked =
              each.kind === 'ask'
                ? settings.of(each.digits, each.workspace, until)
                : settings.renew(each.digits, each.workspace, () => true, until);
            asks.push(
              asked.then((found) => {
                if (!found) return;
                const token = found.credentials.cloud?.token ?? '';
                expect(token.slice(0, mine.length)).toBe(mine);
                expect(Number(token.slice(mine.length))).toBeGreaterThanOrEqual(least);
              }),
            );
            break;
          }
          case 'bust':
            oldest.set(each.digits, app.version);
            void settings.bust(each.digits);
            break;
          case 'bust all':
            for (const number of NUMBERS) oldest.set(number, app.version);
            void settings.bust(undefined);
            break;
          case 'rotate':
            app.version += 1;
            break;
          case 'app':
            app.ms = each.ms;
            break;
          case 'wait':
            await time.advanceAsync(each.ms);
            break;
          case 'restart':
            settings.stop();
            await store.write((batch) => batch.put(store.table('barrier'), 1, run));
            settings = open();
            settings.start();
            break;
          default:
            each satisfies never;
        }
      }
      await time.advanceAsync(20_000);
      await Promise.all(asks);
      settings.stop();
    }),
    { numRuns: 100 },
  );
}, 60_000);
