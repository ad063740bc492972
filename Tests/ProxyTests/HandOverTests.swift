import Foundation
import Kernel
import ServiceLifecycle
import Synchronization
import Testing

@testable import Proxy

/// Gateways that come and go at one address.
@Suite(.serialized) struct HandOverTests {
    @Test(.timeLimit(.minutes(5)))
    func `gateways replace each other at one address under load, and no request fails`() async throws {
        let backend = try await TestBackend.start("a")
        let address = try SharedAddress()
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { load in
            for number in 0..<4 {
                load.addTask { () async throws -> Void in
                    let client = LoyalClient(port: address.port, keepsConnections: number % 2 == 0)
                    while !progress.isOver.load(ordering: .relaxed) {
                        #expect(try await client.get().status == 200)
                        progress.answered.add(1, ordering: .relaxed)
                    }
                    await client.close()
                    progress.clients.subtract(1, ordering: .relaxed)
                }
            }
            @Sendable func serveMore() async throws {
                let before = progress.answered.load(ordering: .relaxed)
                #expect(try await eventually { progress.answered.load(ordering: .relaxed) >= before + 40 })
            }
            for _ in 0..<4 {
                let (first, second) = (try address.listener(), try address.listener())
                let patient = { @Sendable (settings: inout GatewaySettings) in
                    settings.listener = first
                    settings.times.idleGrace = .seconds(20)
                    settings.times.drain = .seconds(60)
                }
                try await GatewayStage.run([backend], patient) { predecessor async throws in
                    try await serveMore()
                    try await GatewayStage.run([backend], { $0.listener = second }) { _ async throws in
                        await predecessor.group.triggerGracefulShutdown()
                        try await serveMore()
                    }
                }
                // For a moment nobody is there, and connections wait.
            }
            let last = try address.listener()
            try await GatewayStage.run([backend], { $0.listener = last }) { _ async throws in
                progress.isOver.store(true, ordering: .relaxed)
                #expect(try await eventually { progress.clients.load(ordering: .relaxed) == 0 })
            }
            try await load.waitForAll()
        }
        #expect(progress.answered.load(ordering: .relaxed) > 300)
    }

    @Test func `who asks again on a connection during the drain is answered, and told to leave`() async throws
    {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run(
            [a],
            {
                $0.times.idleGrace = .seconds(20)
                $0.times.drain = .seconds(60)
            }
        ) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
            let first = try await client.read(until: "\r\n\r\na")
            #expect(!first.lowercased().contains("connection: close"))
            await stage.group.triggerGracefulShutdown()
            #expect(try await eventually { stage.proxy.isDraining })
            try await client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
            let last = try await client.readToEnd()
            #expect(last.status == 200 && last.lowercased().contains("connection: close"))
        }
    }

    @Test func `what is no listening socket is refused`() throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        for descriptor in [file, -1, 9999] {
            let failure = try #require(throws: Failure.self) { try InheritedListener(descriptor) }
            #expect(failure.code == "invalid_listener")
        }
    }

    @Test func `a descriptor announced by systemd is for the process it names alone`() {
        func announced(_ environment: [String: String]) -> Int32? {
            InheritedListener.announced(in: environment, to: 42)
        }
        #expect(announced(["LISTEN_PID": "42", "LISTEN_FDS": "1"]) == 3)
        #expect(announced(["LISTEN_PID": "41", "LISTEN_FDS": "1"]) == nil)
        #expect(announced(["LISTEN_PID": "42", "LISTEN_FDS": "0"]) == nil)
        #expect(announced(["LISTEN_FDS": "1"]) == nil)
    }
}

private final class Progress: Sendable {
    let answered = Atomic(0)
    let isOver = Atomic(false)
    let clients = Atomic(4)
}

/// A listening socket of the test's own, as a supervisor would hold one.
final class SharedAddress: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1024) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// For one gateway, as its process would inherit it.
    func listener() throws -> InheritedListener { try InheritedListener(dup(descriptor)) }
}

/// A client that asks one thing after the other; with one connection for as long as it is not told to leave it.
private actor LoyalClient {
    private let port: Int
    private let keepsConnections: Bool
    private var connection: RawConnection?

    init(port: Int, keepsConnections: Bool) {
        self.port = port
        self.keepsConnections = keepsConnections
    }

    func get() async throws -> String {
        let connection: RawConnection
        if let held = self.connection {
            connection = held
        } else {
            connection = try await RawConnection(port: port)
        }
        let wish = keepsConnections ? "" : "Connection: close\r\n"
        try await connection.send("GET / HTTP/1.1\r\nHost: s\r\n\(wish)\r\n")
        let answer = try await connection.read(until: "\r\n\r\na", within: .seconds(20))
        if answer.lowercased().contains("connection: close") {
            await connection.close()
            self.connection = nil
        } else {
            self.connection = connection
        }
        return answer
    }

    func close() async { await connection?.close() }
}
