import Cluster
import Foundation

/// Whether a delivery costs more the more listeners a room has: instructions of the product's process, counted by
/// valgrind, while 1, 64, 256 and 1,024 of them get the same messages, one after the other.
///
/// What a message costs before it is delivered, to be read, stored and encoded, is the same for any room and would hide
/// behind many listeners. So the process with one listener is subtracted, and what is left is divided by the deliveries to
/// the others. What the kernel does is not counted.
struct FanOutCost: Scenario {
    let name = "fan-out"
    let seed: SeedChat
    let scratch: Scratch
    let messages: Int

    private static let arm = "CloudStream seed, chat under valgrind"
    private static let sizes = [64, 256, 1_024]

    var arms: [Arm] { [Arm(name: Self.arm, run: measure)] }

    let rows: [Row] = [
        Row(
            id: "fan-out.exponent",
            title: "instructions of a delivery to 64, 256, 1024 sockets grow by the number's power of",
            value: .absolute(.init(arm: arm, measure: .exponent), .plain)),
        Row(
            id: "fan-out.instructions", title: "instructions of a delivery to 1024 sockets, kernel left out",
            value: .absolute(.init(arm: arm, measure: .instructions), .plain)),
    ]

    private func measure() async throws -> Reading {
        try await scratch.withFolder { folder in
            let port = try PortChoice.takeOne()
            let counter = InstructionCounter(folder: folder)
            let bare = SeedChat(app: try await counter.bare(seed.app), repository: seed.repository)
            // Without the roles that look round for work all the time.
            let server = try await bare.start(
                in: folder, port: port, under: try await counter.wrapper(), roles: "api,chat")
            do {
                let place = try await SeedChat.place(port: port)
                let one = try await instructions(1, place, counter, server.identifier)
                var costs: [(x: Double, y: Double)] = []
                for size in Self.sizes {
                    let all = try await instructions(size, place, counter, server.identifier)
                    costs.append((Double(size), (all - one) / Double(messages * (size - 1))))
                }
                _ = await server.stop()
                guard let exponent = Stats.exponent(costs), let last = costs.last else {
                    throw RunFailure("more listeners cost less: \(costs)")
                }
                return [.exponent: exponent, .instructions: last.y]
            } catch {
                _ = await server.stop()
                throw error
            }
        }
    }

    /// Of so many listeners for all messages.
    private func instructions(
        _ listeners: Int, _ place: ChatPlace, _ counter: InstructionCounter, _ process: Int32
    ) async throws -> Double {
        let crowd = try await onThread {
            let crowd = try Crowd()
            try crowd.addListeners(listeners, to: place)
            try crowd.addSenders(1, to: place)
            try crowd.linger(.seconds(3))
            try crowd.oneByOne(2)
            return crowd
        }
        try await counter.begin(process)
        try await onThread { [messages] in try crowd.oneByOne(messages) }
        let count = try await counter.end(process)
        try await onThread { try crowd.settle() }
        return count
    }
}
