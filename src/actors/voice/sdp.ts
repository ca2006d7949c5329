/**
 * The rules for session descriptions towards Meta and vendors, on plain text. Pure. Contract voice §4 step 3, §7.
 *
 *  SD1  What is sent has CRLF throughout, sha-256 fingerprints only, `a=ptime:20`, and every candidate inside (V-23).
 *  SD2  A description without any candidate is a failure, never sent (V-08).
 *  SD3  What Meta sends is read as it is meant: LF alone is CRLF, candidates stay untouched.
 *
 * Deliberately not here: roles and codecs, which the WebRTC stack decides from these texts (peer.ts).
 */

/** Lines of any ending, as lines that end with CRLF. */
export const folded = (sdp: string): string =>
  `${sdp
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '')
    .join('\r\n')}\r\n`;

export type Outgoing = { readonly kind: 'sdp'; readonly sdp: string } | { readonly kind: 'no candidates' };

/** The one text that is sent, each time the same. `publicAddress`: told beside every private IPv4 one (1:1 NAT). */
export function outgoing(sdp: string, publicAddress?: string): Outgoing {
  const lines = folded(sdp).split('\r\n').slice(0, -1);
  if (!lines.some((line) => line.startsWith('a=candidate:'))) return { kind: 'no candidates' };
  const kept = lines.filter((line) => !/^a=fingerprint:/i.test(line) || /^a=fingerprint:sha-256 /i.test(line));
  const told = kept.flatMap((line) => [line, ...(publicAddress === undefined ? [] : publicly(line, publicAddress))]);
  return { kind: 'sdp', sdp: `${withPacketTime(told).join('\r\n')}\r\n` };
}

/** A description that was taken before its candidates were in it (gathering took too long): with those there are. */
export function withCandidates(sdp: string, candidates: readonly string[]): string {
  if (sdp.includes('a=candidate:')) return sdp;
  const lines = folded(sdp).split('\r\n');
  const connection = lines.findIndex((line, at) => line.startsWith('c=') && lines[at - 1]?.startsWith('m=audio'));
  return lines.toSpliced(connection + 1, 0, ...candidates.map((candidate) => `a=${candidate}`)).join('\r\n');
}

/** `undefined`: an offer or answer that a call can be made of. */
export function problemOf(sdp: string): string | undefined {
  const audio = /^m=audio \d+ \S+ (.*)$/m.exec(folded(sdp).replaceAll('\r\n', '\n'));
  if (!audio) return 'no audio in the SDP';
  return /^a=rtpmap:\d+ opus\/48000/im.test(sdp) ? undefined : 'no Opus in the SDP';
}

/** At the end of the audio section, once. */
function withPacketTime(lines: readonly string[]): readonly string[] {
  if (lines.some((line) => line.startsWith('a=ptime:'))) return lines;
  const audio = lines.findIndex((line) => line.startsWith('m=audio'));
  if (audio === -1) return lines;
  const next = lines.findIndex((line, at) => at > audio && line.startsWith('m='));
  const end = next === -1 ? lines.length : next;
  return [...lines.slice(0, end), 'a=ptime:20', ...lines.slice(end)];
}

const HOST = /^a=candidate:(\S+) (\d+) (udp) (\d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ host(.*)$/i;

/** The same port under the address that the world sees. Its priority is that of its kind, below every host. */
function publicly(line: string, address: string): string[] {
  const [, foundation, component, transport, , host, port, rest] = HOST.exec(line) ?? [];
  if (host === undefined || !isPrivate(host)) return [];
  const priority = 1_694_498_815;
  const head = `a=candidate:p${foundation} ${component} ${transport} ${priority} ${address} ${port}`;
  return [`${head} typ srflx raddr ${host} rport ${port}${rest}`];
}

const isPrivate = (address: string): boolean =>
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(address);
