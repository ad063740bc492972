import Kernel
import Resilience
import Search

/// An index in which people look behind a bulkhead and within a deadline, so that slow searches take a few of the
/// store's connections and no more. Changes of it pass.
///
/// Whoever is late is answered at once; the place is free only when the look itself has ended.
struct BoundedSearchIndex: SearchIndex {
    private let base: any SearchIndex
    private let bulkhead: Bulkhead
    private let deadline: Duration
    private let time: TimeSource

    init(_ base: any SearchIndex, _ settings: SearchSettings, time: TimeSource = .system) {
        self.base = base
        self.time = time
        deadline = settings.deadline
        var bounds = Bulkhead.Settings()
        bounds.concurrency = settings.concurrentReads
        bounds.waiting = settings.waitingReads
        bulkhead = Bulkhead("the search", settings: bounds)
    }

    func find(_ query: IndexQuery, in tenant: TenantID) async throws -> [IndexHit] {
        try await look { [base] in try await base.find(query, in: tenant) }
    }

    func words(withClues clues: [Int64], limit: Int, in tenant: TenantID) async throws -> [String] {
        try await look { [base] in try await base.words(withClues: clues, limit: limit, in: tenant) }
    }

    func version(of key: DocumentKey, in tenant: TenantID) async throws -> Int64 {
        try await base.version(of: key, in: tenant)
    }

    func put(_ document: SearchDocument, over version: Int64, in tenant: TenantID) async throws -> Bool {
        try await base.put(document, over: version, in: tenant)
    }

    func remove(_ key: DocumentKey, over version: Int64, in tenant: TenantID) async throws -> Bool {
        try await base.remove(key, over: version, in: tenant)
    }

    func keys(after key: DocumentKey?, limit: Int, in tenant: TenantID) async throws -> [DocumentKey] {
        try await base.keys(after: key, limit: limit, in: tenant)
    }

    func wipe(_ part: DocumentPart, in tenant: TenantID) async throws {
        try await base.wipe(part, in: tenant)
    }

    func forgetRemoved(before time: Timestamp) async throws -> Int {
        try await base.forgetRemoved(before: time)
    }

    private func look<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withDeadline(deadline, of: "The search", time: time) { [bulkhead] in
            let answer = FirstAnswer<Value>()
            let work = Task {
                do {
                    let value = try await bulkhead.run(body)
                    answer.give(.success(value))
                } catch {
                    answer.give(.failure(error))
                }
            }
            return try await withTaskCancellationHandler {
                try await answer.value
            } onCancel: {
                answer.give(.failure(CancellationError()))
                work.cancel()
            }
        }
    }
}
