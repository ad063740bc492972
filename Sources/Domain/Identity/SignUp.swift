import Kernel

/// What a new team tells of itself.
package struct SignUp: Sendable {
    package let teamName: String
    package let region: String?
    /// How its rows are to be kept apart from those of others; nil for the usual way.
    package let isolation: String?
    package let email: String
    package let name: String
    package let password: String

    package init(
        teamName: String, region: String?, isolation: String? = nil, email: String, name: String,
        password: String
    ) {
        self.teamName = teamName
        self.region = region
        self.isolation = isolation
        self.email = email
        self.name = name
        self.password = password
    }

    static let maximumName = 100
    package static let maximumEmail = 254
    /// NIST SP 800-63B: at least 8, no rules of composition; the upper bound keeps hashing cheap.
    static let passwordLength = 8...256

    /// With trimmed names and a normalised address; all problems at once.
    func validated(
        region known: String, isolations: Set<TenantPlacement.Isolation> = [.shared]
    ) throws -> SignUp {
        var problems: [Failure.Field] = []
        func check<Value>(_ body: () throws(Failure) -> Value) -> Value? {
            do { return try body() } catch {
                problems += error.fields
                return nil
            }
        }
        let teamName = check { () throws(Failure) in try Self.validated(name: self.teamName, field: "name") }
        let name = check { () throws(Failure) in try Self.validated(name: self.name, field: "owner.name") }
        let email = check { () throws(Failure) in try Self.validated(email: self.email, field: "owner.email")
        }
        _ = check { () throws(Failure) in try Self.validate(password: password, field: "owner.password") }
        if let region, region != known {
            problems.append(
                .init("region", "unknown_region", "There is no region \"\(region.prefix(40))\" here."))
        }
        if let isolation, !isolations.contains(where: { $0.rawValue == isolation }) {
            let names = isolations.map(\.rawValue).sorted().joined(separator: ", ")
            problems.append(.init("isolation", "unknown_isolation", "Teams are placed here as: \(names)."))
        }
        guard problems.isEmpty, let teamName, let name, let email else { throw Failure.invalid(problems) }
        return SignUp(
            teamName: teamName, region: known, isolation: isolation, email: email, name: name,
            password: password)
    }

    static func validated(name: String, field: String) throws(Failure) -> String {
        let name = name.trimmed
        guard !name.isEmpty else { throw .invalid(field, "required", "Please give a name.") }
        guard name.count <= maximumName, name.utf8.count <= maximumName * 8 else {
            throw .invalid(field, "too_long", "A name has at most \(maximumName) characters.")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalid(field, "invalid", "A name has no control characters.")
        }
        return name
    }

    static func validated(email: String, field: String) throws(Failure) -> String {
        let email = normalised(email: email)
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = email.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 }
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !parts[1].hasPrefix("."),
            !parts[1].hasSuffix("."), isPlain, email.utf8.count <= maximumEmail
        else { throw .invalid(field, "invalid_email", "This is not an e-mail address.") }
        return email
    }

    static func validate(password: String, field: String) throws(Failure) {
        guard passwordLength.contains(password.count) else {
            throw .invalid(
                field, "password_length",
                "A password has \(passwordLength.lowerBound) to \(passwordLength.upperBound) characters.")
        }
    }

    package static func normalised(email: String) -> String { email.trimmed.lowercased() }

    static func slug(_ name: String) -> String {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let slug = words.joined(separator: "-").prefix(48)
        return slug.isEmpty ? "team" : String(slug)
    }
}
