/** Session descriptions as Meta wants them. Contract voice §4 step 3, §7; facts/calling-api §4. */
import { describe, expect, it } from 'vitest';
import { folded, outgoing, problemOf } from '../../../src/actors/voice/sdp.ts';

const ANSWER = [
  'v=0',
  'o=- 1 0 IN IP4 0.0.0.0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 126',
  'a=candidate:1 1 udp 2116026367 10.0.0.5 40000 typ host generation 0',
  'a=candidate:2 1 udp 2116026366 203.0.113.7 40001 typ host generation 0',
  'a=fingerprint:sha-512 AA:BB',
  'a=fingerprint:sha-256 CC:DD',
  'a=setup:active',
  'a=rtpmap:111 opus/48000/2',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:1',
];

const sent = (lines: readonly string[], publicAddress?: string): readonly string[] => {
  const made = outgoing(lines.join('\n'), publicAddress);
  if (made.kind !== 'sdp') throw new Error(made.kind);
  return made.sdp.split('\r\n');
};

describe('what is sent', () => {
  it('V-23: ends every line with CRLF and keeps sha-256 as the only fingerprint', () => {
    const lines = sent(ANSWER);
    expect(lines.at(-1)).toBe('');
    expect(lines.join('').includes('\n')).toBe(false);
    expect(lines.filter((line) => line.startsWith('a=fingerprint:'))).toEqual(['a=fingerprint:sha-256 CC:DD']);
    expect(lines).toContain('a=setup:active');
  });

  it('V-23: has every candidate, and ptime once, inside the audio section', () => {
    const lines = sent(ANSWER);
    expect(lines.filter((line) => line.startsWith('a=candidate:'))).toHaveLength(2);
    expect(lines.indexOf('a=ptime:20')).toBe(lines.findIndex((line) => line.startsWith('m=application')) - 1);
    const again = sent(lines);
    expect(again).toEqual(lines);
  });

  it('V-08: is a failure without any candidate', () => {
    const bare = ANSWER.filter((line) => !line.startsWith('a=candidate:'));
    expect(outgoing(bare.join('\r\n'))).toEqual({ kind: 'no candidates' });
  });

  it('tells the public address beside private ones, with the same port', () => {
    const candidates = sent(ANSWER, '198.51.100.9').filter((line) => line.startsWith('a=candidate:'));
    expect(candidates).toHaveLength(3);
    expect(candidates[1]).toMatch(/ 198\.51\.100\.9 40000 typ srflx raddr 10\.0\.0\.5 rport 40000/);
  });
});

describe('what is received', () => {
  it('is folded to CRLF whatever its line ends', () => {
    expect(folded('v=0\r\na=x\nb=y\r')).toBe('v=0\r\na=x\r\nb=y\r\n');
  });

  it.each([
    ['v=0\r\n', 'no audio in the SDP'],
    ['v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n', 'no Opus in the SDP'],
    ['v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2\n', undefined],
  ])('V-08: %j: %s', (sdp, problem) => {
    expect(problemOf(sdp)).toBe(problem);
  });
});
