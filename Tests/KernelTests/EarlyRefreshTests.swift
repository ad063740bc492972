import Kernel
import Testing

@Suite struct EarlyRefreshTests {
    private let end = Timestamp(milliseconds: 1_000_000)

    @Test func `it is always due at the end and behind it, and never before without a cost`() {
        for chance in [0.001, 0.5, 0.999, 1] {
            for late in [Duration.zero, .milliseconds(1), .seconds(100)] {
                #expect(EarlyRefresh.isDue(at: end + late, end: end, making: .seconds(1), chance: chance))
            }
            let before = end - .milliseconds(1)
            #expect(!EarlyRefresh.isDue(at: before, end: end, making: .zero, chance: chance))
        }
    }

    @Test func `of many who ask near the end about as many go first as the formula says`() {
        var random = SplitMix(state: 20_261_121)
        for (ahead, expected) in [(100, 0.3679), (200, 0.1353), (50, 0.6065), (500, 0.0067)] {
            let draws = 20_000
            let first = (0..<draws).count { _ in
                EarlyRefresh.isDue(
                    at: end - .milliseconds(ahead), end: end, making: .milliseconds(100),
                    chance: Double.random(in: 0..<1, using: &random))
            }
            let share = Double(first) / Double(draws)
            #expect(abs(share - expected) < 0.015, "\(ahead) ms before the end: \(share)")
        }
    }

    /// A page of 1 s that takes 100 ms to make, asked for 100 times a second: who makes it, over 100 s.
    @Test func `nobody finds it gone, and it is made hardly more often than without`() {
        var random = SplitMix(state: 7)
        var (pageEnd, makings, misses) = (Timestamp(milliseconds: 1_000), 0, 0)
        for request in 0..<10_000 {
            let now = Timestamp(milliseconds: Int64(request) * 10)
            let chance = Double.random(in: 0..<1, using: &random)
            guard EarlyRefresh.isDue(at: now, end: pageEnd, making: .milliseconds(100), chance: chance) else {
                continue
            }
            makings += 1
            if now >= pageEnd { misses += 1 }
            pageEnd = now + .seconds(1)
        }
        #expect(misses <= 2 && (100...200).contains(makings), "\(misses) of \(makings)")
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
