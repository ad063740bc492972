package import Kernel

extension FileObjectStore: ObjectStore {
    package func put(
        _ key: String, body: ObjectBody, length: Int64, contentType: String
    ) async throws -> ObjectStat {
        let key = try ObjectKey(key)
        try Self.require(contentType: contentType)
        guard length >= 0 else { throw Failure.partMismatch("A length is not negative.") }
        let permit = try transfers.take()
        defer { withExtendedLifetime(permit) {} }
        let staged = try await pool.run {
            try self.requireSpace(for: length)
            return try StagedFile(in: self.staging, pool: self.pool)
        }
        let writer = FileWriter(staged.file, length: length, pool: pool)
        try await writer.receive(body)
        let stat = ObjectStat(bytes: length, etag: writer.etag, contentType: contentType, modified: now())
        try await place(staged, as: key, stat)
        return stat
    }

    package func put(_ key: String, movingFile path: String, contentType: String) async throws -> ObjectStat {
        let object = try ObjectKey(key)
        try Self.require(contentType: contentType)
        let (file, length) = try await pool.run { try Self.openRegularFile(path) }
        let linked = try await pool.run { try self.linked(path, file) }
        let stat: ObjectStat
        if let linked {
            let etag = try await FileHash.etag(of: file, length: length, pool: pool)
            stat = ObjectStat(bytes: length, etag: etag, contentType: contentType, modified: now())
            try await place(linked, as: object, stat)
        } else {
            let body = FileBody(file, range: 0..<length, pool: pool, permit: nil)
            stat = try await put(key, body: body, length: length, contentType: contentType)
        }
        // The object is there; a source that stays behind is its owner's to remove.
        try? await pool.run { try Folder.remove(path: path) }
        return stat
    }

    private static func openRegularFile(_ path: String) throws -> (FileDescriptor, Int64) {
        let file = try FileDescriptor(path: path)
        guard try file.isRegular() else { throw Failure.invalid("path", "not_a_file", "This is not a file.") }
        return (file, try file.size())
    }

    /// Nil if the file is on another filesystem.
    private func linked(_ path: String, _ file: FileDescriptor) throws -> StagedFile? {
        do {
            return try StagedFile(linking: path, file, in: staging, pool: pool)
        } catch let error as FileError where ObjectTree.refusesLinks(error) {
            return nil
        }
    }

    private func place(_ staged: StagedFile, as key: ObjectKey, _ stat: ObjectStat) async throws {
        try await pool.run {
            try staged.file.sync()
            try self.tree.commit(key, stat) { try staged.move(to: $0, as: $1) }
        }
    }

    package func get(_ key: String, range: ByteRange?) async throws -> StoredObject? {
        let key = try ObjectKey(key)
        let permit = try transfers.take()
        guard let (record, file) = try await pool.run({ try self.tree.open(key) }) else { return nil }
        let whole = 0..<record.stat.bytes
        guard let part = range.map({ $0.clamped(to: record.stat.bytes) }) ?? whole else {
            throw Failure(.invalid, "invalid_range", "The object has only \(record.stat.bytes) bytes.")
        }
        let body = FileBody(file, range: part, pool: pool, permit: permit)
        return StoredObject(stat: record.stat, range: part, body: body)
    }

    package func stat(_ key: String) async throws -> ObjectStat? {
        let key = try ObjectKey(key)
        return try await pool.run { try self.tree.record(of: key)?.stat }
    }

    package func list(prefix: String, after: String?, limit: Int) async throws -> [String] {
        let prefix = try ObjectPrefix(prefix)
        return try await pool.run { try self.tree.list(prefix, after: after, limit: limit) }
    }

    package func delete(prefix: String) async throws {
        let prefix = try ObjectPrefix(prefix)
        try prefix.requireSome()
        try await pool.run { try self.tree.delete(prefix) }
    }

    package func materialise(_ key: String, at path: String) async throws {
        let object = try ObjectKey(key)
        if try await pool.run({ try self.tree.link(object, to: path) }) { return }
        guard let stored = try await get(key, range: nil) else { throw Failure.notFound("object") }
        let copy = try await pool.run { try Folder.newFile(path: path) }
        do {
            try await FileWriter(copy, length: stored.stat.bytes, pool: pool).receive(stored.body)
        } catch {
            // The first error is the one to tell.
            try? await pool.run { try Folder.remove(path: path) }
            throw error
        }
    }

    /// The application serves these files itself.
    package func readURL(_ key: String, expiry: Timestamp) throws -> SignedURL? {
        _ = try ObjectKey(key)
        return nil
    }
}
