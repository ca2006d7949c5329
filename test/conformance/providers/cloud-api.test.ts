import { CloudBench } from '../../unit/cloud-api/bench.ts';
import { providerSuite } from './suite.ts';

providerSuite('WhatsApp Cloud API', async () => {
  const bench = await CloudBench.start();
  return {
    engine: bench.engine,
    credentials: bench.credentials,
    unreachable: bench.engineAt('http://127.0.0.1:9'),
    next: (fault) => {
      if (fault === 'deny') bench.graph.token = 'another';
      bench.graph.mode(
        {
          refuse: { error: { code: 131026, status: 400 } },
          slow: { slowMs: 3_000 },
          cut: { cut: true },
          deny: {},
          none: {},
        }[fault],
      );
    },
    taken: () => bench.graph.requests().filter(({ id }) => id !== undefined).length,
    requests: () => bench.graph.requests().length,
    stop: () => bench.stop(),
  };
});
