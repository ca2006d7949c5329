/** Contract README §8: `/` and `/health`; and the OpenAPI document, which is open like them. */
import { describe, expect, it } from 'vitest';
import { jobView } from '../unit/http/fake-jobs.ts';
import { harness, PHONE, TOKEN } from '../unit/http/harness.ts';

const open = { token: null } as const;
const everyone = [{}, open, { from: '127.0.0.1' }, { token: 'wrong' }, { headers: { 'X-Forwarded-For': '1.2.3.4' } }];

const CLOUD_PLATFORM = {
  useCloud: true,
  hasCloudCredentials: true,
  engineReadAt: 1_000,
  pacing: { gap: 7, inBatches: true, batch: 20, pause: 9 },
  pacingReadAt: 2_000,
};

describe('README §8 GET /', () => {
  it('C-09 without the token: exactly the counters', async () => {
    expect((await harness().call('/', open)).body).toEqual({
      message: expect.any(String),
      status: 200,
      version: '1.2.3',
      activeClients: 3,
      activeSessions: 2,
      connectionLocks: 1,
    });
  });

  it('with the token: engine and pacing in addition', async () => {
    expect((await harness().call('/')).body).toMatchObject({
      status: 200,
      whatsappApi: 'Baileys',
      messageSettings: { msg_gap: '3s', batch_enabled: false, messages_per_batch: 50, batch_gap: '5min' },
    });
    const { call, settings } = harness();
    settings.known = CLOUD_PLATFORM;
    expect((await call('/')).body).toMatchObject({
      whatsappApi: 'Facebook',
      messageSettings: { msg_gap: '7s', batch_enabled: true, messages_per_batch: 20, batch_gap: '9min' },
    });
  });

  it('load-bearing: status is 200 for every caller, in every phase, whatever the query', async () => {
    for (const phase of ['starting', 'running', 'draining'] as const) {
      for (const caller of everyone) {
        const { call, vitals } = harness();
        vitals.now = phase;
        for (const path of ['/', '/node', '/?workspace_id=%00', '/?node_token=x']) {
          const reply = await call(path, caller);
          expect([reply.status, (reply.body as { status: number }).status]).toEqual([200, 200]);
        }
      }
    }
  });
});

describe('README §8 GET /health', () => {
  const counters = {
    uptime: expect.any(Number),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    activeDevices: 3,
    readyDevices: 2,
    activeFlowSessions: 0,
    failedFlowStarts: 0,
    activeCooldowns: 6,
    connectionLocks: 1,
    scheduledMessages: 0,
    calls: { cascade: 0, live: 0, realtime: 0, setupFailures: 0 },
    restore: { done: 2, total: 3 },
    memoryUsage: expect.objectContaining({ rss: expect.any(Number), heapUsed: expect.any(Number) }),
  };

  it('C-09 without the token: exactly the counters, all numbers', async () => {
    const { body } = await harness().call('/health', open);
    expect(body).toEqual({ status: 'healthy', ...counters });
  });

  it('with the token: settings and outbox in addition', async () => {
    const { call, settings } = harness();
    expect((await call('/health')).body).toEqual({
      status: 'healthy',
      ...counters,
      whatsappSettings: { api: 'Baileys', lastFetched: null },
      messageSettings: { msg_gap: 3, enable_batches: 0, batches_gap: 50, bw_msg_gap: 5, lastFetched: null },
      lastFailedFlowStarts: [],
      outbox: { pending: 4, deadLetter: 5, oldest: null, bytes: 600, room: 'ok' },
    });
    settings.known = CLOUD_PLATFORM;
    expect((await call('/health')).body).toMatchObject({
      whatsappSettings: { api: 'Facebook', lastFetched: '1970-01-01T00:00:01.000Z' },
      messageSettings: {
        msg_gap: 7,
        enable_batches: 1,
        batches_gap: 20,
        bw_msg_gap: 9,
        lastFetched: '1970-01-01T00:00:02.000Z',
      },
    });
  });

  it('scheduledMessages: jobs that have not ended', async () => {
    const { call, jobs } = harness();
    jobs.jobs = [jobView(PHONE), jobView(PHONE, { state: 'paused' }), jobView(PHONE, { state: 'ended' })];
    expect((await call('/health', open)).body).toMatchObject({ scheduledMessages: 2 });
  });

  it.each([
    ['starting', 200, 'starting'],
    ['running', 200, 'healthy'],
    ['draining', 503, 'draining'],
  ] as const)('%s → %i %s', async (phase, status, word) => {
    const { call, vitals } = harness();
    vitals.now = phase;
    expect(await call('/health', open)).toMatchObject({ status, body: { status: word } });
  });

  it('C-09 no digits of any number, no settings, no token for anybody without it', async () => {
    const { call, numbers } = harness({ auth: { mode: 'loopback', token: TOKEN } });
    numbers.set(PHONE, { state: 'connected', ready: true });
    for (const path of ['/', '/health', '/openapi.json']) {
      for (const caller of [open, { from: '127.0.0.1', token: null }, { token: '' }, { token: 'wrong' }]) {
        const { text, body } = await call(path, caller);
        expect(text).not.toContain(PHONE.slice(-6));
        expect(text).not.toContain(TOKEN);
        if (path !== '/openapi.json') {
          for (const key of ['whatsappApi', 'messageSettings', 'whatsappSettings', 'outbox'])
            expect(body).not.toHaveProperty(key);
        }
      }
    }
  });
});

