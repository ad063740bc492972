/// Decoders that may touch an upload. Rare ones are left out: each is code that a hostile file could reach.
enum AcceptedCodecs {
    static let video = [
        "h264", "hevc", "vp8", "vp9", "libdav1d", "libaom-av1", "mpeg4", "mpeg2video", "mpeg1video", "h263",
        "flv",
        "msmpeg4v2", "msmpeg4", "prores", "dnxhd", "mjpeg", "vc1", "wmv3", "theora", "ffv1", "libvpx-vp9",
        "libvpx",
        "rawvideo", "png", "qtrle", "v210",
    ]

    static let audio = [
        "aac", "aac_latm", "mp3", "mp3float", "mp2", "mp2float", "ac3", "eac3", "opus", "libopus", "vorbis",
        "flac",
        "alac", "dca", "truehd", "amrnb", "amrwb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw", "pcm_bluray",
        "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms",
    ]

    /// As libav's `codec_whitelist` wants it.
    static let decoders = (video + audio).joined(separator: ",")
}
