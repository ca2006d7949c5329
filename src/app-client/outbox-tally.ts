/**
 * How much waits in the outbox, and of what: kept while rows come and go, so that nobody has to walk them to ask.
 *
 *  TL1  A path or number without rows is not in the maps: they are as small as what waits.
 */

type Counted = { readonly path: string; readonly device: string | undefined; readonly bytes: number };

export class Tally {
  rows = 0;
  /** Of their texts. */
  bytes = 0;
  readonly byPath = new Map<string, number>();
  /** By digits; rows of earlier versions, which do not say whom they speak of, are under `''`. */
  readonly byNumber = new Map<string, number>();

  add({ path, device = '', bytes }: Counted): void {
    this.rows++;
    this.bytes += bytes;
    count(this.byPath, path, 1);
    count(this.byNumber, device, 1);
  }

  remove({ path, device = '', bytes }: Counted): void {
    this.rows--;
    this.bytes -= bytes;
    count(this.byPath, path, -1);
    count(this.byNumber, device, -1);
  }
}

function count(map: Map<string, number>, key: string, by: 1 | -1): void {
  const left = (map.get(key) ?? 0) + by;
  if (left === 0) map.delete(key);
  else map.set(key, left);
}
