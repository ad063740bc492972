/// Why a value cannot be taken.
struct BadValue: Error {
    let message: String
    var nearest: String?

    init(_ message: String, nearest: String? = nil) {
        self.message = message
        self.nearest = nearest
    }
}

/// A secret that some roles use; processes without them need not have it.
struct SecretNeed {
    let kind: SecretKind
    /// Empty for all.
    let roles: Set<ProcessRole>
}

/// How the text behind a key becomes a value, and how to say so.
struct ValueForm<Value> {
    let type: String
    let allowed: String
    /// Stands in for a value that could not be read; never seen by anyone, since the profile is refused.
    let placeholder: Value
    var secret: SecretNeed?
    let parse: (ProfileNode) throws(BadValue) -> Value

    init(
        _ type: String, _ allowed: String = "", placeholder: Value, secret: SecretNeed? = nil,
        parse: @escaping (ProfileNode) throws(BadValue) -> Value
    ) {
        self.type = type
        self.allowed = allowed
        self.placeholder = placeholder
        self.secret = secret
        self.parse = parse
    }
}

extension ProfileNode {
    /// The text of a scalar that is not empty.
    func scalar(_ expected: String) throws(BadValue) -> Scalar {
        guard case .scalar(let scalar) = content, scalar.kind != .empty else {
            throw BadValue("must be \(expected), is \(summary)")
        }
        return scalar
    }

    /// Words only: what YAML reads as a number or a truth value must be quoted.
    func text(_ expected: String) throws(BadValue) -> String {
        let scalar = try scalar(expected)
        guard scalar.kind == .text else {
            throw BadValue("must be \(expected), is \(scalar.text); put it in quotes if that is meant")
        }
        guard !scalar.text.isEmpty, scalar.text.utf8.count <= 4096 else {
            throw BadValue("must be \(expected) of 1 to 4096 bytes")
        }
        guard scalar.text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw BadValue("must be \(expected) without control characters")
        }
        return scalar.text
    }
}

extension ValueForm where Value == Int {
    static func integer(in range: ClosedRange<Int>) -> Self {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return ValueForm("integer", allowed, placeholder: range.lowerBound) { node throws(BadValue) in
            let text = try node.scalar("a number from \(allowed)").text
            let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                digits.count == 1 || digits.first != "0"
            else { throw BadValue("must be a number from \(allowed), is \(node.summary)") }
            guard let number = Int(text), range.contains(number) else {
                throw BadValue("must be from \(allowed), is \(text.prefix(40))")
            }
            return number
        }
    }
}

extension ValueForm where Value == Bool {
    static var boolean: Self {
        ValueForm("boolean", "true or false", placeholder: false) { node throws(BadValue) in
            guard case .scalar(let scalar) = node.content, scalar.kind == .boolean,
                let value = Bool(scalar.text.lowercased())
            else { throw BadValue("must be true or false, is \(node.summary)") }
            return value
        }
    }
}

extension ValueForm {
    /// One of the words of an enumeration.
    static func choice() -> Self
    where Value: CaseIterable & RawRepresentable & ProfileValue, Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue)
        let expected = "one of: \(words.joined(separator: ", "))"
        return ValueForm(
            "choice", words.joined(separator: " | "), placeholder: Value.allCases[Value.allCases.startIndex]
        ) {
            node throws(BadValue) in
            // `none`, `off` and the like are words here, whatever YAML takes them for.
            let word = try node.scalar(expected).text
            if let value = Value(rawValue: word) { return value }
            throw BadValue(
                "must be \(expected); is \(node.summary)", nearest: NearestKey.of(word, among: words))
        }
    }

    static func list<Element>(of element: ValueForm<Element>, atMost limit: Int) -> Self
    where Value == [Element] {
        ValueForm("list of \(element.type)", "at most \(limit)", placeholder: []) { node throws(BadValue) in
            guard case .sequence(let items) = node.content else {
                throw BadValue("must be a list such as [a, b], is \(node.summary)")
            }
            guard items.count <= limit else {
                throw BadValue("has \(items.count) entries, at most \(limit) are allowed")
            }
            var values: [Element] = []
            for (index, item) in items.enumerated() {
                do throws(BadValue) {
                    values.append(try element.parse(item))
                } catch {
                    throw BadValue("entry \(index + 1) \(error.message)", nearest: error.nearest)
                }
            }
            return values
        }
    }
}

extension ValueForm where Value == Set<ProcessRole> {
    static var roles: Self {
        let roles = ValueForm<[ProcessRole]>.list(of: .choice(), atMost: ProcessRole.allCases.count)
        let allowed = ProcessRole.allCases.map(\.rawValue).joined(separator: ", ")
        return ValueForm("list of roles", allowed, placeholder: []) { node throws(BadValue) in
            let list = try roles.parse(node)
            guard !list.isEmpty else { throw BadValue("must name at least one of: \(allowed)") }
            guard Set(list).count == list.count else { throw BadValue("names a role twice") }
            return Set(list)
        }
    }
}
