import { twilioBench } from '../../unit/twilio/bench.ts';
import { providerSuite } from './suite.ts';

providerSuite('Twilio', async () => {
  const bench = await twilioBench();
  const { peer } = bench;
  return {
    engine: bench.engine,
    credentials: bench.credentials,
    unreachable: bench.engineAt('http://127.0.0.1:9'),
    next: (fault) => {
      if (fault === 'deny') peer.token = 'another';
      peer.mode(
        {
          refuse: { error: { code: 63024, status: 400 } },
          slow: { slowMs: 3_000 },
          cut: { cut: true },
          deny: {},
          none: {},
        }[fault],
      );
    },
    taken: () => peer.requests().filter(({ sid }) => sid !== undefined).length,
    requests: () => peer.requests().length,
    stop: async () => void (await bench.stop()),
  };
});
