/**
 * Media on their way out, for the composition root: where they may come from, and the folders that keep them until they
 * are sent (`out`) or their job ends (`jobs`). Inbound media: linked.ts. Nothing else lives here.
 */
import { join } from 'node:path';
import { HeldMedia } from '../actors/content/held-media.ts';
import { MediaFiles } from '../actors/content/media-files.ts';
import { MediaSources } from '../actors/content/media-source.ts';
import { VoiceConverter } from '../actors/content/voice.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { Egress } from '../net/egress.ts';

export type OutgoingMedia = {
  readonly egress: Egress;
  readonly files: MediaFiles;
  readonly sources: MediaSources;
  readonly held: HeldMedia;
};

export function createMedia({ appUrl, dataDir, media }: Config, clock: Clock, log: Log): OutgoingMedia {
  const egress = new Egress({ appUrl, allowHosts: media.allowHosts });
  const files = new MediaFiles(join(dataDir, 'media', 'out'));
  const sources = new MediaSources({
    files,
    egress,
    voice: new VoiceConverter({ command: 'ffmpeg', log }),
    maxBytes: media.maxBytes,
    readBases: media.readBases,
    clock,
  });
  const held = new HeldMedia({ folder: join(dataDir, 'media', 'jobs'), sources, clock });
  return { egress, files, sources, held };
}
