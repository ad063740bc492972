// From a master playlist to what can be loaded and decoded: full addresses, and a type for each buffer. Pure.

const AUDIO_CODEC = /^(mp4a|opus|ac-3|ec-3|flac)/i;

/** {levels: [{...level, url, mime, staleAt}], audio: [] or the one sound track that belongs to them} */
export function tracksOf({ levels, audio }, master) {
  const address = (uri) => new URL(uri, new URL(master, globalThis.location?.href)).href;
  const prepared = levels.map((level) => {
    // With the sound in a track of its own the picture's buffer must not be told about the sound.
    const isApart = audio.some((rendition) => rendition.group === level.audioGroup);
    const codecs = isApart ? level.codecs.filter((codec) => !AUDIO_CODEC.test(codec)) : level.codecs;
    return { ...level, url: address(level.uri), staleAt: 0, mime: `video/mp4; codecs="${codecs.join(',') || 'avc1.640028'}"` };
  });
  const group = audio.filter((rendition) => rendition.group === prepared[0].audioGroup);
  const sound = group.find((rendition) => rendition.isDefault) ?? group[0];
  const codec = levels[0].codecs.find((name) => AUDIO_CODEC.test(name)) ?? 'mp4a.40.2';
  return {
    levels: prepared,
    audio: sound ? [{ ...sound, url: address(sound.uri), staleAt: 0, mime: `audio/mp4; codecs="${codec}"` }] : [],
  };
}
