import CLibAV

/// Owns one AVPacket: a compressed frame.
final class Packet {
    let raw: UnsafeMutablePointer<AVPacket>

    init() throws {
        raw = try LibAVError.allocated(av_packet_alloc())
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = raw
        av_packet_free(&pointer)
    }

    func clear() { av_packet_unref(raw) }

    var isKey: Bool { raw.pointee.flags & AV_PKT_FLAG_KEY != 0 }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: raw.pointee.data, count: Int(raw.pointee.size))
    }
}
