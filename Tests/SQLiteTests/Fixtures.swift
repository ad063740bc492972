import Foundation
import Kernel
import SQLite
import Synchronization
import TestDatabase

@testable import Relational

/// Holds the writer of a driver inside a first write, so that what is submitted meanwhile forms one batch.
final class WriterGate: Sendable {
    private let hasEntered = Mutex(false)
    private let opening = DispatchSemaphore(value: 0)

    /// Runs `body` while the writer stands still; the writer goes on as soon as `body` calls `open`.
    static func hold<Value>(
        _ driver: SQLiteDriver, _ body: (WriterGate) async throws -> Value
    ) async throws -> Value {
        let gate = WriterGate()
        async let blocking: Void = driver.write(.system) { _ in gate.pass() }
        do {
            _ = try await eventually { gate.hasEntered.withLock { $0 } }
            let value = try await body(gate)
            gate.open()
            try await blocking
            return value
        } catch {
            gate.open()
            throw error
        }
    }

    func open() { opening.signal() }

    private func pass() {
        hasEntered.withLock { $0 = true }
        opening.wait()
    }
}

/// A table of numbered rows with some bytes.
enum Numbers {
    static let table = SystemTable("numbers")

    static func create(_ driver: SQLiteDriver) async throws {
        try await driver.write(.system) {
            try $0.script("CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, ballast BLOB)")
        }
    }

    static func insert(_ number: Int, bytes: Int = 0, _ connection: any SQLConnection) throws {
        try SystemWriter(connection: connection, scope: ()).insert(
            into: table, ["number": number, "ballast": [UInt8](repeating: 7, count: bytes)])
    }

    static func insert(_ number: Int, bytes: Int = 0, _ driver: SQLiteDriver) async throws {
        try await driver.write(.system) { try insert(number, bytes: bytes, $0) }
    }

    static func all(_ driver: SQLiteDriver) async throws -> Set<Int> {
        try await driver.read(.system) { connection in
            Set(
                try SystemReader(connection: connection, scope: ()).select("number", from: table) {
                    try $0.next(Int.self)
                })
        }
    }
}

extension SQLConnection {
    /// The first column of the first row.
    func answer(_ sql: String) throws -> String? {
        var text: String?
        try query(SQLStatement(SQLText(stringLiteral: sql), dialect: dialect)) { text = text ?? $0.text(0) }
        return text
    }
}

/// The failure with which `body` ends; nil if it succeeds.
func failure(of body: () async throws -> Void) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return .wrapping(error)
    }
}
