import Foundation
import Kernel
import Synchronization
import Testing

@testable import Postgres

/// What a pool's member does between its calls, and while it connects.
@Suite struct PostgresSessionTests {
    private func session(
        _ port: Int = 1, cancelPatience: DispatchTimeInterval = .seconds(120),
        _ change: (inout PostgresSettings) -> Void = { _ in }
    ) -> (session: PostgresSession, failures: Counter) {
        let failures = Counter()
        var settings = PostgresSettings(url: "postgres://nobody@127.0.0.1:\(port)/none")
        change(&settings)
        let parameters = ["host": "127.0.0.1", "port": "\(port)", "user": "nobody", "dbname": "none"]
        let observer = PostgresSession.Observer(
            connected: {}, disconnected: {}, failed: { failures.add() })
        let session = PostgresSession(parameters, settings, observer, cancelPatience: cancelPatience)
        return (session, failures)
    }

    @Test func `what is announced to be cancelled holds up the next call until it is sent`() async {
        let (session, _) = session()
        let notice = session.announceCancel()
        let order = Mutex<[String]>([])
        async let settled: Void = onThread {
            session.settle()
            order.withLock { $0.append("settled") }
        }
        try? await Task.sleep(for: .milliseconds(100))
        order.withLock { $0.append("sent") }
        notice.send()
        await settled
        #expect(order.withLock { $0 } == ["sent", "settled"])
    }

    @Test func `a request to cancel that is stuck holds up one call, and not those behind it`() async {
        let (session, _) = session(cancelPatience: .milliseconds(500))
        let notice = session.announceCancel()
        let took = await onThread { ContinuousClock().measure { for _ in 0..<120 { session.settle() } } }
        #expect(took >= .milliseconds(500) && took < .seconds(50), "not as long each")
        // It comes through at last, and concerns nobody; the next does.
        notice.send()
        _ = session.announceCancel()
        #expect(await onThread { ContinuousClock().measure { session.settle() } } >= .milliseconds(500))
    }

    @Test func `a connection that takes longer than one caller has is gone on with by the next`() async throws
    {
        // Accepts, and says nothing.
        let silent = try SilentServer()
        let (session, failures) = session(silent.port) { $0.connectDeadline = .seconds(60) }
        for _ in 0..<3 {
            #expect(throws: PostgresError.self) { try session.opened(until: .now + .milliseconds(50)) }
        }
        #expect(silent.connections == 1)
        #expect(failures.count == 0, "it may still come to be")
        session.drop()
        #expect(throws: PostgresError.self) { try session.opened(until: .now + .milliseconds(50)) }
        #expect(silent.connections == 2)
    }

    @Test func `a connection is given up at its own deadline`() throws {
        let silent = try SilentServer()
        let (session, failures) = session(silent.port) { $0.connectDeadline = .milliseconds(50) }
        #expect(throws: PostgresError.self) { try session.opened(until: .now + .seconds(60)) }
        #expect(failures.count == 1)
    }
}

/// Runs what waits, on a thread of its own.
private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { done in Thread.detachNewThread { done.resume(returning: body()) } }
}

private final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
}

/// Listens, and lets the system accept.
private final class SilentServer {
    let port: Int
    private let descriptor: Int32
    private var accepted: [Int32] = []

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = listen(descriptor, 8)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        self.descriptor = descriptor
        port = Int(in_port_t(bigEndian: address.sin_port))
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { for socket in accepted + [descriptor] { close(socket) } }

    /// So many have come so far.
    var connections: Int {
        while case let new = accept(descriptor, nil, nil), new >= 0 { accepted.append(new) }
        return accepted.count
    }
}
