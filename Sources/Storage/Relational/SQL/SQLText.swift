package import Kernel

/// Part of a statement; interpolated values become parameters, never text.
package struct SQLText: ExpressibleByStringInterpolation, Sendable {
    enum Piece: Sendable {
        case text(String)
        case value(SQLValue)
        /// A table with rows of tenants, which may be another table for another tenant.
        case tenantTable(String, isTarget: Bool)
        /// The tenant's column equals the tenant.
        case scope(column: String, value: SQLValue)
    }

    private(set) var pieces: [Piece]

    package init(stringLiteral value: String) { pieces = [.text(value)] }

    package init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }

    init(pieces: [Piece] = []) { self.pieces = pieces }

    init(capacity: Int) {
        pieces = []
        pieces.reserveCapacity(capacity)
    }

    /// As it stands, so never from outside; labelled, because a literal with values in it is a `SQLText` everywhere else.
    mutating func append(text: String) { pieces.append(.text(text)) }

    mutating func append(_ other: SQLText) { pieces += other.pieces }

    mutating func append(value: SQLValue) { pieces.append(.value(value)) }

    mutating func append(_ piece: Piece) { pieces.append(piece) }

    package struct StringInterpolation: StringInterpolationProtocol {
        var pieces: [Piece] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            pieces.reserveCapacity(interpolationCount * 2 + 1)
        }

        package mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { pieces.append(.text(literal)) }
        }

        package mutating func appendInterpolation(_ value: some SQLColumn) {
            pieces.append(.value(value.sqlValue))
        }

        package mutating func appendInterpolation<Value: SQLColumn>(_ value: Value?) {
            pieces.append(.value(value?.sqlValue ?? .null))
        }

        /// A list in parentheses, `(?, ?, ?)`; empty lists match nothing.
        ///
        /// The last value is repeated up to a power of two, so that lists of all lengths share few statements.
        package mutating func appendInterpolation(list values: [some SQLColumn]) {
            guard let last = values.last else { return pieces.append(.text("(NULL)")) }
            var length = 1
            while length < values.count { length *= 2 }
            pieces.append(.text("("))
            for index in 0..<length {
                if index > 0 { pieces.append(.text(", ")) }
                pieces.append(.value(index < values.count ? values[index].sqlValue : last.sqlValue))
            }
            pieces.append(.text(")"))
        }

        package mutating func appendInterpolation(_ part: SQLText) { pieces += part.pieces }
    }
}

extension SQLText {
    /// The part of a list of `id`s that a page asks for, one row more than it shows.
    package static func rows(of page: PageRequest) -> (condition: SQLText?, tail: SQLText) {
        let isDescending = page.order == .newestFirst
        let condition = page.after.map { after -> SQLText in isDescending ? "id < \(after)" : "id > \(after)"
        }
        let direction: SQLText = isDescending ? "DESC" : "ASC"
        return (condition, "ORDER BY id \(direction) LIMIT \(page.limit + 1)")
    }
}
