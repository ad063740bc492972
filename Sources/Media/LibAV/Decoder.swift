import CLibAV

/// Owns the decoder of one stream.
final class Decoder {
    private let raw: UnsafeMutablePointer<AVCodecContext>
    /// Packets that could not be decoded, which a few bad bytes cause.
    private(set) var errors = 0

    /// Throws `LibAVError` when there is no accepted decoder, or it refuses the stream's parameters.
    init(stream: UnsafeMutablePointer<AVStream>, threads: Int) throws {
        let parameters = stream.pointee.codecpar!
        let codec = try Self.accepted(parameters.pointee.codec_id)
        raw = try LibAVError.allocated(avcodec_alloc_context3(codec))
        raw.pointee.thread_count = Int32(threads)
        raw.pointee.pkt_timebase = stream.pointee.time_base
        raw.pointee.max_pixels = 1 << 26
        try LibAVError.check(avcodec_parameters_to_context(raw, parameters), "decoder parameters")
        try LibAVError.check(avcodec_open2(raw, codec, nil), "open decoder")
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = raw
        avcodec_free_context(&context)
    }

    static func accepted(_ id: AVCodecID) throws -> UnsafePointer<AVCodec> {
        var cursor: UnsafeMutableRawPointer?
        while let codec = av_codec_iterate(&cursor) {
            guard codec.pointee.id == id, av_codec_is_decoder(codec) != 0 else { continue }
            let name = String(cString: codec.pointee.name)
            if AcceptedCodecs.video.contains(name) || AcceptedCodecs.audio.contains(name) { return codec }
        }
        throw LibAVError(code: -1, operation: "find decoder")
    }

    /// Decodes only key frames from now on.
    func keepKeyFramesOnly() { raw.pointee.skip_frame = AVDISCARD_NONKEY }

    /// Gives each frame that `packet` completes; nil drains what is left. Bad packets are counted and
    /// skipped.
    func decode(_ packet: Packet?, _ body: (Frame) throws -> Void) throws {
        var sent = avcodec_send_packet(raw, packet?.raw)
        while sent == LibAVError.again {
            guard try receive(body) else { break }
            sent = avcodec_send_packet(raw, packet?.raw)
        }
        if sent == LibAVError.outOfMemory { throw LibAVError(code: sent, operation: "decode") }
        if sent < 0, sent != LibAVError.endOfFile { errors += 1 }
        while try receive(body) {}
    }

    private func receive(_ body: (Frame) throws -> Void) throws -> Bool {
        let frame = try Frame()
        let code = avcodec_receive_frame(raw, frame.raw)
        if code == LibAVError.again || code == LibAVError.endOfFile { return false }
        if code == LibAVError.outOfMemory { throw LibAVError(code: code, operation: "decode") }
        guard code >= 0 else {
            errors += 1
            return false
        }
        try body(frame)
        return true
    }

    /// Forgets everything, as after a seek.
    func reset() { avcodec_flush_buffers(raw) }
}
