/**
 * Google nodes that the app carries out: a meeting, rows of a sheet, a document (contract flows §2.4, §8). Where the app
 * cannot, nothing is said and the flow goes on.
 */
import { firstText, flagOf, isObject, listOf, numberOf, textOf } from '../../../content/loose.ts';
import { missing } from '../checks.ts';
import type { NodeContext, NodeKind, NodeResult } from '../node.ts';
import { setResult } from '../results.ts';
import { whyNot } from '../told.ts';
import { Variables } from '../variables.ts';

const GO_ON: NodeResult = { kind: 'next', port: 1 };
const MINUTE_MS = 60_000;
const MEETING_MIN = 30;
/** Ten years: a date can be said. */
const MOST_MINUTES = 5_256_000;
const MOST_ROWS = 100;

const of = ({ session: { workspace } }: NodeContext) => (workspace === undefined ? {} : { workspace_id: workspace });
const minutes = (value: unknown, unsaid: number): number => {
  const read = numberOf(value);
  return read >= 0 ? Math.min(read, MOST_MINUTES) : unsaid;
};

export const googleMeet: NodeKind = {
  types: ['GoogleMeet'],
  run: async (context) => {
    const { node, vars, now, app, once } = context;
    const { fields } = node;
    const start = now + minutes(fields['leadMinutes'], 0) * MINUTE_MS;
    const end = start + (minutes(fields['durationMinutes'], MEETING_MIN) || MEETING_MIN) * MINUTE_MS;
    const body = {
      ...of(context),
      title: vars.fillForPeople(textOf(fields['title']), now).trim() || node.label,
      start_at: new Date(start).toISOString(),
      end_at: new Date(end).toISOString(),
      send_invites: flagOf(fields['sendCalendarInvite'], false),
      time_zone: 'UTC',
    };
    const answer = await once(() => app.google({ what: 'google-meet', body }));
    const link = answer.kind === 'ok' ? textOf(answer.value['meet_url']) : '';
    vars.set('meet_link', link);
    vars.set('meet_start', link === '' ? '' : body.start_at);
    vars.set('meet_event_id', answer.kind === 'ok' ? textOf(answer.value['event_id']) : '');
    if (answer.kind !== 'ok') context.warn(`a meeting of the flow failed: ${whyNot(answer)}`);
    if (link !== '') await sayLink(context, link);
    return GO_ON;
  },
};

export const googleSheets: NodeKind = {
  types: ['GoogleSheets'],
  run: (context) => (firstText(context.node.fields, 'mode').toLowerCase() === 'read' ? read(context) : write(context)),
  check: (node) => missing(node, 'error', 'sheetId'),
};

const sheetOf = ({ node: { fields } }: NodeContext) => ({
  sheet_id: firstText(fields, 'sheetId'),
  tab_name: firstText(fields, 'tabName'),
});

/** One call for each row: where a column speaks of a reply that is a list (`<name>.__rows`), one for each of its rows. */
async function write(context: NodeContext): Promise<NodeResult> {
  const { node, vars, now, app, once, warn } = context;
  const columns = (listOf(node.fields['columns']) ?? []).filter(isObject);
  const headers = columns.map((column) => firstText(column, 'header'));
  const texts = columns.map((column) => textOf(column['value']));
  const rows = rowsOf(texts, vars);
  if (rows.length > MOST_ROWS) warn(`only ${MOST_ROWS} of ${rows.length} rows of the flow are written`);
  for (const row of rows.slice(0, MOST_ROWS)) {
    const body = {
      ...{ ...of(context), ...sheetOf(context), column_headers: headers },
      values: texts.map((text) => row.fillForPeople(text, now)),
      match_by_header: flagOf(node.fields['matchByHeader'], false),
    };
    const answer = await once(() => app.google({ what: 'google/sheet-write', body }));
    if (answer.kind !== 'ok') warn(`a row of the flow could not be written: ${whyNot(answer)}`);
    // Nobody is there: the others would wait as long, each.
    if (answer.kind === 'no answer') break;
  }
  return GO_ON;
}

/** The variables as each row sees them. */
function rowsOf(texts: readonly string[], vars: Variables): Variables[] {
  const roots = texts.flatMap((text) => [...text.matchAll(/\{\{\s*([^{}.]+)\./g)].map(([, root = '']) => root.trim()));
  for (const root of roots) {
    const rows = (listOf(vars.get(`${root}.__rows`)) ?? []).filter(isObject);
    if (rows.length === 0) continue;
    // What a row does not have is empty in it, also where the first row has it.
    const names = new Set(rows.flatMap((row) => Object.keys(row).map((key) => `${root}.${key}`)));
    const others = vars.pairs().filter(([name]) => !names.has(name));
    return rows.map((row) => {
      const own = Object.entries(row).map(([key, value]) => [`${root}.${key}`, value] as const);
      return new Variables([...others, ...own]);
    });
  }
  return [vars];
}

async function read(context: NodeContext): Promise<NodeResult> {
  const { node, vars, now, app, again, warn } = context;
  const saveAs = firstText(node.fields, 'saveAs') || 'sheet_row';
  const body = {
    ...{ ...of(context), ...sheetOf(context), match_column: firstText(node.fields, 'matchColumn') },
    match_value: vars.fillForPeople(textOf(node.fields['matchValue']), now),
    limit: 1,
  };
  const answer = await again(() => app.google({ what: 'google/sheet-read', body }));
  if (answer.kind !== 'ok') warn(`a sheet of the flow could not be read: ${whyNot(answer)}`);
  const [row] = answer.kind === 'ok' ? (listOf(answer.value['rows']) ?? []) : [];
  setResult(vars, saveAs, row ?? '');
  return GO_ON;
}

export const googleDocs: NodeKind = {
  types: ['GoogleDocs'],
  run: async (context) => {
    const { node, vars, now, app, once, warn } = context;
    const { fields } = node;
    const filled = (listOf(fields['placeholders']) ?? [])
      .filter(isObject)
      .map((each): [string, string] => [firstText(each, 'key'), vars.fillForPeople(textOf(each['value']), now)])
      .filter(([key]) => key !== '');
    const body = {
      ...{ ...of(context), template_id: firstText(fields, 'templateId') },
      new_title: vars.fillForPeople(textOf(fields['newTitle']), now).trim() || node.label,
      vars: Object.fromEntries(filled),
      shareable: flagOf(fields['shareable'], false),
    };
    const answer = await once(() => app.google({ what: 'google/doc-generate', body }));
    const url = answer.kind === 'ok' ? textOf(answer.value['url']) : '';
    vars.set(firstText(fields, 'saveAs') || 'doc_url', url);
    if (answer.kind !== 'ok') warn(`a document of the flow failed: ${whyNot(answer)}`);
    if (url !== '') await sayLink(context, url);
    return GO_ON;
  },
  check: (node) => missing(node, 'error', 'templateId'),
};

/** In the author's words, which may name the variable that was just set; a link that they leave out is not lost. */
async function sayLink({ node, vars, now, send, warn }: NodeContext, link: string): Promise<void> {
  const words = vars.fillForPeople(textOf(node.fields['messageTemplate']), now).trim();
  const text = words.includes(link) ? words : [words, link].filter((line) => line !== '').join('\n');
  if ((await send({ kind: 'text', text })).kind === 'failed') warn('a link of the flow could not be sent');
}
