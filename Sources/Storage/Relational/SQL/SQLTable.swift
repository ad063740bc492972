package import Kernel

/// A table's name, of one of the two kinds there are.
package protocol SQLTable: Sendable {
    /// Who owns the rows that a statement may see; nothing where all may be seen.
    associatedtype Scope: Sendable
    var name: String { get }
    /// The predicate that keeps a statement to `scope`; nil where there is none.
    static func predicate(_ scope: Scope) -> (column: String, value: SQLValue)?
    /// Whether another scope may have it elsewhere.
    static var isTenants: Bool { get }
}

extension SQLTable {
    /// Its name in a statement: the `isTarget` of an insertion, or a source of rows.
    func piece(isTarget: Bool) -> SQLText.Piece {
        Self.isTenants ? .tenantTable(name, isTarget: isTarget) : .text(name)
    }
}

/// A table of a business context: every row belongs to a tenant, `tenant_id` leads its key.
package struct TenantTable: SQLTable {
    package let name: String

    package static let isTenants = true

    package init(_ name: String) { self.name = name }

    package static func predicate(_ tenant: TenantID) -> (column: String, value: SQLValue)? {
        ("tenant_id", tenant.sqlValue)
    }
}

/// A table of the machinery (directory, outbox, log, jobs) that works across tenants.
package struct SystemTable: SQLTable {
    package let name: String

    package static let isTenants = false

    package init(_ name: String) { self.name = name }

    package static func predicate(_ scope: Void) -> (column: String, value: SQLValue)? { nil }
}
