/// Values of the command line, put into the tree before it is read.
struct ProfileOverrides {
    private(set) var problems: [ProfileProblem] = []

    /// `argument` is that of `--set`: a dotted path, `=`, and a value as YAML writes it.
    mutating func apply(_ argument: String, to root: inout ProfileNode) {
        guard let sign = argument.firstIndex(of: "="), sign > argument.startIndex else {
            let text = ProfileNode.shortened(argument)
            problems.append(
                ProfileProblem(file: "--set \(text)", message: "must be KEY=VALUE, such as http.port=8080"))
            return
        }
        let keyPath = String(argument[..<sign])
        let name = "--set \(ProfileNode.shortened(keyPath))"
        guard ProfileKeys.all.contains(where: { $0.describes(keyPath) }) else {
            reportUnknown(keyPath, name)
            return
        }
        let value = YAMLDocument(String(argument[argument.index(after: sign)...]), file: name, argument: name)
        problems += value.problems
        guard value.problems.isEmpty else { return }
        let empty = ProfileNode(content: .scalar(.init(text: "", kind: .empty)), origin: .argument(name))
        put(value.root ?? empty, at: keyPath.split(separator: ".").map(String.init)[...], in: &root, name)
    }

    /// Replaces the roles of the file.
    static func apply(_ roles: [ProcessRole], to root: inout ProfileNode) {
        let origin = ProfileOrigin.argument("--role")
        let items = roles.map { role in
            ProfileNode(content: .scalar(.init(text: role.rawValue, kind: .text)), origin: origin)
        }
        var overrides = ProfileOverrides()
        overrides.put(
            ProfileNode(content: .sequence(items), origin: origin), at: ["roles"], in: &root, "--role")
    }

    private mutating func put(
        _ value: ProfileNode, at path: ArraySlice<String>, in node: inout ProfileNode, _ name: String
    ) {
        guard let key = path.first else {
            node = value
            return
        }
        guard case .mapping(var entries) = node.content else {
            problems.append(
                ProfileProblem(file: name, message: "the file has no section there, but \(node.summary)"))
            return
        }
        let origin = ProfileOrigin.argument(name)
        let index = entries.firstIndex { $0.key == key } ?? entries.endIndex
        var child = ProfileNode(content: .mapping([]), origin: origin)
        if index < entries.endIndex, !entries[index].value.isEmpty { child = entries[index].value }
        put(value, at: path.dropFirst(), in: &child, name)
        let isTarget = path.count == 1
        let keyOrigin = isTarget || index == entries.endIndex ? origin : entries[index].origin
        let entry = ProfileNode.Entry(key: key, origin: keyOrigin, value: child)
        if index < entries.endIndex { entries[index] = entry } else { entries.append(entry) }
        node.content = .mapping(entries)
    }

    private mutating func reportUnknown(_ keyPath: String, _ name: String) {
        let paths = ProfileKeys.all.map(\.path)
        let alike = ProfileKeys.all.filter { $0.name == keyPath.split(separator: ".").last.map(String.init) }
        var message = "unknown key"
        let nearest = NearestKey.of(keyPath, among: paths) ?? (alike.count == 1 ? alike.first?.path : nil)
        if nearest == nil, !alike.isEmpty {
            message += "; there is \(alike.map(\.path).joined(separator: ", "))"
        }
        problems.append(ProfileProblem(file: name, message: message, nearest: nearest))
    }
}
