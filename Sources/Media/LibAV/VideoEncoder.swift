import CLibAV
import Videos

/// Owns one x264 encoder with a fixed, closed group of pictures. Time stamps are frame numbers.
final class VideoEncoder {
    let raw: UnsafeMutablePointer<AVCodecContext>
    private let packet: Packet
    private let shown: Frame

    struct Settings {
        var rung: Rung
        var plan: TranscodePlan
        var colours: Colours
    }

    init(_ settings: Settings) throws {
        guard let codec = avcodec_find_encoder_by_name("libx264") else {
            throw LibAVError(code: -1, operation: "find libx264")
        }
        raw = try LibAVError.allocated(avcodec_alloc_context3(codec))
        packet = try Packet()
        shown = try Frame()
        configure(settings)
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "preset", settings.plan.preset, 0)
        av_dict_set(
            &options, "profile", settings.rung.height * settings.rung.width < 640 * 360 ? "main" : "high", 0)
        av_dict_set(&options, "sc_threshold", "0", 0)
        try LibAVError.check(avcodec_open2(raw, codec, &options), "open x264")
    }

    private func configure(_ settings: Settings) {
        let rate = settings.plan.frameRate
        raw.pointee.width = Int32(settings.rung.width)
        raw.pointee.height = Int32(settings.rung.height)
        raw.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        raw.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
        raw.pointee.framerate = AVRational(num: Int32(rate.numerator), den: Int32(rate.denominator))
        raw.pointee.time_base = AVRational(num: Int32(rate.denominator), den: Int32(rate.numerator))
        raw.pointee.gop_size = Int32(settings.plan.framesPerSegment)
        raw.pointee.keyint_min = raw.pointee.gop_size
        raw.pointee.thread_count = Int32(settings.plan.threadsPerEncoder)
        raw.pointee.bit_rate = Int64(settings.rung.videoKilobitsPerSecond) * 1_000
        raw.pointee.rc_max_rate = raw.pointee.bit_rate * 107 / 100
        raw.pointee.rc_buffer_size = Int32(clamping: raw.pointee.bit_rate * 3 / 2)
        raw.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | Int32(bitPattern: UInt32(AV_CODEC_FLAG_CLOSED_GOP))
        raw.pointee.color_primaries = settings.colours.primaries
        raw.pointee.color_trc = settings.colours.transfer
        raw.pointee.colorspace = settings.colours.matrix
        raw.pointee.color_range = AVCOL_RANGE_MPEG
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = raw
        avcodec_free_context(&context)
    }

    /// Encodes `picture` as frame `number`; nil drains. The picture may be reused when this returns.
    func encode(_ picture: Frame?, number: Int, _ body: (Packet) throws -> Void) throws {
        if let picture {
            try shown.share(picture)
            shown.raw.pointee.pts = Int64(number)
            // Else x264 would copy the source's frame types, and with them its key frames.
            shown.raw.pointee.pict_type = AV_PICTURE_TYPE_NONE
        }
        try LibAVError.check(avcodec_send_frame(raw, picture == nil ? nil : shown.raw), "encode picture")
        defer { shown.clear() }
        try drainPackets(of: raw, into: packet, body)
    }
}

/// Colour description that is handed from source to output.
struct Colours {
    var primaries = AVCOL_PRI_UNSPECIFIED
    var transfer = AVCOL_TRC_UNSPECIFIED
    var matrix = AVCOL_SPC_UNSPECIFIED

    init(stream: UnsafeMutablePointer<AVStream>) {
        let parameters = stream.pointee.codecpar.pointee
        primaries = parameters.color_primaries
        transfer = parameters.color_trc
        matrix = parameters.color_space
        let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: parameters.format))
        if let descriptor, descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0 {
            (primaries, transfer, matrix) = (AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709)
        }
    }
}

/// Hands every packet the encoder has ready to `body`.
func drainPackets(
    of encoder: UnsafeMutablePointer<AVCodecContext>, into packet: Packet, _ body: (Packet) throws -> Void
) throws {
    while true {
        let code = avcodec_receive_packet(encoder, packet.raw)
        if code == LibAVError.again || code == LibAVError.endOfFile { return }
        try LibAVError.check(code, "receive packet")
        try body(packet)
        packet.clear()
    }
}
