import Foundation

/// Questions that are due at fixed times, whether the last ones are answered or not. How long one takes counts from when
/// it was due: a server that stands still for a moment is late with all that fell into it.
struct OpenLoop: Sendable {
    /// Each with a thread and a connection of its own, asking in turns.
    var clients: Int
    /// Questions a second, of all clients together.
    var rate: Double
    var duration: Duration

    /// When this client's questions are due, from the start on.
    func dues(of client: Int) -> [Duration] {
        let total = Int(rate * (duration / .seconds(1)))
        return stride(from: client, to: total, by: clients).map {
            .nanoseconds(Int64(Double($0) * 1e9 / rate))
        }
    }

    /// Seconds that each question took. `ask` is told which client asks, and blocks; the first failure ends all.
    func latencies(
        port: Int, _ ask: @escaping @Sendable (KeepAliveClient, Int) throws -> Void
    ) async throws -> [Double] {
        // All are connected by then.
        let start = ContinuousClock.now + .milliseconds(50)
        return try await withThrowingTaskGroup(of: [Double].self) { group in
            for client in 0..<clients {
                let dues = dues(of: client).map { start + $0 }
                group.addTask {
                    try await onThread {
                        let connection = try KeepAliveClient(port: port)
                        return try dues.map { due in
                            let wait = (due - ContinuousClock.now) / .seconds(1)
                            if wait > 0 { Thread.sleep(forTimeInterval: wait) }
                            try ask(connection, client)
                            return (ContinuousClock.now - due) / .seconds(1)
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
