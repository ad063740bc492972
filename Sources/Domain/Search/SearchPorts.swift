package import Kernel

/// Documents of all tenants by what stands in them. Every call is of one tenant and sees nothing of others.
///
/// Each document has a version, from 1, that grows with every change of it here, also by its removal; 0 is one never
/// seen. A change names the version it was decided on and does nothing if that is no longer the one: so whoever read an
/// older state of a thing cannot put it over a newer one. What was read or changed before is seen by later calls.
package protocol SearchIndex: Sendable {
    func version(of key: DocumentKey, in tenant: TenantID) async throws -> Int64

    /// Adds or replaces. False if `version` is not the document's: nothing happened.
    func put(_ document: SearchDocument, over version: Int64, in tenant: TenantID) async throws -> Bool

    /// Nobody finds it any more; its version stays known. False if `version` is not the document's.
    func remove(_ key: DocumentKey, over version: Int64, in tenant: TenantID) async throws -> Bool

    /// Rank by rank in the order given, newest first within a rank, at most `limit` behind `query.after`.
    func find(_ query: IndexQuery, in tenant: TenantID) async throws -> [IndexHit]

    /// Words of documents that have one of `clues`, in order, at most `limit`; also of documents changed since.
    func words(withClues clues: [Int64], limit: Int, in tenant: TenantID) async throws -> [String]

    /// Keys of what can be found, by kind and then id, at most `limit` behind `key`.
    func keys(after key: DocumentKey?, limit: Int, in tenant: TenantID) async throws -> [DocumentKey]

    /// Forgets what these documents say; versions stay known, and grow.
    func wipe(_ part: DocumentPart, in tenant: TenantID) async throws

    /// Forgets versions of what was removed before `time`, of all tenants; returns how many.
    func forgetRemoved(before time: Timestamp) async throws -> Int
}

/// A part of a tenant's documents.
package enum DocumentPart: Sendable, Equatable {
    case all
    case kind(DocumentKind)
    case room(UUIDv7)
}

package struct IndexQuery: Sendable {
    package let conditions: [TextCondition]
    package let filter: SearchFilter
    /// Exclusive.
    package let after: SearchPlace?
    package let limit: Int

    package init(conditions: [TextCondition], filter: SearchFilter, after: SearchPlace? = nil, limit: Int) {
        self.conditions = conditions
        self.filter = filter
        self.after = after
        self.limit = limit
    }
}

/// Where a hit stands among all hits.
package struct SearchPlace: Sendable, Equatable {
    package let rank: MatchRank
    /// Grows with the time at which things were made.
    package let number: Int64

    package init(rank: MatchRank, number: Int64) {
        self.rank = rank
        self.number = number
    }
}

package struct IndexHit: Sendable, Equatable {
    package let document: SearchDocument
    package let place: SearchPlace

    package init(document: SearchDocument, place: SearchPlace) {
        self.document = document
        self.place = place
    }
}

/// What the context that owns a kind of document says of it, now.
package struct SearchSource: Sendable {
    package let kind: DocumentKind
    /// Nil if there is no such thing, or it is not for finding.
    package let document: @Sendable (TenantID, UUIDv7) async throws -> SearchDocument?
    /// Ids of all there are.
    package let ids: @Sendable (TenantID, PageRequest) async throws -> Page<UUIDv7>

    package init(
        _ kind: DocumentKind,
        document: @escaping @Sendable (TenantID, UUIDv7) async throws -> SearchDocument?,
        ids: @escaping @Sendable (TenantID, PageRequest) async throws -> Page<UUIDv7>
    ) {
        self.kind = kind
        self.document = document
        self.ids = ids
    }
}
