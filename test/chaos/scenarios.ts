/** Every chaos scenario, in the order of `npm run faults`. */
import type { Scenario } from './scenario.ts';
import { appAway } from './scenarios/app-away.ts';
import { calls } from './scenarios/calls.ts';
import { deaf } from './scenarios/deaf.ts';
import { flowConversation } from './scenarios/flow-conversation.ts';
import { idempotentSends } from './scenarios/idempotent-sends.ts';
import { inboundFaults } from './scenarios/inbound-faults.ts';
import { inboundKinds } from './scenarios/inbound-kinds.ts';
import { jobs } from './scenarios/jobs.ts';
import { killAfterOnline } from './scenarios/kill-after-online.ts';
import { killCloudSend } from './scenarios/kill-cloud-send.ts';
import { killPairing } from './scenarios/kill-pairing.ts';
import { kill } from './scenarios/kill.ts';
import { pausedTemplate } from './scenarios/paused-template.ts';
import { pendingSends } from './scenarios/pending-sends.ts';
import { restore } from './scenarios/restore.ts';
import { schedulesDowntime } from './scenarios/schedules-downtime.ts';
import { secondProcess } from './scenarios/second-process.ts';
import { secrets } from './scenarios/secrets.ts';
import { sigterm } from './scenarios/sigterm.ts';
import { slowSettings } from './scenarios/slow-settings.ts';
import { throttledCloud } from './scenarios/throttled-cloud.ts';
import { tokenRotation } from './scenarios/token-rotation.ts';
import { whatsappDrops } from './scenarios/whatsapp-drops.ts';

export const SCENARIOS: readonly Scenario[] = [
  kill,
  killAfterOnline,
  killPairing,
  idempotentSends,
  pendingSends,
  killCloudSend,
  throttledCloud,
  tokenRotation,
  slowSettings,
  jobs,
  schedulesDowntime,
  pausedTemplate,
  flowConversation,
  calls,
  inboundFaults,
  inboundKinds,
  appAway,
  whatsappDrops,
  deaf,
  secondProcess,
  sigterm,
  restore,
  secrets,
];
