import Foundation

/// The folder of one cluster: its state file, its servers' folders and logs, and the processes in them.
actor ClusterFolder {
    nonisolated let path: String
    private(set) var state: ClusterState

    private static let stateName = "cluster.json"
    nonisolated var environmentPath: String { path + "/cluster.env" }

    /// Makes the folder, or takes an empty one.
    init(making path: String, state: ClusterState) throws {
        self.path = path
        self.state = state
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try files.contentsOfDirectory(atPath: path).allSatisfy({ $0 == Self.lockName }) else {
            throw ClusterFailure("\(path) is not empty, and holds no cluster.")
        }
        // Servers of another account must be able to pass through, though not to look around.
        try files.setAttributes([.posixPermissions: state.account == nil ? 0o700 : 0o711], ofItemAtPath: path)
        try files.createDirectory(atPath: path + "/logs", withIntermediateDirectories: true)
        try Self.write(state, to: path)
    }

    /// Opens what an earlier run left.
    init(opening path: String) throws {
        guard let state = try Self.read(path) else { throw ClusterFailure("There is no cluster in \(path).") }
        self.path = path
        self.state = state
    }

    /// Nil when there is no cluster; throws when there is something unreadable.
    static func read(_ path: String) throws -> ClusterState? {
        let file = path + "/" + stateName
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try JSONDecoder().decode(ClusterState.self, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw ClusterFailure("\(file) cannot be read: \(error)")
        }
    }

    /// Takes up what another process wrote meanwhile.
    func reload() throws { if let state = try Self.read(path) { self.state = state } }

    func update(_ change: @Sendable (inout ClusterState) -> Void) throws {
        change(&state)
        try Self.write(state, to: path)
    }

    /// Does a step that is needed once in the life of the folder.
    func once(_ step: String, _ body: () async throws -> Void) async throws {
        guard !state.done.contains(step) else { return }
        try await body()
        try update { $0.done.insert(step) }
    }

    private static func write(_ state: ClusterState, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try PrivateFile.write(encoder.encode(state), to: path + "/" + stateName)
    }

    func writeEnvironment(_ file: EnvironmentFile) throws {
        try PrivateFile.write(Data(file.text.utf8), to: environmentPath)
    }

    /// A folder that belongs to the servers' account.
    nonisolated func makeFolder(_ name: String, for account: ServerAccount?) throws -> String {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
        try account?.own(folder)
        return folder
    }

    /// A file that the servers' account may read and change, and nobody else.
    nonisolated func write(_ text: String, to file: String, for account: ServerAccount?) throws {
        try PrivateFile.write(Data(text.utf8), to: file)
        try account?.own(file)
    }

    nonisolated func log(_ name: String) -> String { "\(path)/logs/\(name).log" }

    /// The last lines of a server's log.
    nonisolated func logTail(_ name: String) -> String {
        // A log that is missing says nothing.
        let text = (try? String(contentsOfFile: log(name), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(12).joined(separator: "\n")
    }
}

/// Files that others must not read.
enum PrivateFile {
    /// Replaces the file at once, mode 0600.
    static func write(_ content: Data, to path: String) throws {
        let draft = path + ".part"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ClusterFailure("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: content)
        try handle.close()
        guard rename(draft, path) == 0 else {
            throw ClusterFailure("\(path) cannot be replaced: \(String(cString: strerror(errno)))")
        }
    }
}
