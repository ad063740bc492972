import CLibAV
import CMediaShim
import Videos

/// Owns an opened container file; used by the thread that opened it. Opens no other file, whatever the
/// container names.
final class Demuxer {
    let raw: UnsafeMutablePointer<AVFormatContext>

    /// Containers people upload. Playlists (HLS, DASH, concat) are absent: they name further files.
    private static let options = [
        "protocol_whitelist": "file",
        "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,mpeg",
        "codec_whitelist": AcceptedCodecs.decoders,
        "probesize": "5000000",
        "analyzeduration": "5000000",
        "max_streams": "32",
        "max_pixels": "67108864",
    ]

    /// Throws `MediaFailure`.
    init(path: String) throws {
        media_log_errors_only()
        var context: UnsafeMutablePointer<AVFormatContext>?
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        for (key, value) in Self.options { av_dict_set(&options, key, value, 0) }
        let opened = avformat_open_input(&context, "file:" + path, nil, &options)
        guard opened >= 0, let context else { throw Signature.failure(opening: path, code: opened) }
        raw = context
        let analysed = avformat_find_stream_info(context, nil)
        guard analysed >= 0 else {
            var closing: UnsafeMutablePointer<AVFormatContext>? = context
            avformat_close_input(&closing)
            throw Signature.failure(opening: path, code: analysed)
        }
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = raw
        avformat_close_input(&context)
    }

    var streams: [UnsafeMutablePointer<AVStream>] {
        (0..<Int(raw.pointee.nb_streams)).compactMap { raw.pointee.streams[$0] }
    }

    /// The first picture stream that is not a cover image.
    var videoStream: UnsafeMutablePointer<AVStream>? {
        let index = av_find_best_stream(raw, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
        let isMoving = { (stream: UnsafeMutablePointer<AVStream>) in
            stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
                && stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
        }
        if index >= 0, isMoving(streams[Int(index)]) { return streams[Int(index)] }
        return streams.first(where: isMoving)
    }

    /// Reads only these streams from now on.
    func select(_ indexes: Set<Int>) {
        for (index, stream) in streams.enumerated() {
            stream.pointee.discard = indexes.contains(index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
    }

    /// False at the end, which is also where a file breaks off.
    func read(into packet: Packet) -> Bool {
        packet.clear()
        for _ in 0..<1_000 {
            let code = av_read_frame(raw, packet.raw)
            if code >= 0 { return true }
            if code != LibAVError.again { return false }
        }
        return false
    }

    /// Moves to a key frame at or before `seconds` of the container's clock.
    func seek(to seconds: Double, stream: UnsafeMutablePointer<AVStream>) -> Bool {
        let base = stream.pointee.time_base
        let stamp = Int64((seconds / av_q2d(base)).rounded(.down))
        return av_seek_frame(raw, stream.pointee.index, stamp, AVSEEK_FLAG_BACKWARD) >= 0
    }

    /// Whether clocks of this container may restart in the middle.
    var mayJump: Bool { raw.pointee.iformat.pointee.flags & AVFMT_TS_DISCONT != 0 }
}
