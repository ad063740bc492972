import CLibAV
import CMediaShim

/// Owns one AVFrame: a decoded picture or a run of samples.
///
/// Unchecked because a frame is written by one thread before it is shared and only read afterwards; the
/// buffers behind it are counted atomically by libav.
final class Frame: @unchecked Sendable {
    let raw: UnsafeMutablePointer<AVFrame>

    init() throws {
        raw = try LibAVError.allocated(av_frame_alloc())
    }

    /// A picture with buffers of its own.
    convenience init(width: Int, height: Int, format: AVPixelFormat) throws {
        try self.init()
        raw.pointee.width = Int32(width)
        raw.pointee.height = Int32(height)
        raw.pointee.format = format.rawValue
        try LibAVError.check(av_frame_get_buffer(raw, 0), "picture buffer")
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = raw
        av_frame_free(&pointer)
    }

    var width: Int { Int(raw.pointee.width) }
    var height: Int { Int(raw.pointee.height) }
    var pixelFormat: AVPixelFormat { AVPixelFormat(rawValue: raw.pointee.format) }
    var sampleFormat: AVSampleFormat { AVSampleFormat(rawValue: raw.pointee.format) }
    var sampleCount: Int { Int(raw.pointee.nb_samples) }

    /// In the stream's time base; nil when the file does not say.
    var timestamp: Int64? {
        let stamp = raw.pointee.best_effort_timestamp
        return stamp == media_no_timestamp() ? nil : stamp
    }

    func clear() { av_frame_unref(raw) }

    /// Makes this frame show the same buffers as `other`, without copying them.
    func share(_ other: Frame) throws {
        clear()
        try LibAVError.check(av_frame_ref(raw, other.raw), "share frame")
    }

    /// The picture's planes. By address and not by `&`: several threads read the same frame.
    var planes: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?> {
        field(\.data).assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
    }

    /// Bytes from one row to the next, for each plane.
    var strides: UnsafeMutablePointer<Int32> {
        field(\.linesize).assumingMemoryBound(to: Int32.self)
    }

    private func field<Value>(_ path: KeyPath<AVFrame, Value>) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(raw) + (MemoryLayout<AVFrame>.offset(of: path) ?? 0)
    }
}
