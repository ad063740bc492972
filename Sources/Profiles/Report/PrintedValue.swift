/// A value of a profile on its way to text.
enum PrintedValue: Equatable {
    /// A number or a truth value.
    case literal(String)
    case text(String)
    case list([PrintedValue])
    case secret(SecretReference)
    case section([Entry])

    struct Entry: Equatable {
        let key: String
        let value: PrintedValue
    }

    /// By reflection, so that no key can be left out: properties bear the names of their keys.
    init(reflecting subject: Any) {
        if let value = subject as? any ProfileValue {
            self = value.printed
            return
        }
        self = .section(
            Mirror(reflecting: subject).children.compactMap { child in
                let value = PrintedValue(reflecting: child.value)
                // Nothing says as much as a section without keys, and can be read again.
                return value == .section([]) ? nil : child.label.map { Entry(key: $0, value: value) }
            })
    }

    /// On one line, for messages and tables.
    var line: String {
        switch self {
        case .literal(let text), .text(let text): text
        case .list(let values): "[\(values.map(\.line).joined(separator: ", "))]"
        case .secret(let reference): "\(reference) (redacted)"
        case .section: ""
        }
    }
}

/// A value that stands behind one key.
protocol ProfileValue {
    var printed: PrintedValue { get }
}

extension Int: ProfileValue {
    var printed: PrintedValue { .literal(String(self)) }
}

extension Bool: ProfileValue {
    var printed: PrintedValue { .literal(String(self)) }
}

extension String: ProfileValue {
    var printed: PrintedValue { .text(self) }
}

extension Duration: ProfileValue {
    var printed: PrintedValue { .text(inUnits) }
}

extension Array: ProfileValue where Element: ProfileValue {
    var printed: PrintedValue { .list(map(\.printed)) }
}

extension Set: ProfileValue where Element == ProcessRole {
    var printed: PrintedValue { .list(ProcessRole.allCases.filter(contains).map(\.printed)) }
}

extension ProfileValue where Self: RawRepresentable, RawValue == String {
    var printed: PrintedValue { .text(rawValue) }
}
