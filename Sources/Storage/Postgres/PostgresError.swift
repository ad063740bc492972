package import Kernel

/// What went wrong at a server, or on the way to it.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Nothing has happened: the server was not reached, or lost before a commit was sent.
        case connectionLost
        /// Lost while it committed, or committed here without its standby: never to be repeated blindly.
        case outcomeUnknown
        /// It takes no writes (any more).
        case notPrimary
        /// The replica has not replayed what the caller has seen.
        case behind
        /// Others changed the same rows at the same time.
        case contended
        case timeout
        case cancelled
        /// The server lacks something: disk, memory, connections.
        case exhausted
        /// The statement itself is at fault.
        case statement
    }

    package let kind: Kind
    /// Five characters, as the server gave them; nil where it gave none.
    package let sqlState: String?
    package let message: String
    package let constraint: String?
    /// What a replica that is behind told of itself.
    let mark: ReplicaMark?

    init(
        _ kind: Kind, sqlState: String? = nil, message: String, constraint: String? = nil,
        mark: ReplicaMark? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.constraint = constraint
        self.mark = mark
    }

    init(sqlState: String, message: String, constraint: String?) {
        let kind = Self.kind(sqlState, message: message, constraint: constraint)
        self.init(kind, sqlState: sqlState, message: message, constraint: constraint)
    }

    package var description: String { "Postgres \(sqlState ?? "\(kind)"): \(message)" }

    /// True if nothing happened here and another server may well do it.
    package var mayRunElsewhere: Bool {
        switch kind {
        case .connectionLost, .notPrimary, .behind: true
        default: false
        }
    }

    /// The same body may succeed at once if it is run again.
    var mayRunAgain: Bool { kind == .contended }

    private static func kind(_ sqlState: String, message: String, constraint: String?) -> Kind {
        switch sqlState {
        case "40001", "40P01": return .contended
        // Two writes with one idempotency key: whoever comes second finds the record when it is run again.
        case "23505" where constraint?.hasPrefix("applied_") == true: return .contended
        // The schema changed under a prepared statement, or a pooler between lost it: prepared anew it works.
        case "26000": return .connectionLost
        case "0A000" where message.contains("cached plan"): return .connectionLost
        case "25006": return .notPrimary
        case "57014": return .timeout
        case "57P01", "57P02", "57P03", "53300", "25P03": return .connectionLost
        case "53100", "53200", "53400", "55P03": return .exhausted
        default: return sqlState.hasPrefix("08") ? .connectionLost : .statement
        }
    }
}

extension PostgresError {
    /// In the words of the domain.
    package var failure: Failure {
        switch kind {
        case .connectionLost, .notPrimary, .behind:
            return .unavailable("The database", cause: self)
        case .outcomeUnknown:
            return Failure(
                .timeout, "outcome_unknown",
                "The database was lost while it committed; it may have happened.",
                cause: self)
        case .contended:
            return Failure(
                .overloaded, "overloaded", "Too many changed the same thing at once; try again soon.",
                cause: self)
        case .timeout:
            return Failure(.timeout, "timeout", "The database took too long.", cause: self)
        case .cancelled:
            return Failure(.cancelled, "cancelled", "The work was cancelled.", cause: self)
        case .exhausted where sqlState == "53100":
            return Failure(.unavailable, "disk_full", "There is no space left to store this.", cause: self)
        case .exhausted:
            return Failure(.overloaded, "overloaded", "The database is busy.", cause: self)
        case .statement where sqlState == "23505":
            return Failure(.conflict, "unique_violation", "This exists already.", cause: self)
        case .statement:
            return Failure(.internal, "internal", "Something went wrong on our side.", cause: self)
        }
    }
}
