import CLibAV

/// The `ftyp` and `moov` of one track, as libav's MP4 muxer writes them for an encoder.
struct InitialisationSegment {
    let bytes: [UInt8]
    /// Ticks a second of the track's clock.
    let timescale: Int

    /// `timescale` is a wish; the muxer's own choice is told back.
    init(encoder: UnsafeMutablePointer<AVCodecContext>, timescale: Int) throws {
        var context: UnsafeMutablePointer<AVFormatContext>?
        try LibAVError.check(avformat_alloc_output_context2(&context, nil, "mp4", nil), "muxer")
        let muxer = try LibAVError.allocated(context)
        defer { avformat_free_context(muxer) }
        let stream = try LibAVError.allocated(avformat_new_stream(muxer, nil))
        try LibAVError.check(
            avcodec_parameters_from_context(stream.pointee.codecpar, encoder), "track parameters")
        stream.pointee.time_base = AVRational(num: 1, den: Int32(timescale))
        stream.pointee.avg_frame_rate = encoder.pointee.framerate
        stream.pointee.sample_aspect_ratio = encoder.pointee.sample_aspect_ratio
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "movflags", "empty_moov+default_base_moof+frag_custom", 0)
        muxer.pointee.flags |= AVFMT_FLAG_BITEXACT
        try LibAVError.check(avio_open_dyn_buf(&muxer.pointee.pb), "muxer buffer")
        let written = avformat_write_header(muxer, &options)
        var buffer: UnsafeMutablePointer<UInt8>?
        let size = avio_close_dyn_buf(muxer.pointee.pb, &buffer)
        muxer.pointee.pb = nil
        defer { av_free(buffer) }
        try LibAVError.check(written, "write initialisation")
        bytes = Array(UnsafeBufferPointer(start: buffer, count: Int(size)))
        self.timescale = Int(stream.pointee.time_base.den)
    }

    /// RFC 6381 string of an H.264 encoder, from its sequence parameter set.
    static func h264Codec(of encoder: UnsafeMutablePointer<AVCodecContext>) -> String {
        let extra = UnsafeBufferPointer(
            start: encoder.pointee.extradata, count: Int(encoder.pointee.extradata_size))
        for place in 0..<max(0, extra.count - 7)
        where extra[place] == 0 && extra[place + 1] == 0 && extra[place + 2] == 1
            && extra[place + 3] & 31 == 7
        {
            let digits = extra[(place + 4)..<(place + 7)].map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return "avc1." + digits.joined()
        }
        return "avc1.640028"
    }
}
