import FileObjects
import Foundation
import Kernel
import NIOCore

/// A store in a folder of its own, which goes with the test.
struct StoreFixture: Sendable {
    static let key = Array("sixteen bytes or more".utf8)

    let folder: String
    let store: FileObjectStore

    var root: String { folder + "/store" }

    static func with(
        maximumTransfers: Int = 64, minimumFreeBytes: Int64 = 0,
        now: @escaping @Sendable () -> Timestamp = { .now() }, _ test: (StoreFixture) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "file-objects-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What cannot be removed is the machine's to sweep.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try opened(
            folder + "/store", maximumTransfers: maximumTransfers, minimumFreeBytes: minimumFreeBytes,
            now: now)
        try await test(StoreFixture(folder: folder, store: store))
    }

    static func opened(
        _ root: String, maximumTransfers: Int = 64, minimumFreeBytes: Int64 = 0, key: [UInt8] = key,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws -> FileObjectStore {
        try FileObjectStore(
            .init(
                root: root, signingKey: key, maximumTransfers: maximumTransfers,
                minimumFreeBytes: minimumFreeBytes),
            now: now)
    }

    /// Another process's view: a second store on the same root.
    func another() throws -> FileObjectStore { try Self.opened(root) }

    func path(_ name: String) -> String { root + "/" + name }

    func names(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}

/// A body made of chunks that are given as they are asked for.
struct GivenBody: AsyncSequence, Sendable {
    typealias Failure = any Error
    /// Nil at the end.
    let chunk: @Sendable (_ index: Int) async throws -> ByteBuffer?

    init(_ bytes: [UInt8]) { chunk = { $0 == 0 ? ByteBuffer(bytes: bytes) : nil } }

    init(_ chunk: @escaping @Sendable (Int) async throws -> ByteBuffer?) { self.chunk = chunk }

    struct AsyncIterator: AsyncIteratorProtocol {
        let chunk: @Sendable (Int) async throws -> ByteBuffer?
        var index = 0

        mutating func next() async throws -> ByteBuffer? {
            defer { index += 1 }
            return try await chunk(index)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunk: chunk) }
}

extension FileObjectStore {
    @discardableResult
    func put(_ key: String, _ bytes: [UInt8]) async throws -> ObjectStat {
        try await put(key, body: GivenBody(bytes), length: Int64(bytes.count), contentType: "video/mp4")
    }

    func bytes(_ key: String) async throws -> [UInt8]? {
        guard let object = try await get(key, range: nil) else { return nil }
        var bytes: [UInt8] = []
        for try await chunk in object.body { bytes += chunk.readableBytesView }
        return bytes
    }

    @discardableResult
    func send(_ upload: MultipartUpload, _ number: Int, _ body: GivenBody? = nil) async throws -> UploadedPart
    {
        let url = try partURL(upload, number: number, expiry: .now() + .seconds(60))
        let halves = url.url.split(separator: "?").map(String.init)
        return try await receive(
            path: halves[0], query: halves[1], length: upload.length(ofPart: number),
            contentType: upload.contentType, body: body ?? GivenBody(upload.bytes(ofPart: number)))
    }

    func sendAll(_ upload: MultipartUpload) async throws -> [UploadedPart.Reference] {
        var references: [UploadedPart.Reference] = []
        for number in 1...upload.partCount {
            references.append(.init(number: number, etag: try await send(upload, number).etag))
        }
        return references
    }
}

extension MultipartUpload {
    /// 2,500 bytes in parts of 1,000.
    static let sample = MultipartUpload(
        key: "videos/v/source", id: "upload-1", bytes: 2500, partBytes: 1000, contentType: "video/mp4")

    var allBytes: [UInt8] { (0..<Int(bytes)).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    func bytes(ofPart number: Int) -> [UInt8] {
        Array(allBytes[(Int(partBytes) * (number - 1))...].prefix(Int(length(ofPart: number))))
    }
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
