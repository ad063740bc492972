import CLibAV

/// Owns a queue of planar float stereo samples.
final class SampleQueue {
    private let rate: Int
    private let raw: OpaquePointer

    init(rate: Int) throws {
        self.rate = rate
        raw = try LibAVError.allocated(av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, 2, 8_192))
    }

    deinit { av_audio_fifo_free(raw) }

    var count: Int { Int(av_audio_fifo_size(raw)) }

    /// Appends the samples of `frame` from `start` on.
    func append(_ frame: Frame, from start: Int = 0) throws {
        let count = frame.sampleCount - start
        guard count > 0 else { return }
        let bytes = start * MemoryLayout<Float>.size
        var planes: [UnsafeMutableRawPointer?] = (0..<2).map { frame.planes[$0].map { .init($0 + bytes) } }
        try LibAVError.check(av_audio_fifo_write(raw, &planes, Int32(count)), "queue samples")
    }

    func appendSilence(_ count: Int) throws {
        var left = count
        while left > 0 {
            let part = min(left, rate)
            try append(try Frame.silence(part, rate: rate))
            left -= part
        }
    }

    /// Takes the oldest `count` samples.
    func pop(_ count: Int) throws -> Frame {
        let frame = try Frame.silence(count, rate: rate)
        var planes: [UnsafeMutableRawPointer?] = (0..<2).map { frame.planes[$0].map { .init($0) } }
        try LibAVError.check(av_audio_fifo_read(raw, &planes, Int32(count)), "read samples")
        return frame
    }
}
