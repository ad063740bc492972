import FileObjects
import Foundation
import Kernel
import NIOCore
import Testing

/// Where a contract test of `ObjectStore` plays: an empty store, and a folder for files beside it.
struct ObjectStoreStage: Sendable {
    let store: any ObjectStore
    let folder: String
    var abilities = StoreAbilities.all

    /// Those of `keys` that can be there together.
    func possible(_ keys: [String]) -> [String] {
        abilities.contains(.nestedKeys)
            ? keys : keys.filter { key in !keys.contains { $0.hasPrefix(key + "/") } }
    }
}

/// What some servers behind an adapter lack of the contract, though the adapter does its part.
struct StoreAbilities: OptionSet, Sendable {
    static let all: StoreAbilities = [.nestedKeys, .replacedParts, .undisturbedReaders]
    /// Keeps an object `a` beside `a/b`; a server over folders does not.
    static let nestedKeys = StoreAbilities(rawValue: 1)
    /// Takes a part again with other bytes; a server that passes parts on as they come does not.
    static let replacedParts = StoreAbilities(rawValue: 2)
    /// A reader gets the bytes that its answer's headers speak of, whoever writes meanwhile.
    static let undisturbedReaders = StoreAbilities(rawValue: 4)

    let rawValue: Int
}

/// An adapter under the contract.
struct ObjectStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (ObjectStoreStage) async throws -> Void) async throws -> Void

    static let all = [files] + (S3Server.current == nil ? [] : [s3])

    private static let files = ObjectStoreAdapter(testDescription: "files") { test in
        try await withObjectFolder { folder in
            try await test(ObjectStoreStage(store: try .files(in: folder), folder: folder))
        }
    }
}

extension FileObjectStore {
    static func files(in folder: String) throws -> FileObjectStore {
        try FileObjectStore(
            Configuration(
                root: folder + "/store", signingKey: Array("a key for contract tests".utf8),
                maximumTransfers: 64,
                minimumFreeBytes: 0))
    }
}

extension ObjectStore where Self == FileObjectStore {
    static func files(in folder: String) throws -> FileObjectStore { try FileObjectStore.files(in: folder) }
}

/// A folder that goes with the test; in memory where that is to be had, because durable writes are slow
/// elsewhere.
func withObjectFolder(_ test: (String) async throws -> Void) async throws {
    let memory = "/dev/shm"
    let parent =
        FileManager.default.isWritableFile(atPath: memory)
        ? URL(filePath: memory) : FileManager.default.temporaryDirectory
    let folder = parent.appending(path: "objects-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // What cannot be removed is the machine's to sweep.
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await test(folder)
}

/// A body in given chunks, which may break off.
struct ChunkedBody: AsyncSequence, Sendable {
    typealias Failure = any Error
    struct BrokeOff: Error {}

    var chunks: [[UInt8]]
    var breaksOff = false

    init(_ bytes: [UInt8], chunk: Int = 1000, breaksOff: Bool = false) {
        chunks = stride(from: 0, to: bytes.count, by: chunk).map { Array(bytes[$0...].prefix(chunk)) }
        self.breaksOff = breaksOff
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        let breaksOff: Bool

        mutating func next() async throws -> ByteBuffer? {
            if let chunk = rest.popFirst() { return ByteBuffer(bytes: chunk) }
            if breaksOff { throw BrokeOff() }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: chunks[...], breaksOff: breaksOff) }
}

/// The code of the failure that `body` throws; nil if it throws none.
func failureCode(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? Failure)?.code ?? "not a Failure: \(error)"
    }
}

/// Bytes that look like no others of another seed.
func sampleBytes(_ count: Int, seed: Int = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ seed &* 57) }
}

extension ObjectStore {
    @discardableResult
    func put(_ key: String, _ bytes: [UInt8], type: String = "video/mp4") async throws -> ObjectStat {
        try await put(key, body: ChunkedBody(bytes), length: Int64(bytes.count), contentType: type)
    }

    /// The bytes in `range`; nil if the object is absent.
    func bytes(_ key: String, _ range: ByteRange? = nil) async throws -> [UInt8]? {
        try await get(key, range: range)?.allBytes()
    }
}

extension StoredObject {
    func allBytes() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body { bytes += chunk.readableBytesView }
        return bytes
    }
}

extension ObjectStat {
    /// Times are told to the second, and a little later by some; a busy machine makes that long.
    func isSame(as other: ObjectStat) -> Bool {
        bytes == other.bytes && etag == other.etag && contentType == other.contentType
            && abs((modified - other.modified).inMilliseconds) <= 30_000
    }
}
