/**
 * Voice notes in the one format that every phone plays: Ogg with Opus. Anything else is converted when ffmpeg is on the
 * PATH, within a time and a size; else it goes as it is (contract messages §3).
 *
 *  VO1  A conversion that fails, is late or grows too large changes nothing: the original is sent.
 */
import { spawn } from 'node:child_process';
import { rename, rm, stat } from 'node:fs/promises';
import type { Media, MediaFile } from '../../content/content.ts';
import type { Log } from '../../log.ts';
import { OGG_OPUS } from './media-kind.ts';

const CONVERT_MS = 20_000;
/** About an hour of speech at 32 kbit/s. */
const MAX_BYTES = 16 * 1_048_576;
/** No playlists: those name other files. */
const FORMATS = 'aac,amr,flac,matroska,mov,mp3,ogg,wav,webm';
const ARGUMENTS = ['-vn', '-ac', '1', '-ar', '48000', '-c:a', 'libopus', '-b:a', '32k', '-f', 'ogg'];

export type VoiceOptions = {
  /** `ffmpeg`, looked for on the PATH. */
  readonly command: string;
  readonly log: Log;
};

export class VoiceConverter {
  readonly #o: VoiceOptions;
  /** Looked for once: a process does not get a converter while it runs. */
  #isMissing = false;

  constructor(options: VoiceOptions) {
    this.#o = options;
  }

  /** Converts in place; anything but a voice note of another format comes back as it is. */
  async asVoice(media: Media<MediaFile>, signal: AbortSignal): Promise<Media<MediaFile>> {
    if (!media.voice || media.mime === OGG_OPUS || this.#isMissing) return media;
    const { path } = media.from;
    const made = `${path}.ogg`;
    const result = await this.#run(path, made, signal);
    if (result === 'missing') this.#isMissing = true;
    const size = result === 'done' ? await sizeOf(made) : 0;
    if (size === 0) {
      if (result === 'failed') this.#o.log.info({ mime: media.mime }, 'a voice note could not be converted');
      await rm(made, { force: true });
      return media;
    }
    await rename(made, path);
    return { ...media, mime: OGG_OPUS, from: { ...media.from, bytes: size } };
  }

  #run(from: string, to: string, signal: AbortSignal): Promise<'done' | 'failed' | 'missing'> {
    const options = [
      '-nostdin',
      '-loglevel',
      'error',
      '-y',
      '-protocol_whitelist',
      'file',
      '-format_whitelist',
      FORMATS,
      '-i',
      from,
    ];
    const limits = ['-fs', String(MAX_BYTES), to];
    return new Promise((resolve) => {
      const child = spawn(this.#o.command, [...options, ...ARGUMENTS, ...limits], {
        stdio: 'ignore',
        timeout: CONVERT_MS,
        killSignal: 'SIGKILL',
        signal,
      });
      child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'missing' : 'failed'));
      child.once('exit', (code) => resolve(code === 0 ? 'done' : 'failed'));
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return size >= MAX_BYTES ? 0 : size;
}
