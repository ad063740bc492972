import CLibAV

/// Owns the conversion of decoded samples to planar float stereo at one rate; surround is mixed down.
///
/// Rebuilt when the source changes its format in the middle.
final class Resampler {
    private let rate: Int
    private var context: OpaquePointer?
    private var input: (format: Int32, rate: Int32, channels: Int32) = (-1, 0, 0)

    init(rate: Int) { self.rate = rate }

    deinit { swr_free(&context) }

    /// The converted samples; nil drains what the rate conversion still holds.
    func convert(_ frame: Frame?) throws -> Frame {
        let output = try Frame.stereo(rate: rate)
        if let frame { try prepare(for: frame) }
        guard context != nil else { return output }
        try LibAVError.check(swr_convert_frame(context, output.raw, frame?.raw), "resample")
        return output
    }

    private func prepare(for frame: Frame) throws {
        let raw = frame.raw
        let format = (raw.pointee.format, raw.pointee.sample_rate, raw.pointee.ch_layout.nb_channels)
        // Swapped for its default where the layout is unknown, as in raw PCM.
        if raw.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            av_channel_layout_default(&raw.pointee.ch_layout, format.2)
        }
        guard context == nil || format != input else { return }
        swr_free(&context)
        input = format
        var stereo = AVChannelLayout()
        av_channel_layout_default(&stereo, 2)
        let made = swr_alloc_set_opts2(
            &context, &stereo, AV_SAMPLE_FMT_FLTP, Int32(rate), &raw.pointee.ch_layout, frame.sampleFormat,
            format.1, 0, nil)
        try LibAVError.check(made, "resampler")
        try LibAVError.check(swr_init(context), "resampler")
    }
}

extension Frame {
    /// An empty run of planar float stereo.
    static func stereo(rate: Int) throws -> Frame {
        let frame = try Frame()
        frame.raw.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        frame.raw.pointee.sample_rate = Int32(rate)
        av_channel_layout_default(&frame.raw.pointee.ch_layout, 2)
        return frame
    }

    /// As `stereo`, with `count` silent samples.
    static func silence(_ count: Int, rate: Int) throws -> Frame {
        let frame = try stereo(rate: rate)
        frame.raw.pointee.nb_samples = Int32(count)
        try LibAVError.check(av_frame_get_buffer(frame.raw, 0), "sample buffer")
        av_samples_set_silence(frame.raw.pointee.extended_data, 0, Int32(count), 2, AV_SAMPLE_FMT_FLTP)
        return frame
    }
}
