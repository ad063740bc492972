import Cluster
import Foundation

/// What crowds come to in turn: the product, and a raw writer of frames as long.
actor ChatSides {
    enum Side: String, Sendable, CaseIterable { case product = "CloudStream", raw = "raw writer" }

    /// Where a crowd listens, and where it sends.
    struct Address: Sendable {
        let place: ChatPlace
        let senderPort: Int
    }

    /// Processes of the product, started. They are stopped even if the last of them did not get ready.
    typealias Start = @Sendable (_ adopt: @Sendable (RunningProgram) async -> Void) async throws -> Address

    private let scratch: Scratch
    /// Where frames of the raw writer take a way around; nowhere if nil.
    private let redis: String?
    private let startProduct: Start
    private var running: [RunningProgram] = []
    private var addresses: [Side: Address] = [:]

    init(scratch: Scratch, redis: String? = nil, product: @escaping Start) {
        self.scratch = scratch
        self.redis = redis
        startProduct = product
    }

    func start() async throws {
        let product = try await startProduct { await self.adopt($0) }
        addresses[.product] = product
        // One message tells how long the product's frames are.
        let probe = CrowdRun(
            listeners: 1, place: product.place, senderPort: product.senderPort, load: .closed(underWay: 1),
            duration: .milliseconds(100))
        let bytes = try await probe.run(in: scratch).messageBytes
        let port = try PortChoice.takeOne()
        let writer = Program(
            executable: CrowdRun.executable,
            arguments: ["raw-writer", "--port", "\(port)", "--bytes", "\(bytes)"]
                + (redis.map { ["--redis", $0] } ?? []), folder: scratch.root)
        adopt(try await writer.start())
        let place = ChatPlace(port: port, token: "none", room: RawWriter.room)
        addresses[.raw] = Address(place: place, senderPort: port)
        try await onThread {
            let end = ContinuousClock.now + .seconds(10)
            while true {
                do { return try ChatLine(port: port).close() } catch  where ContinuousClock.now < end {
                    Thread.sleep(forTimeInterval: 0.02)
                }
            }
        }
    }

    /// Throws, with what it said last, if a process has ended.
    func address(_ side: Side) throws -> Address {
        for program in running where !program.isRunning {
            throw RunFailure("a server of the chat has ended: \(program.errors.suffix(600))")
        }
        guard let address = addresses[side] else { throw RunFailure("the servers did not start") }
        return address
    }

    func stop() async {
        for program in running.reversed() { _ = await program.stop() }
        running = []
    }

    private func adopt(_ program: RunningProgram) { running.append(program) }
}
