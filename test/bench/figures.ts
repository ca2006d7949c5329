/** Figures: named numbers with a unit and the direction that is better, percentiles, and how a table of them is printed. */

export type Figure = {
  readonly what: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
  readonly value: number;
};
export type Row = { readonly row: string; readonly contender: string; readonly figures: readonly Figure[] };

export const less = (what: string, unit: string, value: number): Figure => ({ what, unit, better: 'less', value });
export const more = (what: string, unit: string, value: number): Figure => ({ what, unit, better: 'more', value });

/** The value below which `share` (0..1) of the samples lie. NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

/** One table per row name: a line per figure, a column per contender, and the bridge's ratio to each baseline. */
export function tables(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const name of new Set(rows.map(({ row }) => row))) {
    const columns = rows.filter(({ row }) => row === name);
    const [own] = columns;
    if (!own) continue;
    const head = [
      name,
      ...columns.map(({ contender }) => contender),
      ...columns.slice(1).map((c) => `ratio to ${c.contender}`),
    ];
    const body = own.figures.map(({ what, unit, value }) => {
      const values = columns.map(({ figures }) => figures.find((f) => f.what === what)?.value);
      const ratios = values
        .slice(1)
        .map((other) => (other === undefined || other === 0 ? '–' : `x${round(value / other)}`));
      return [`${what}, ${unit}`, ...values.map((v) => (v === undefined ? '–' : round(v))), ...ratios];
    });
    const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => line[i]?.length ?? 0)));
    for (const line of [head, ...body]) {
      lines.push(
        line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}
