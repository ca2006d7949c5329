/**
 * A one-off schedule for one contact, as the app registers it and as it lists it (contract schedules §1, §10): the same fields,
 * so that the list changes nothing.
 */
import type { Engine } from './bulk-jobs.ts';

export type Schedule = {
  /** The app's. */
  readonly appId: number;
  readonly sender: string;
  readonly engine: Engine;
  readonly contact: string;
  /** Epoch ms. */
  readonly dueAt: number;
};

/** The body of `POST /api/schedule-message-bulk/:phone`. */
export const registrationOf = (schedule: Schedule) => ({ scheduleId: schedule.appId, ...fieldsOf(schedule) });

/** Its row of `GET /api/scheduled/active`. */
export const listedRow = (schedule: Schedule & { readonly bridgeId: string }) => ({
  ...{ id: schedule.appId, scheduleId: schedule.appId, schedule_type: 'once', node_schedule_id: schedule.bridgeId },
  ...{ from_number: schedule.sender, nextRunAt: atOffset(schedule.dueAt), ...fieldsOf(schedule) },
  ...{ templateData: null, mediaUrl: null, latitude: null, longitude: null },
  ...{ repeatInterval: null, repeatEvery: null, daysOfWeek: [], endDate: null },
});

const fieldsOf = ({ contact, dueAt, engine }: Schedule) => ({
  ...{ provider: engine, message: `for ${contact}`, messageType: 'text', isTemplate: false },
  ...{ scheduleDateTime: atOffset(dueAt), timezone: 'UTC' },
  ...{ targetPhoneNumbers: [contact], recipientAttributes: [] },
});

const atOffset = (at: number): string => new Date(at).toISOString().replace('Z', '+00:00');
