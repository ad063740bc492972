import Foundation
import Relational
import SQLite
import Synchronization

/// Rows that are on the disk when their writer is told so: the product's driver with 512 tasks waiting, in
/// group commits and with a commit for each, against a bare loop over the C library.
struct DurableWrites: Scenario {
    let name = "writes"
    let scratch: Scratch
    /// How long each arm writes.
    let duration: Duration

    static let tasks = 512
    static let row = [UInt8](repeating: 0x61, count: 100)
    private static let ours = "group commit", each = "commit each", raw = "C, 100 a commit"
    private static let again = "C, once more", disk = "disk"

    var arms: [Arm] {
        [
            Arm(name: Self.ours) { try await drive(maximumBatch: 512) },
            Arm(name: Self.raw) { try await loop() },
            Arm(name: Self.each) { try await drive(maximumBatch: 1) },
            Arm(name: Self.disk) { try await syncs() },
            Arm(name: Self.again) { try await loop() },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "writes.each", title: "durable writes/s, 512 waiting: group commit / commit each",
            value: .ratio(.init(arm: ours, measure: .writes), .init(arm: each, measure: .writes))),
        Row(
            id: "writes.raw", title: "durable writes/s: group commit / C loop of 100-row commits",
            value: .ratio(.init(arm: ours, measure: .writes), .init(arm: raw, measure: .writes))),
        Row(
            id: "noise.disk", title: "noise: the C loop / itself, later in the round",
            value: .ratio(.init(arm: again, measure: .writes), .init(arm: raw, measure: .writes))),
        Row(
            id: "machine.syncs", title: "fsyncs of a 4 KiB append",
            value: .absolute(.init(arm: disk, measure: .syncs), .perSecond)),
    ]

    // MARK: Ours

    /// Through the layer that the product writes with, statement building included.
    private func drive(maximumBatch: Int) async throws -> Reading {
        try await scratch.withFolder { folder in
            let path = folder.appending(path: "rows.sqlite").plainPath
            let driver = try SQLiteDriver(
                SQLiteDriver.Settings(path: path, readers: 1, maximumBatch: maximumBatch))
            do {
                let reading = try await fill(driver)
                await driver.close()
                return reading
            } catch {
                await driver.close()
                throw error
            }
        }
    }

    private func fill(_ driver: SQLiteDriver) async throws -> Reading {
        try await driver.write(.system) { try $0.script(RawRows.schema) }
        let database = Database(driver: driver)
        let table = SystemTable("rows")
        let (watch, end) = (Stopwatch(), ContinuousClock.now + duration)
        let ids = RowNumbers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.tasks {
                group.addTask {
                    while ContinuousClock.now < end {
                        let id = ids.next()
                        try await database.writeSystem {
                            try $0.insert(into: table, ["id": id, "body": Self.row])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = watch.wall
        let found = try await database.readSystem {
            try $0.first("count(*)", from: table) { try $0.next(Int.self) }
        }
        guard found == ids.given else {
            throw RunFailure("\(ids.given) rows acknowledged, \(found ?? 0) found")
        }
        return [.writes: Double(ids.given) / seconds]
    }

    // MARK: References

    private func loop() async throws -> Reading {
        try await scratch.withFolder { folder in
            try await onThread {
                let rows = try RawRows(path: folder.appending(path: "rows.sqlite").plainPath)
                return [.writes: try rows.fill(for: duration, rowsPerCommit: 100)]
            }
        }
    }

    private func syncs() async throws -> Reading {
        try await scratch.withFolder { folder in
            try await onThread {
                let disk = DiskProbe(path: folder.appending(path: "appended").plainPath)
                return [.syncs: try disk.syncsPerSecond(for: min(duration, .seconds(1)))]
            }
        }
    }
}

/// Counts up, as keys made from the time do; random keys would measure the tree's pages.
private final class RowNumbers: Sendable {
    private let last = Atomic(0)

    func next() -> Int { last.add(1, ordering: .relaxed).newValue }

    var given: Int { last.load(ordering: .relaxed) }
}
