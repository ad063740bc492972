private import Foundation
package import Kernel

/// The relational store as contexts use it: reads and writes of one tenant, or of the machinery across tenants.
///
/// No statement can be made without one of the two, so none can forget its tenant.
package struct Database: Sendable {
    let driver: any SQLDriver
    /// Notified when events have been put in the outbox.
    package let outboxWakeup: Wakeup
    let now: @Sendable () -> Timestamp

    package init(
        driver: any SQLDriver, outboxWakeup: Wakeup = Wakeup(),
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.driver = driver
        self.outboxWakeup = outboxWakeup
        self.now = now
    }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (TenantReader) throws -> Value
    ) async throws -> Value {
        try await driver.read { try body(TenantReader(connection: $0, scope: tenant)) }
    }

    package func readSystem<Value: Sendable>(
        _ body: @escaping @Sendable (SystemReader) throws -> Value
    ) async throws -> Value {
        try await driver.read { try body(SystemReader(connection: $0, scope: ())) }
    }

    package func writeSystem<Value: Sendable>(
        _ body: @escaping @Sendable (SystemWriter) throws -> Value
    ) async throws -> Value {
        try await driver.write { try body(SystemWriter(connection: $0, scope: ())) }
    }

    /// One transaction of rows, events and the once-record. With a `once` key, the second call answers what the
    /// first did and changes nothing; with another digest it is `idempotency_key_reused`.
    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (TenantTransaction) throws -> Value
    ) async throws -> Value {
        let time = now()
        let (value, published) = try await driver.write { connection in
            let transaction = TenantTransaction(connection: connection, context: context, time: time)
            if let once = context.once, let earlier: Value = try transaction.result(of: once) {
                return (earlier, false)
            }
            let value = try body(transaction)
            if let once = context.once { try transaction.record(value, of: once) }
            return (value, transaction.hasPublished)
        }
        if published { outboxWakeup.notify() }
        return value
    }
}

extension Database {
    /// Throws unless the store answers.
    package func check() async throws {
        _ = try await readSystem { try $0.first("number", from: .migrations) { try $0.next(Int.self) } }
    }

    /// Forgets what was done once, so long ago that nobody repeats it.
    package func removeOnceRecords(before time: Timestamp) async throws {
        try await writeSystem { _ = try $0.delete(from: .allApplied, where: "created_at < \(time)") }
    }
}

extension SystemTable {
    /// For the clean-up alone, which works through all tenants.
    static let allApplied = SystemTable("applied")
}
