package struct DirectorySettings: Sendable, Equatable {
    package let region: String
    package let shard: Int
    package let isolation: IsolationChoice
    /// What a team may have as well, if it asks for it.
    package let isolationsOnRequest: [IsolationChoice]

    /// Whether a new tenant may be placed so.
    func offers(_ choice: IsolationChoice) -> Bool {
        isolation == choice || isolationsOnRequest.contains(choice)
    }
}

/// Where a new tenant's rows are.
package enum IsolationChoice: String, Sendable, CaseIterable {
    case shared, schema, database
}

extension IsolationChoice: ProfileValue {}

extension DirectorySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        region = section.value("region", "Region new tenants are placed in.", .text)
        shard = section.value("shard", "Shard new tenants are placed in.", .integer(in: 0...65_535))
        isolation = section.value(
            "isolation",
            "Tables of new tenants: shared with others, or in a schema or a database of their own (Postgres).",
            .choice(), default: .shared)
        isolationsOnRequest = section.value(
            "isolationsOnRequest", "Others that a team may ask for when it signs up.",
            .list(of: .choice(), atMost: 3), default: [])
    }
}
