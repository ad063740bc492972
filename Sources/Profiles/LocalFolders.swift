import Crypto
import Foundation
import Kernel
import Videos

/// Folders and files on this machine's disk.
enum LocalFolders {
    static func make(_ path: String) throws {
        // What is in it is the product's alone; what exists already keeps its owner's choice.
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    static func make(parentOf path: String) throws {
        let parent = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        try make(parent)
    }
}

extension Transcoding.LocalFiles {
    /// Bytes hashed at once.
    private static let chunk = 1 << 20

    /// On the disk of this machine; blocking calls run beside the cooperative pool.
    static var onDisk: Self {
        Self(
            makeEmptyDirectory: { path in
                try await blocking {
                    if FileManager.default.fileExists(atPath: path) {
                        try FileManager.default.removeItem(atPath: path)
                    }
                    try LocalFolders.make(path)
                }
            },
            remove: { path in
                try await blocking {
                    if FileManager.default.fileExists(atPath: path) {
                        try FileManager.default.removeItem(atPath: path)
                    }
                }
            },
            names: { path in
                try await blocking {
                    guard FileManager.default.fileExists(atPath: path) else { return [] }
                    return try FileManager.default.contentsOfDirectory(atPath: path)
                }
            },
            sha256: { path in
                try await blocking {
                    let file = try FileHandle(forReadingFrom: URL(filePath: path))
                    defer { try? file.close() }  // Read to its end: nothing can be lost by closing.
                    var hash = SHA256()
                    while let part = try file.read(upToCount: chunk), !part.isEmpty {
                        hash.update(data: part)
                    }
                    return hash.finalize().map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
                }
            })
    }

    private static func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
        }
    }
}
