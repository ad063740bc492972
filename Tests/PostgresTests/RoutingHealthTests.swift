import Kernel
import Testing

@testable import Postgres

@Suite struct RoutingHealthTests {
    private let settings = RoutingSettings(
        ejectAfter: 3, ejection: Backoff(first: .seconds(1), maximum: .seconds(4)), returnAfter: 2,
        steadyAfter: .seconds(10))
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// A server that was left alone at second 0 until second 1.
    private func ejected() -> RoutingHealth {
        var health = RoutingHealth()
        for _ in 0..<3 { _ = health.failed(at: start, settings) }
        return health
    }

    @Test func `failures in a row are needed, an answer between them forgives`() {
        var health = RoutingHealth()
        #expect(health.failed(at: start, settings) == false)
        #expect(health.failed(at: start, settings) == false)
        health.answered()
        #expect(health.failed(at: start, settings) == false)
        #expect(health.failed(at: start, settings) == false)
        #expect(health.failed(at: start, settings) == true)
        #expect(health.phase == .ejected(until: at(1)))
    }

    @Test func `a server left alone is not probed, and answers of before change nothing`() {
        var health = ejected()
        #expect(!health.mayProbe(at: at(0.9)))
        health.answered()
        #expect(!health.isWell)
        #expect(health.probed(at: at(0.9), settings) == false)
        #expect(health.failed(at: at(0.9), settings) == false)
        #expect(health.phase == .ejected(until: at(1)))
        #expect(health.mayProbe(at: at(1)))
    }

    @Test func `it returns after probes in a row, not after one`() {
        var health = ejected()
        #expect(health.probed(at: at(1), settings) == false)
        #expect(!health.isWell)
        #expect(health.probed(at: at(1.1), settings) == true)
        #expect(health.isWell)
    }

    @Test func `one that fails on its way back is left alone for longer, up to a bound`() {
        var health = ejected()
        var now = 1.0
        for expected in [2.0, 4, 4, 4] {
            _ = health.probed(at: at(now), settings)
            #expect(health.failed(at: at(now), settings) == false)
            #expect(health.phase == .ejected(until: at(now + expected)))
            now += expected
        }
    }

    @Test func `one that flaps is left alone for longer, one that was steady begins anew`() {
        var health = ejected()
        _ = health.probed(at: at(1), settings)
        _ = health.probed(at: at(1), settings)
        for _ in 0..<3 { _ = health.failed(at: at(2), settings) }
        #expect(health.phase == .ejected(until: at(4)))
        _ = health.probed(at: at(4), settings)
        _ = health.probed(at: at(4), settings)
        for _ in 0..<3 { _ = health.failed(at: at(20), settings) }
        #expect(health.phase == .ejected(until: at(21)))
    }
}
