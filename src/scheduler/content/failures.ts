/** Why one recipient, or a whole job, is not sent: the app's words (contract bulk §2.5, settings §6, schedules §1). */

export const NO_PHONE = 'No phone number';
export const NO_CONTENT = 'No template or message body provided';
export const AUTHENTICATION = 'authentication templates cannot be sent in bulk';
export const BAD_COORDINATES = 'Invalid coordinates';
export const attachmentMissing = (why: string): string => `attachment-missing: ${why}`;
