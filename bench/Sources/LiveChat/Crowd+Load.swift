import Foundation

extension Crowd {
    /// Deliveries a second while so many messages are under way: posted, and not yet with all listeners.
    func closedLoop(underWay limit: Int, warmUp: Duration, duration: Duration) throws -> Double {
        let begin = ContinuousClock.now + warmUp
        try keep(limit, until: begin)
        let (before, start) = (ledger.deliveries, ContinuousClock.now)
        try keep(limit, until: start + duration)
        let rate = Double(ledger.deliveries - before) / ((ContinuousClock.now - start) / .seconds(1))
        try settle()
        return rate
    }

    private func keep(_ limit: Int, until end: ContinuousClock.Instant) throws {
        while ContinuousClock.now < end {
            while underWay < limit { try post() }
            try turn(within: 10_000_000)
        }
    }

    /// One message after the other, each when all have the last.
    func oneByOne(_ messages: Int) throws {
        for _ in 0..<messages {
            try post()
            let end = ContinuousClock.now + .seconds(60)
            while underWay > 0 {
                guard ContinuousClock.now < end else { throw RunFailure("a message never came") }
                try turn(within: 10_000_000)
            }
        }
    }

    /// Seconds from when a message was due to be sent until a listener had it, of all messages and listeners. Messages
    /// are posted at fixed times, whether or not the last have come. Two of different senders may overtake each other:
    /// then each counts from when the other was due, which changes their sum by nothing.
    func openLoop(perSecond rate: Double, warmUp: Duration, duration: Duration) throws -> [Double] {
        let gap = UInt64(1e9 / rate)
        let (skipped, count) = (Int(rate * (warmUp / .seconds(1))), Int(rate * (duration / .seconds(1))))
        let start = DispatchTime.now().uptimeNanoseconds + 10_000_000
        var latencies: [Double] = []
        latencies.reserveCapacity(count * listeners)
        let offset = postedCount
        func take(_ place: Int, _ now: UInt64) {
            guard place - offset >= skipped else { return }
            latencies.append(Double(Int64(now) - Int64(start + UInt64(place - offset) * gap)) / 1e9)
        }
        for message in 0..<(skipped + count) {
            let due = start + UInt64(message) * gap
            while true {
                let now = DispatchTime.now().uptimeNanoseconds
                if now >= due { break }
                try turn(within: Int64(due - now), take)
            }
            try post()
        }
        let end = ContinuousClock.now + .seconds(60)
        while underWay > 0, ContinuousClock.now < end { try turn(within: 10_000_000, take) }
        try settle()
        return latencies
    }
}
