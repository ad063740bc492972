import NIOCore

/// What a way through a network does to the bytes on it.
package struct Fault: Sendable, Equatable {
    package var latency: Duration = .zero
    /// Latency is longer or shorter by up to this much, chosen for each chunk; order is kept.
    package var jitter: Duration = .zero
    /// Without a limit if nil.
    package var bytesPerSecond: Int?
    /// Nothing gets through, and nobody is told: connections stay, new ones are accepted.
    package var isStalled = false

    package init(
        latency: Duration = .zero, jitter: Duration = .zero, bytesPerSecond: Int? = nil,
        isStalled: Bool = false
    ) {
        self.latency = latency
        self.jitter = jitter
        self.bytesPerSecond = bytesPerSecond
        self.isStalled = isStalled
    }

    package static let none = Fault()
    package static let blackhole = Fault(isStalled: true)

    package enum Direction: Sendable, CaseIterable { case toServer, toClient }
}

/// When the chunks of one direction of a connection arrive: in order, late, and no faster than the line.
struct FaultSchedule: Equatable {
    /// When the line is free again.
    private var free: NIODeadline = .distantPast

    /// The arrival of a chunk that was sent at `now`. `roll` is -1 to 1, and picks the jitter.
    mutating func arrival(of bytes: Int, at now: NIODeadline, _ fault: Fault, roll: Double) -> NIODeadline {
        let late = max(.zero, fault.latency + fault.jitter * roll)
        var time = max(now + TimeAmount(late), free)
        if let rate = fault.bytesPerSecond, rate > 0 {
            time = time + .nanoseconds(Int64(Double(bytes) / Double(rate) * 1e9))
        }
        free = time
        return time
    }
}
