/// What the readers of one profile find; shared by them, and by one thread only.
final class DecodingLog {
    struct Secret {
        let keyPath: String
        let reference: SecretReference
        let need: SecretNeed
        let origin: ProfileOrigin?
    }

    /// Empty while there is no file and keys are only described.
    let file: String
    private(set) var problems: [ProfileProblem] = []
    private(set) var keys: [ProfileKey] = []
    private(set) var secrets: [Secret] = []
    private var origins: [String: ProfileOrigin] = [:]
    private var failed: Set<String> = []

    init(file: String) { self.file = file }

    func declare(_ key: ProfileKey) { keys.append(key) }

    func accept(_ keyPath: String, _ value: PrintedValue, from origin: ProfileOrigin?) {
        origins[keyPath] = origin
        guard let index = keys.lastIndex(where: { $0.path == keyPath }) else { return }
        keys[index].value = value.line
        keys[index].origin = origin
    }

    func accept(secret: SecretReference, _ need: SecretNeed, _ keyPath: String) {
        secrets.append(Secret(keyPath: keyPath, reference: secret, need: need, origin: origins[keyPath]))
    }

    /// Rules about this key are not tried: it has no value.
    func fail(_ keyPath: String) { failed.insert(keyPath) }

    func report(_ keyPath: String, _ message: String, nearest: String? = nil, at origin: ProfileOrigin) {
        fail(keyPath)
        problems.append(origin.problem(in: file, keyPath, message, nearest: nearest))
    }

    /// A rule about several keys, told at the first; passed over if one of them has no value.
    func require(_ keyPaths: [String], _ holds: Bool, _ message: String) {
        guard !holds, failed.isDisjoint(with: keyPaths), let first = keyPaths.first else { return }
        let origin = keyPaths.lazy.compactMap { self.origins[$0] }.first
        problems.append(
            origin?.problem(in: file, first, message)
                ?? ProfileProblem(file: file, keyPath: first, message: message))
    }
}
