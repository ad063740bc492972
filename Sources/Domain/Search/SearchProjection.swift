package import Kernel

/// Keeps the index in step with what other contexts own.
///
/// An event only tells which document to look at again: what it says is read from its source. So events may come late,
/// twice or out of order, hold nobody's text, and need not be kept for a rebuild.
package struct SearchProjection: Sendable {
    package static let group = "search"
    /// Tries of one document while others change it; then the event comes again.
    private static let attempts = 8
    private static let pageSize = 100

    /// The document that an event concerns.
    package typealias Subject = @Sendable (Event) throws -> DocumentKey

    /// The room whose documents an event takes away, all at once.
    package typealias ClosedRoom = @Sendable (Event) throws -> UUIDv7

    private let index: any SearchIndex
    private let sources: [DocumentKind: SearchSource]
    private let subjects: [String: Subject]
    private let closedRooms: [String: ClosedRoom]

    /// `subjects` and `closedRooms` by type of event; others concern nothing here.
    package init(
        index: any SearchIndex, sources: [SearchSource], subjects: [String: Subject],
        closedRooms: [String: ClosedRoom] = [:]
    ) {
        self.index = index
        self.sources = Dictionary(sources.map { ($0.kind, $0) }) { first, _ in first }
        self.subjects = subjects
        self.closedRooms = closedRooms
    }

    package func apply(_ event: Event) async throws {
        if let room = try closedRooms[event.type]?(event) {
            // Whoever adds to it at this moment finds another version, looks again, and finds it closed.
            try await index.wipe(.room(room), in: event.tenant)
        }
        guard let subject = subjects[event.type] else { return }
        try await refresh(subject(event), in: event.tenant)
    }

    /// Makes the index say of a document what its source says. Any number may do so at once: the version is read before
    /// the source, so whoever read the source too early finds that the version has gone on, and looks again.
    package func refresh(_ key: DocumentKey, in tenant: TenantID) async throws {
        for _ in 0..<Self.attempts {
            let version = try await index.version(of: key, in: tenant)
            let isDone =
                if let document = try await sources[key.kind]?.document(tenant, key.id) {
                    try await index.put(document, over: version, in: tenant)
                } else {
                    try await index.remove(key, over: version, in: tenant)
                }
            if isDone { return }
        }
        throw Failure(.unavailable, "search_contended", "A document changes too often to be indexed.")
    }

    /// What a rebuild has come to.
    package struct Progress: Sendable, Equatable {
        package var refreshed = 0
    }

    /// Reads all of a tenant's documents anew from their sources, and then looks again at all that the index has, so that
    /// what is gone goes. Beside running events and searches; nothing vanishes meanwhile unless it is wiped first.
    package func rebuild(_ tenant: TenantID, wiping: Bool = false) async throws -> Progress {
        var progress = Progress()
        if wiping { try await index.wipe(.all, in: tenant) }
        for kind in DocumentKind.allCases {
            guard let source = sources[kind] else { continue }
            var after: UUIDv7?
            repeat {
                let page = try await source.ids(
                    tenant, PageRequest(limit: Self.pageSize, after: after, order: .oldestFirst))
                for id in page.items { try await refresh(DocumentKey(kind, id), in: tenant) }
                progress.refreshed += page.items.count
                after = page.next
            } while after != nil
        }
        try await refreshGone(in: tenant)
        return progress
    }

    private func refreshGone(in tenant: TenantID) async throws {
        var last: DocumentKey?
        while true {
            let keys = try await index.keys(after: last, limit: Self.pageSize, in: tenant)
            for key in keys where try await sources[key.kind]?.document(tenant, key.id) == nil {
                try await refresh(key, in: tenant)
            }
            guard keys.count == Self.pageSize else { return }
            last = keys.last
        }
    }
}
