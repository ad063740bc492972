import Crypto
import Foundation
import Kernel
import NIOCore
import TestDatabase
import Testing
import Videos

extension VideoStage {
    var scratch: String { folder + "/scratch" }

    func transcoding(_ engine: any MediaEngine) -> Transcoding {
        Transcoding(
            store: store, objects: objects, engine: engine, jobs: jobs, notices: notices, files: .onDisk,
            settings: .init(limits: MediaLimits(), scratch: scratch, lease: .seconds(60)),
            now: { [clock] in clock.now })
    }

    func claim() async throws -> LeasedJob? {
        try await jobs.claim([Transcoding.jobKind], worker: "w", lease: .seconds(60))
    }

    /// Leases the next job and performs it; what it threw.
    @discardableResult
    func work(_ engine: any MediaEngine, _ leased: LeasedJob? = nil) async throws -> (any Error)? {
        let next = try await claim()
        let job = try #require(leased ?? next)
        do {
            try await transcoding(engine).perform(JSON.decode(Transcoding.Order.self, job.payload), job)
            #expect(try await jobs.finish(job.lease, .done))
            return nil
        } catch {
            _ = try await jobs.finish(job.lease, .retry(after: .zero, reason: "\(error)"))
            return error
        }
    }

    func text(_ video: VideoID, _ path: String) async throws -> String? {
        let key = VideoObjects(tenant: owner.tenant, video: video).playback(path)
        guard let object = try await objects.get(key, range: nil) else { return nil }
        var bytes: [UInt8] = []
        for try await chunk in object.body { bytes += chunk.readableBytesView }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Paths of the package's files that are stored.
    func files(of video: VideoID) async throws -> [String] {
        let prefix = VideoObjects(tenant: owner.tenant, video: video).playback("")
        return try await keys(prefix).map { String($0.dropFirst(prefix.count)) }
    }

    func scratchNames() throws -> [String] {
        guard FileManager.default.fileExists(atPath: scratch) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: scratch)
    }
}

extension Transcoding.LocalFiles {
    static let onDisk = Transcoding.LocalFiles(
        makeEmptyDirectory: { path in
            if FileManager.default.fileExists(atPath: path) {
                try FileManager.default.removeItem(atPath: path)
            }
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        },
        remove: { path in
            guard FileManager.default.fileExists(atPath: path) else { return }
            try FileManager.default.removeItem(atPath: path)
        },
        names: { path in
            guard FileManager.default.fileExists(atPath: path) else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: path)
        },
        sha256: { path in
            let bytes = try Data(contentsOf: URL(filePath: path))
            return SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                .joined()
        })
}
