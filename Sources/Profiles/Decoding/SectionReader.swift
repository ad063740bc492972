/// A part of a profile that reads itself.
protocol ProfileSection {
    init(reading section: inout SectionReader)
}

/// One way to fill a section: the name of the key that chooses it, and how it is read.
struct Adapter<Choice> {
    let name: String
    let about: String
    let read: (inout SectionReader) -> Choice

    init(_ name: String, _ about: String, read: @escaping (inout SectionReader) -> Choice) {
        self.name = name
        self.about = about
        self.read = read
    }
}

/// Reads the keys of one section. What is wrong is noted, a placeholder returned, and reading goes on.
struct SectionReader {
    /// Empty at the top.
    let path: String
    /// The same as it is documented: names of the profile's own choice are `ProfileKey.anyName`.
    private let form: String
    /// Nil where there is no such section: then keys have fallbacks or placeholders, and nothing is noted.
    private let entries: [ProfileNode.Entry]?
    private let origin: ProfileOrigin?
    let log: DecodingLog
    /// Of one section; the rest of a file that is no profile at all is only counted.
    private static let maximumUnknown = 50
    private var missing: [(key: String, message: String)] = []

    init(path: String, form: String? = nil, node: ProfileNode?, log: DecodingLog) {
        self.path = path
        self.form = form ?? path
        self.log = log
        origin = node?.origin
        if case .mapping(let entries) = node?.content { self.entries = entries } else { entries = nil }
    }

    /// The value of `key`, which is required unless it has a default; the documentation may call that by a name.
    mutating func value<Value: ProfileValue>(
        _ key: String, _ about: String, _ form: ValueForm<Value>, default fallback: Value? = nil,
        named fallbackName: String? = nil
    ) -> Value {
        let keyPath = keyPath(key)
        log.declare(
            ProfileKey(
                path: keyPath, kind: .value, type: form.type, allowed: form.allowed,
                fallback: fallbackName ?? fallback?.printed.line, about: about))
        guard let entry = entry(key) else {
            return absent(key, fallback, placeholder: form.placeholder)
        }
        do throws(BadValue) {
            let value = try form.parse(entry.value)
            log.accept(keyPath, value.printed, from: entry.origin)
            if let need = form.secret, let secret = value as? SecretReference {
                log.accept(secret: secret, need, keyPath)
            }
            return value
        } catch {
            log.report(keyPath, error.message, nearest: error.nearest, at: entry.origin)
            return fallback ?? form.placeholder
        }
    }

    /// The section under `key`, which is required.
    mutating func section<Section: ProfileSection>(_ key: String, _ about: String) -> Section {
        child(key, about, .section, isRequired: true) { Section(reading: &$0) }
    }

    /// The section under `key`; each of its keys has a default.
    mutating func optionalSection<Section: ProfileSection>(_ key: String, _ about: String) -> Section {
        child(key, about, .section, isRequired: false) { Section(reading: &$0) }
    }

    /// The one adapter that this section names.
    mutating func adapter<Choice>(_ adapters: [Adapter<Choice>]) -> Choice {
        let named = adapters.filter { entry($0.name) != nil }
        reportChoice(of: named.map(\.name), among: adapters.map(\.name))
        let chosen = named.first ?? adapters[0]
        let choice = child(chosen.name, chosen.about, .adapter, isRequired: false, chosen.read)
        // To describe the keys all must be read; else only the chosen one may speak.
        for other in adapters where log.file.isEmpty && other.name != chosen.name {
            _ = child(other.name, other.about, .adapter, isRequired: false, other.read)
        }
        return choice
    }

    /// A rule about keys of this section, told at the first of them.
    func require(_ keys: [String], _ holds: Bool, _ message: String) {
        guard entries != nil else { return }
        log.require(keys.map(keyPath), holds, message)
    }
}

extension SectionReader {
    private func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func formPath(_ key: String) -> String { form.isEmpty ? key : "\(form).\(key)" }

    private func entry(_ key: String) -> ProfileNode.Entry? { entries?.first { $0.key == key } }

    private mutating func absent<Value: ProfileValue>(_ key: String, _ fallback: Value?, placeholder: Value)
        -> Value
    {
        if let fallback {
            if !log.file.isEmpty { log.accept(keyPath(key), fallback.printed, from: nil) }
            return fallback
        }
        log.fail(keyPath(key))
        if entries != nil { missing.append((key, "missing key")) }
        return placeholder
    }

