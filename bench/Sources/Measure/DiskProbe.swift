import Foundation

/// How often the disk can promise something, which bounds every durable write.
struct DiskProbe {
    let path: String

    /// Appends of 4 KiB, each with an fsync.
    func syncsPerSecond(for duration: Duration) throws -> Double {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw RunFailure("cannot open \(path)") }
        defer { close(file) }
        let block = [UInt8](repeating: 0x62, count: 4_096)
        let (watch, end) = (Stopwatch(), ContinuousClock.now + duration)
        var count = 0
        while ContinuousClock.now < end {
            guard write(file, block, block.count) == block.count, fsync(file) == 0 else {
                throw RunFailure("cannot write \(path)")
            }
            count += 1
        }
        return Double(count) / watch.wall
    }
}
