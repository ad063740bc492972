import CLibAV
import CMediaShim
import Videos

/// Looks at the times of pictures, without decoding them: how regular they are, and where they end.
struct RateSurvey {
    /// Presentation times in order, in seconds.
    private var times: [Double] = []
    /// End of the last picture after the start of the first, in seconds; known when all were read.
    private(set) var length: Double?

    /// Pictures and bytes that are read at most where the container has no index of all pictures.
    private static let mostPictures = 3_000
    private static let mostBytes = 128 << 20

    /// Reads to the end where `toTheEnd`, for files that do not say how long they are. Else some two minutes.
    init(_ stream: UnsafeMutablePointer<AVStream>, demuxer: Demuxer, toTheEnd: Bool) throws {
        let base = av_q2d(stream.pointee.time_base)
        let indexed = Int(avformat_index_get_entries_count(stream))
        // Only this family keeps every picture in its index.
        if !toTheEnd, indexed > 1, String(cString: demuxer.raw.pointee.iformat.pointee.name).hasPrefix("mov,")
        {
            for place in 0..<min(indexed, 100 * Self.mostPictures) {
                guard let entry = avformat_index_get_entry(stream, Int32(place)) else { continue }
                times.append(Double(entry.pointee.timestamp) * base)
            }
        } else {
            try read(stream, demuxer: demuxer, toTheEnd: toTheEnd, base: base)
        }
        times.sort()
    }

    private mutating func read(
        _ stream: UnsafeMutablePointer<AVStream>, demuxer: Demuxer, toTheEnd: Bool, base: Double
    ) throws {
        let packet = try Packet()
        demuxer.select([Int(stream.pointee.index)])
        var bytes = 0
        var first = Double.infinity
        var last = -Double.infinity
        while demuxer.read(into: packet) {
            guard packet.raw.pointee.stream_index == stream.pointee.index else { continue }
            guard packet.raw.pointee.pts != media_no_timestamp() else { continue }
            let time = Double(packet.raw.pointee.pts) * base
            first = min(first, time)
            last = max(last, time + Double(max(0, packet.raw.pointee.duration)) * base)
            if times.count < Self.mostPictures { times.append(time) }
            bytes += packet.bytes.count
            if !toTheEnd, times.count >= Self.mostPictures || bytes >= Self.mostBytes { return }
        }
        length = last > first ? last - first : nil
    }

    /// Whether more than one gap in fifty differs from the usual one by more than a third. The first and last
    /// few do not count: recorders begin and end unevenly.
    var isVariable: Bool {
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.dropFirst().dropLast()
        guard gaps.count > 8 else { return false }
        let usual = gaps.sorted()[gaps.count / 2]
        // Containers round to milliseconds.
        let odd = gaps.count { abs($0 - usual) > usual / 3 + 0.001 }
        return odd * 50 > gaps.count
    }

    /// Pictures a second over the whole survey, nil when there are too few to tell.
    var average: Fraction? {
        guard let first = times.first, let last = times.last, last > first, times.count > 2 else {
            return nil
        }
        let average = Double(times.count - 1) / (last - first)
        return Fraction(max(1, Int((min(average, 1_000) * 1_000).rounded())), 1_000)
    }
}
