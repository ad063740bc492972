import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Profiles

@Suite struct HealthProbeTests {
    @Test func `a look that heeds no cancellation holds the report up no longer than any other`() async throws
    {
        let (gate, continuation) = AsyncStream.makeStream(of: Void.self)
        let stuck = HealthProbe(name: "stuck", isVital: false) {
            // As a call into a library that returns when it likes.
            await Task.detached { for await _ in gate { return } }.value
            return nil
        }
        let well = HealthProbe(name: "well", isVital: true) { "fine" }
        let reports = Mutex<[HealthProbe.Report]>([])
        let looking = Task {
            let all = await HealthProbe.run([stuck, well])
            reports.withLock { $0 = all }
        }
        let isTold = try await eventually { reports.withLock { $0.count == 2 } }
        continuation.yield()
        await looking.value
        #expect(isTold)
        let told = reports.withLock { $0 }
        #expect(told.map(\.isUp) == [false, true])
        #expect(told.first?.detail?.contains("no answer") == true)
    }
}
