import Cluster
import Foundation

/// What a connection costs that listens to a room in which nobody speaks: how much the memory of a fresh process grows
/// from 1,000 of them to 15,000.
struct IdleSockets: Scenario {
    let name = "idle-sockets"
    let seed: SeedChat
    let scratch: Scratch
    /// How long connections are left alone before the memory is read.
    let calm: Duration

    private static let arm = "CloudStream seed, idle sockets"
    private static let few = 1_000, many = 15_000

    var arms: [Arm] { [Arm(name: Self.arm, run: measure)] }

    let rows: [Row] = [
        Row(
            id: "idle-sockets.memory", title: "memory of an idle subscribed socket, VmRSS from 1000 to 15000",
            value: .absolute(.init(arm: arm, measure: .perSocket), .bytes)),
        Row(
            id: "idle-sockets.resident", title: "memory with 15000 idle sockets, VmRSS",
            value: .absolute(.init(arm: arm, measure: .resident), .megabytes)),
    ]

    private func measure() async throws -> Reading {
        try OpenFiles.allow(Self.many + 500)
        return try await scratch.withFolder { folder in
            let port = try PortChoice.takeOne()
            let server = try await seed.start(in: folder, port: port)
            do {
                let reading = try await measure(server.identifier, SeedChat.place(port: port))
                _ = await server.stop()
                return reading
            } catch {
                _ = await server.stop()
                throw error
            }
        }
    }

    private func measure(_ process: Int32, _ place: ChatPlace) async throws -> Reading {
        try await onThread {
            let crowd = try Crowd()
            func resident(_ sockets: Int) throws -> Double {
                try crowd.addListeners(sockets - crowd.listeners, to: place)
                try crowd.linger(calm)
                return try ProcessMemory(of: process).resident
            }
            let before = try resident(Self.few)
            let after = try resident(Self.many)
            return [.perSocket: (after - before) / Double(Self.many - Self.few), .resident: after]
        }
    }
}

/// How many files, and so sockets, this process may have open.
enum OpenFiles {
    /// Raises the bound as far as the system lets anybody.
    static func allow(_ count: Int) throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        guard limit.rlim_max >= rlim_t(count) else {
            throw RunFailure("at most \(limit.rlim_max) open files are allowed here, \(count) are needed")
        }
        limit.rlim_cur = max(limit.rlim_cur, rlim_t(count))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
