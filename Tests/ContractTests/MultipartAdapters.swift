import FileObjects
import Kernel
import Testing

/// Where a contract test of `MultipartStore` plays: an empty store, and a client that follows signed URLs.
struct MultipartStage: Sendable {
    let parts: any MultipartStore
    /// The same store, for what completed uploads become.
    let objects: any ObjectStore
    var abilities = StoreAbilities.all
    /// PUTs a body, saying that it has `length` bytes, to a URL of `partURL`.
    let send: @Sendable (_ url: SignedURL, _ body: ChunkedBody, _ length: Int64) async throws -> UploadedPart

    /// The upload with its handle, as everybody keeps it.
    func begun(_ upload: MultipartUpload = .sample()) async throws -> MultipartUpload {
        var upload = upload
        upload.handle = try await parts.begin(upload)
        return upload
    }
}

/// An adapter under the contract.
struct MultipartAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (MultipartStage) async throws -> Void) async throws -> Void

    static let all = [files] + (S3Server.current == nil ? [] : [s3])

    private static let files = MultipartAdapter(testDescription: "files") { test in
        try await withObjectFolder { folder in
            let store = try FileObjectStore.files(in: folder)
            try await test(
                MultipartStage(parts: store, objects: store) { url, body, length in
                    try await store.receive(url, body, length: length)
                })
        }
    }
}

/// An adapter under the contract of `SignedObjectEndpoint`.
struct SignedEndpointAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run:
        @Sendable (_ test: (any MultipartStore & SignedObjectEndpoint) async throws -> Void) async throws ->
            Void

    static let all = [files]

    private static let files = SignedEndpointAdapter(testDescription: "files") { test in
        try await withObjectFolder { try await test(try FileObjectStore.files(in: $0)) }
    }
}

extension SignedObjectEndpoint {
    /// Receives as the application does, for a client that sends what it should.
    func receive(_ url: SignedURL, _ body: ChunkedBody, length: Int64) async throws -> UploadedPart {
        let halves = url.url.split(separator: "?", maxSplits: 1).map(String.init)
        return try await receive(
            path: halves[0], query: halves[1], length: length, contentType: url.headers["Content-Type"],
            body: body)
    }
}

extension MultipartUpload {
    /// 2,500 bytes in parts of 1,000.
    static func sample(_ id: String = "upload-1", key: String = "videos/v/source") -> MultipartUpload {
        MultipartUpload(key: key, id: id, bytes: 2500, partBytes: 1000, contentType: "video/mp4")
    }

    var sampleBody: [UInt8] { sampleBytes(Int(bytes)) }

    func bytes(ofPart number: Int, seed: Int = 1) -> [UInt8] {
        let start = Int(partBytes) * (number - 1)
        return Array(sampleBytes(Int(bytes), seed: seed)[start..<(start + Int(length(ofPart: number)))])
    }
}
