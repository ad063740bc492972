/// The one error of the domain: what kind of no it is, a stable code, and a sentence for a person.
package struct Failure: Error, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case invalid, unauthorised, forbidden, notFound, conflict, tooLarge, limited, overloaded, unavailable
        case timeout, cancelled, `internal`
    }

    /// A problem with one field of the input.
    package struct Field: Sendable, Equatable, Codable {
        package let field: String
        package let code: String
        package let detail: String

        package init(_ field: String, _ code: String, _ detail: String) {
            self.field = field
            self.code = code
            self.detail = detail
        }
    }

    package let kind: Kind
    /// Stable, in snake case; clients switch on it.
    package let code: String
    package let detail: String
    package var fields: [Field]
    /// How long to wait before another try can succeed.
    package var retryAfter: Duration?
    /// For the log only.
    package var cause: (any Error)?

    package init(
        _ kind: Kind, _ code: String, _ detail: String, fields: [Field] = [], cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.code = code
        self.detail = detail
        self.fields = fields
        self.cause = cause
    }

    package static func notFound(_ what: String) -> Failure {
        Failure(.notFound, "not_found", "There is no such \(what), or it is not yours to see.")
    }

    package static func invalid(_ fields: [Field]) -> Failure {
        Failure(
            .invalid, "invalid_request", fields.first?.detail ?? "The request is not valid.", fields: fields)
    }

    package static func invalid(_ field: String, _ code: String, _ detail: String) -> Failure {
        .invalid([Field(field, code, detail)])
    }

    package static func conflict(_ code: String, _ detail: String) -> Failure {
        Failure(.conflict, code, detail)
    }

    package static func unavailable(_ what: String, cause: (any Error)? = nil) -> Failure {
        Failure(.unavailable, "unavailable", "\(what) cannot be reached right now.", cause: cause)
    }

    /// The failure that `error` is, or an internal one that keeps it as cause.
    package static func wrapping(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: failure
        case is CancellationError: Failure(.cancelled, "cancelled", "The work was cancelled.", cause: error)
        default: Failure(.internal, "internal", "Something went wrong on our side.", cause: error)
        }
    }

    /// Whether the same call may succeed later without any change by the caller.
    package var isTransient: Bool {
        switch kind {
        case .overloaded, .unavailable, .timeout, .limited: true
        default: false
        }
    }
}

extension Failure: CustomStringConvertible {
    package var description: String {
        "\(code): \(detail)" + (cause.map { " [\($0)]" } ?? "")
    }
}