describe('/openapi.json', () => {
  it('lists every route of README §4 that exists so far, with its answers', async () => {
    const { body } = await harness().call('/openapi.json', open);
    const { paths } = body as { paths: Record<string, Record<string, { responses: object }>> };
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => `${method} ${path} ${Object.keys(responses).join(' ')}`),
    );
    expect(listed.sort()).toEqual([
      'delete /api/broadcast/cancel-by-broadcast/ 400 401 403 422 500 503',
      'delete /api/broadcast/cancel-by-broadcast/{broadcastId} 200 400 401 403 422 500 503',
      'delete /api/broadcast/cancel/{scheduleId} 200 400 401 403 404 500 503',
      'delete /api/cancel-scheduled-message/{scheduleId} 200 400 401 403 404 500 503',
      'get / 200',
      'get /api/broadcast/list/{phone} 200 400 401 403 409 500 503',
      'get /api/broadcast/status/{scheduleId} 200 400 401 403 404 500 503',
      'get /api/check-connection/{phone} 200 400 401 403 409 500 503',
      'get /api/client-history/{phone} 200 400 401 403 409 500 503',
      'get /api/client-status/{phone} 200 400 401 403 409 500 503',
      'get /api/current-message-settings 200 400 401 403 500 503',
      'get /api/current-settings 200 400 401 403 500 503',
      'get /api/events 200 400 401 403 500 503',
      'get /api/flow/sessions 200 400 401 403 500 503',
      'get /api/get-contacts/{phone} 200 400 401 403 409 500 503',
      'get /api/get-pairing-code/{phone} 200 400 401 403 408 409 500 503',
      'get /api/groups/all/{phone} 200 400 401 403 409 413 422 500 503',
      'get /api/groups/invite-code/{phone} 200 400 401 403 409 413 422 500 503',
      'get /api/groups/meta/{phone} 200 400 401 403 409 413 422 500 503',
      'get /api/initialize-client/{phone} 200 400 401 403 409 500 503',
      'get /api/jobs 200 400 401 403 500 503',
      'get /api/jobs/{id} 200 400 401 403 404 500 503',
      'get /api/outbox 200 400 401 403 500 503',
      'get /api/refresh-settings 200 400 401 403 500 503',
      'get /api/scheduled-messages/{phone} 200 400 401 403 409 500 503',
      'get /api/terminate-client/{phone} 200 400 401 403 409 500 503',
      'get /api/wa/campaign/{campaignId}/details 200 400 401 403 404 500 503',
      'get /api/whatsapp-version 200 400 401 403 500 503',
      'get /health 200 503',
      'get /metrics 200 401',
      'post /api/broadcast/pause/{scheduleId} 200 400 401 403 404 500 503',
      'post /api/broadcast/resume/{scheduleId} 200 400 401 403 404 500 503',
      'post /api/broadcast/schedule/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/broadcast/send-immediate/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/cache-bust 200 400 401 403 413 500 503',
      'post /api/clients-status 200 400 401 403 413 500 503',
      'post /api/delete-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/edit-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/flow-end 200 400 401 403 413 500 503',
      'post /api/flow-resume 200 400 401 403 413 500 503',
      'post /api/flow/provider-inbound 202 400 401 403 413 500 503',
      'post /api/flow/resume-by-phone/{workspaceId}/{customerPhone} 200 400 401 403 413 500 503',
      'post /api/flow/resume-delay 202 400 401 403 413 500 503',
      'post /api/flow/resume-form/{sessionKey} 200 400 401 403 413 500 503',
      'post /api/flow/resume-port/{sessionKey} 200 400 401 403 404 413 500 503',
      'post /api/flow/start/{phone} 202 400 401 403 409 413 500 503',
      'post /api/flow/validate 200 400 401 403 404 413 500 502 503',
      'post /api/groups/create/{phone} 200 400 401 403 409 413 422 500 502 503',
      'post /api/groups/description/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/groups/leave/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/groups/participants/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/groups/revoke-invite/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/groups/settings/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/groups/subject/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/outbox/replay 200 400 401 403 413 500 503',
      'post /api/pause-schedule/{scheduleId} 200 400 401 403 404 500 503',
      'post /api/pin-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/resume-schedule/{scheduleId} 200 400 401 403 404 500 503',
      'post /api/schedule-message-bulk/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/schedule-message/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/schedule-recurring/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/send-bulk-immediate/{phone} 200 400 401 403 409 413 422 500 503',
      'post /api/send-contact/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-group-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-location/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-media-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-media-only/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-product-catalog/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/send-reaction/{phone} 200 400 401 403 404 409 413 422 500 503 504',
      'post /api/star-message/{phone} 200 400 401 403 409 413 422 500 503 504',
      'post /api/unlink-client/{phone} 200 400 401 403 409 413 500 503',
      'post /api/wa/campaign/{scheduleId}/cancel 200 400 401 403 404 500 503',
      'post /api/wa/campaign/{scheduleId}/pause 200 400 401 403 404 500 503',
      'post /api/wa/campaign/{scheduleId}/resume 200 400 401 403 404 500 503',
      'post /api/wa/{phone}/campaign/schedule 200 400 401 403 409 413 422 500 503',
      'post /api/wa/{phone}/campaign/send 200 400 401 403 409 413 422 500 503',
      'post /api/waba-call/answer 202 400 401 403 413 500 503',
      'post /api/waba-call/connect 200 400 401 403 404 413 500 503',
      'post /api/waba-call/link-meta 200 400 401 403 404 413 500 503',
      'post /api/waba-call/place-outbound 202 400 401 403 413 500 503',
      'post /api/waba-call/record 200 400 401 403 404 413 422 500 503',
      'post /api/waba-call/terminate 200 400 401 403 413 500 503',
      'post /api/whatsapp-version 200 400 401 403 413 500 503',
      'put /api/update-schedule/{scheduleId} 200 400 401 403 404 413 422 500 503',
    ]);
  });

  it('and the router knows no other one', async () => {
    const { app, call } = harness();
    const { body } = await call('/openapi.json');
    const documented = Object.entries((body as { paths: Record<string, object> }).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const routed = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(new Set(routed)).toEqual(new Set([...documented, 'GET /openapi.json']));
  });
});
