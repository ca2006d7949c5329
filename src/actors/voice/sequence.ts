/** Sequence numbers of RTP count in 16 bits and begin again at zero. Pure. RFC 3550 §5.1. */

/** From one sequence number to another, -32768…32767. */
export const stepOf = (from: number, to: number): number => ((to - from) << 16) >> 16;
