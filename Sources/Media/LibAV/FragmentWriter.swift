import CMediaShim
import Foundation

/// Gathers the samples of one track and writes them as fMP4 segments: `styp`, `moof`, `mdat` (ISO/IEC
/// 14496-12).
///
/// Written by hand because the decode time of a resumed segment must be exact, whatever came before it.
struct FragmentWriter {
    struct Sample {
        var bytes: Int
        var isSync: Bool
        /// Presentation minus decode time, in the track's clock; may be negative.
        var offset: Int
    }

    /// Duration of every sample, in the track's clock.
    let sampleDuration: Int
    private var samples: [Sample] = []
    private var payload: [UInt8] = []

    init(sampleDuration: Int) { self.sampleDuration = sampleDuration }

    var count: Int { samples.count }

    mutating func append(_ bytes: UnsafeRawBufferPointer, isSync: Bool, offset: Int) {
        payload.append(contentsOf: bytes)
        samples.append(Sample(bytes: bytes.count, isSync: isSync, offset: offset))
    }

    /// Appends an H.264 picture that comes with start codes.
    mutating func appendPicture(_ bytes: UnsafeRawBufferPointer, isSync: Bool, offset: Int) {
        let room = bytes.count + bytes.count / 4 + 16
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) { buffer in
            let written = media_length_prefixed(
                bytes.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(bytes.count),
                buffer.assumingMemoryBound(to: UInt8.self).baseAddress)
            append(UnsafeRawBufferPointer(rebasing: buffer[..<Int(written)]), isSync: isSync, offset: offset)
        }
    }

    /// Forgets all but the first `count` samples.
    mutating func keepFirst(_ count: Int) {
        guard count < samples.count else { return }
        samples.removeLast(samples.count - max(0, count))
        payload.removeLast(payload.count - samples.reduce(0) { $0 + $1.bytes })
    }

    /// Writes and forgets the gathered samples; gives the file's size in bytes. Throws `OutputError`.
    mutating func write(to path: String, sequence: Int, decodeTime: Int) throws -> Int {
        let head = header(sequence: sequence, decodeTime: decodeTime)
        let bytes = head.count + payload.count
        try OutputFile.write([head, payload], to: path)
        samples.removeAll(keepingCapacity: true)
        payload.removeAll(keepingCapacity: true)
        return bytes
    }

    private func header(sequence: Int, decodeTime: Int) -> [UInt8] {
        var boxes = BoxWriter()
        boxes.box("styp") {
            $0.text("msdh")
            $0.number(0)
            $0.text("msdhmsix")
        }
        let start = boxes.bytes.count
        var offsetAt = 0
        boxes.box("moof") { moof in
            moof.box("mfhd") {
                $0.number(0)
                $0.number(sequence + 1)
            }
            moof.box("traf") { offsetAt = track(into: &$0, decodeTime: decodeTime) }
        }
        boxes.patch(offsetAt, with: boxes.bytes.count - start + 8)
        boxes.number(payload.count + 8)
        boxes.text("mdat")
        return boxes.bytes
    }

    private func track(into traf: inout BoxWriter, decodeTime: Int) -> Int {
        // Base is the moof; duration and flags have defaults.
        traf.box("tfhd") {
            $0.number(0x02_0028)
            $0.number(1)
            $0.number(sampleDuration)
            $0.number(0x0101_0000)
        }
        traf.box("tfdt") {
            $0.number(0x0100_0000)
            $0.long(decodeTime)
        }
        var offsetAt = 0
        traf.box("trun") { offsetAt = samples(into: &$0) }
        return offsetAt
    }

    /// Gives the place where the offset of the payload must be filled in.
    private func samples(into trun: inout BoxWriter) -> Int {
        trun.number(0x0100_0E01)  // Version 1: signed offsets; size, flags and offset of each sample follow.
        trun.number(samples.count)
        let offsetAt = trun.bytes.count
        trun.number(0)
        for sample in samples {
            trun.number(sample.bytes)
            trun.number(sample.isSync ? 0x0200_0000 : 0x0101_0000)
            trun.number(sample.offset)
        }
        return offsetAt
    }
}

/// Bytes of nested boxes, big-endian.
struct BoxWriter {
    private(set) var bytes: [UInt8] = []

    mutating func box(_ type: String, _ body: (inout BoxWriter) -> Void) {
        let start = bytes.count
        number(0)
        text(type)
        body(&self)
        patch(start, with: bytes.count - start)
    }

    mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func number(_ value: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func long(_ value: Int) {
        withUnsafeBytes(of: UInt64(truncatingIfNeeded: value).bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func patch(_ place: Int, with value: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) {
            bytes.replaceSubrange(place..<place + 4, with: $0)
        }
    }
}
