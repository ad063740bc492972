import CLibAV
import Videos

/// Owns one AAC-LC stereo encoder. Time stamps are samples.
final class AudioEncoder {
    /// Samples in each AAC frame.
    static let frameSamples = 1_024
    let raw: UnsafeMutablePointer<AVCodecContext>
    private let packet: Packet

    init(_ plan: TranscodePlan.Audio) throws {
        guard let codec = avcodec_find_encoder(AV_CODEC_ID_AAC) else {
            throw LibAVError(code: -1, operation: "find AAC encoder")
        }
        raw = try LibAVError.allocated(avcodec_alloc_context3(codec))
        packet = try Packet()
        raw.pointee.sample_rate = Int32(plan.sampleRate)
        raw.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        av_channel_layout_default(&raw.pointee.ch_layout, 2)
        raw.pointee.bit_rate = Int64(plan.kilobitsPerSecond) * 1_000
        raw.pointee.time_base = AVRational(num: 1, den: Int32(plan.sampleRate))
        raw.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        try LibAVError.check(avcodec_open2(raw, codec, nil), "open AAC encoder")
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = raw
        avcodec_free_context(&context)
    }

    /// Encodes 1,024 samples that start at `position`; nil drains.
    func encode(_ samples: Frame?, position: Int, _ body: (Packet) throws -> Void) throws {
        samples?.raw.pointee.pts = Int64(position)
        try LibAVError.check(avcodec_send_frame(raw, samples?.raw), "encode samples")
        try drainPackets(of: raw, into: packet, body)
    }
}