    private mutating func child<Section>(
        _ key: String, _ about: String, _ kind: ProfileKey.Kind, isRequired: Bool,
        _ read: (inout SectionReader) -> Section
    ) -> Section {
        let keyPath = keyPath(key)
        log.declare(ProfileKey(path: keyPath, kind: kind, type: "", allowed: "", fallback: nil, about: about))
        let entry = entry(key)
        if entry == nil, entries != nil, isRequired { missing.append((key, "missing section")) }
        if let entry { checkIsSection(entry, keyPath) }
        var reader = SectionReader(path: keyPath, form: formPath(key), node: entry?.value, log: log)
        let section = read(&reader)
        reader.finish()
        return section
    }

    private func checkIsSection(_ entry: ProfileNode.Entry, _ keyPath: String) {
        if case .mapping = entry.value.content { return }
        let keys = ProfileKeys.names(in: formPath(entry.key)).joined(separator: ", ")
        log.report(keyPath, "must be a section with \(keys); is \(entry.value.summary)", at: entry.origin)
    }

    private func reportChoice(of named: [String], among known: [String]) {
        guard let entries, let origin else { return }
        if let second = named.dropFirst().first, let entry = entry(second) {
            let message = "one adapter only: this section has \(named.joined(separator: " and "))"
            log.report(keyPath(second), message, at: entry.origin)
        }
        let isMisspelt = entries.contains { NearestKey.of($0.key, among: known) != nil }
        guard named.isEmpty, !isMisspelt else { return }
        log.report(path, "names no adapter; choose one of: \(known.joined(separator: ", "))", at: origin)
    }

    /// Reports keys nobody asked for, and keys that were asked for in vain. To be called last.
    func finish() {
        guard let entries, let origin else { return }
        let known = Set(ProfileKeys.names(in: form))
        var meant: Set<String> = []
        let unknown = entries.filter { !known.contains($0.key) }
        for entry in unknown.prefix(Self.maximumUnknown) {
            let key = ProfileNode.shortened(entry.key)
            let advice = NearestKey.advice(on: key, in: form)
            log.report(keyPath(key), advice.message, nearest: advice.nearest, at: entry.origin)
            if let nearest = advice.nearest { meant.insert(nearest) }
        }
        if unknown.count > Self.maximumUnknown {
            log.report(path, "\(unknown.count - Self.maximumUnknown) more unknown keys", at: origin)
        }
        // A misspelt key is one problem, not two.
        for (key, message) in missing where !meant.contains(key) {
            log.report(keyPath(key), message, at: origin)
        }
    }
}

extension SectionReader {
    /// The sections under `key`, each under a name of the profile's own choice; none where the key is left out.
    mutating func named<Section>(
        _ key: String, _ about: String, _ names: SectionNames,
        _ read: (_ name: String, inout SectionReader) -> Section
    ) -> [(name: String, section: Section)] {
        let keyPath = keyPath(key)
        log.declare(.section(keyPath, about))
        if log.file.isEmpty {
            let path = "\(keyPath).\(ProfileKey.anyName)"
            log.declare(.section(path, names.about))
            var reader = SectionReader(path: path, node: nil, log: log)
            _ = read(ProfileKey.anyName, &reader)
        }
        guard let entry = entry(key), !entry.value.isEmpty else { return [] }
        guard case .mapping(let children) = entry.value.content else {
            log.report(
                keyPath, "must be sections, each under its name; is \(entry.value.summary)", at: entry.origin)
            return []
        }
        guard children.count <= names.limit else {
            log.report(
                keyPath, "has \(children.count) entries, at most \(names.limit) are allowed", at: entry.origin
            )
            return []
        }
        return children.map { (name: $0.key, section: named($0, below: key, names, read)) }
    }

    private func named<Section>(
        _ child: ProfileNode.Entry, below key: String, _ names: SectionNames,
        _ read: (_ name: String, inout SectionReader) -> Section
    ) -> Section {
        let path = "\(keyPath(key)).\(ProfileNode.shortened(child.key))"
        let form = "\(formPath(key)).\(ProfileKey.anyName)"
        log.declare(.section(path, names.about))
        if !names.allows(child.key) { log.report(path, "must be \(names.expected)", at: child.origin) }
        var node = child.value
        // A name alone is a section in which all is left out.
        if node.isEmpty { node.content = .mapping([]) }
        if case .mapping = node.content {
        } else {
            let keys = ProfileKeys.names(in: form).joined(separator: ", ")
            log.report(path, "must be a section with \(keys); is \(node.summary)", at: child.origin)
        }
        var reader = SectionReader(path: path, form: form, node: node, log: log)
        let section = read(child.key, &reader)
        reader.finish()
        return section
    }
}

/// Which names sections may bear that the profile names itself.
struct SectionNames {
    let about: String
    let limit: Int
    /// For messages, such as `a name of letters`.
    let expected: String
    let allows: (String) -> Bool
}
