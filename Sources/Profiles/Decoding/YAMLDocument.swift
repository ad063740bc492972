private import Foundation
private import Yams

/// A YAML text as a tree, with every problem of form found on the way.
struct YAMLDocument {
    static let maximumBytes = 1 << 20
    private static let maximumDepth = 16
    /// A tree of few tokens cannot be blown up to many values.
    private static let maximumReferences = 32

    private(set) var root: ProfileNode?
    private(set) var problems: [ProfileProblem] = []
    private let file: String
    /// For values of the command line, whose lines mean nothing.
    private let argument: String?
    private var duplicates = DuplicateKeys()

    /// `argument` names the part of the command line that `text` came from; nil for a file.
    init(_ text: String, file: String, argument: String? = nil) {
        self.file = file
        self.argument = argument
        guard Self.countReferences(in: text) <= Self.maximumReferences else {
            report("too many anchors and aliases; a profile is written out in full", at: nil)
            return
        }
        // The parser is told the encoding, and so takes a byte order mark for a character.
        read(text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text)
    }

    /// A text with repeated keys is read again with those renamed, so that all problems are found at once.
    private mutating func read(_ original: String) {
        var text = original
        while true {
            do {
                // The parser must outlive the nodes: it alone keeps their anchors.
                let parser = try Parser(yaml: text)
                let node = try parser.singleRoot()
                withExtendedLifetime(parser) { root = node.flatMap { convert($0, path: [], depth: 1) } }
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard
                    let renamed = duplicates.rename(
                        keys, from: context.mark.line, context.mark.column, in: text)
                else {
                    report("duplicate key \"\(keys.first ?? "")\"", at: context.mark)
                    return
                }
                text = renamed
            } catch {
                reportSyntax(error)
                return
            }
        }
    }

    private mutating func convert(_ node: Node, path: [String], depth: Int) -> ProfileNode? {
        guard depth <= Self.maximumDepth else {
            report("nested deeper than \(Self.maximumDepth) levels", at: node.mark, path)
            return nil
        }
        guard node.anchor == nil else {
            report("anchors and aliases are not allowed; write the value out", at: node.mark, path)
            return nil
        }
        let content: ProfileNode.Content
        switch node {
        case .scalar(let scalar): content = .scalar(.init(text: scalar.string, kind: Self.kind(of: node)))
        case .sequence(let items):
            content = .sequence(items.compactMap { convert($0, path: path, depth: depth + 1) })
        case .mapping(let pairs): content = .mapping(convert(pairs, path: path, depth: depth))
        case .alias: return nil
        }
        return ProfileNode(content: content, origin: origin(node.mark))
    }

    private mutating func convert(_ pairs: Node.Mapping, path: [String], depth: Int) -> [ProfileNode.Entry] {
        pairs.compactMap { pair in
            guard case .scalar(let scalar) = pair.key else {
                report("a key must be a word", at: pair.key.mark, path)
                return nil
            }
            if let (name, line) = duplicates.original(of: scalar.string) {
                report("duplicate key; the first is in line \(line)", at: scalar.mark, path + [name])
                return nil
            }
            guard let value = convert(pair.value, path: path + [scalar.string], depth: depth + 1) else {
                return nil
            }
            return .init(key: scalar.string, origin: origin(scalar.mark), value: value)
        }
    }

    private static func kind(of node: Node) -> ProfileNode.Scalar.Kind {
        switch node.tag.rawValue {
        case Tag.Name.null.rawValue: .empty
        case Tag.Name.bool.rawValue: .boolean
        case Tag.Name.int.rawValue, Tag.Name.float.rawValue: .number
        default: .text
        }
    }

    /// Counts what may be anchors and aliases, and some of what is not.
    private static func countReferences(in text: String) -> Int {
        var previous = UInt8(ascii: "\n")
        var isMarked = false
        var count = 0
        for byte in text.utf8 {
            if isMarked, byte > UInt8(ascii: " ") { count += 1 }
            let opens = byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")
            isMarked = opens && (previous <= UInt8(ascii: " ") || "[{,".utf8.contains(previous))
            previous = byte
        }
        return count
    }
}

extension YAMLDocument {
    private func origin(_ mark: Mark?) -> ProfileOrigin {
        if let argument { return .argument(argument) }
        return .file(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    private mutating func report(_ message: String, at mark: Mark?, _ path: [String] = []) {
        problems.append(
            origin(mark).problem(in: file, ProfileNode.shortened(path.joined(separator: ".")), message))
    }

    private mutating func reportSyntax(_ error: any Error) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let hint = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            report("not valid YAML: \(problem)\(hint)", at: mark)
        case .reader(let problem, _, let value, let text):
            reportUnreadable(problem, value, in: text)
        default: report("not valid YAML", at: nil)
        }
    }

    /// The reader tells no line, so the first character it may have meant is looked for.
    private mutating func reportUnreadable(_ problem: String, _ value: Int32, in text: String) {
        var (line, column) = (1, 1)
        for scalar in text.unicodeScalars where scalar.value != 0xFEFF {
            if scalar.value == UInt32(bitPattern: value) { break }
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        let message = "not valid YAML: \(problem) (U+\(String(value, radix: 16, uppercase: true)))"
        let place = argument.map(ProfileOrigin.argument) ?? .file(line: line, column: column)
        problems.append(place.problem(in: file, "", message))
    }
}
