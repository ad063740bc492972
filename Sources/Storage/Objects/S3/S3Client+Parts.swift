import Crypto
import Kernel
import NIOCore
import NIOHTTP1

/// The calls about uploads in parts; keys are whole keys.
extension S3Client {
    /// The store's id of the new upload. A lost answer leaves one behind, for `abortAll` or the bucket's own rule.
    func beginParts(of upload: MultipartUpload, key: String) async throws(Failure) -> String {
        var request = S3Request(method: .POST, key: key, query: [("uploads", "")])
        request.headers = [
            (ObjectHeaders.uploadHeader, upload.id),
            (ObjectHeaders.partBytesHeader, String(upload.partBytes)),
        ]
        if !upload.contentType.isEmpty { request.headers.append(("Content-Type", upload.contentType)) }
        request.repetition = .ifRefused
        guard let id = try await call(request).document().text(of: "UploadId"), !id.isEmpty else {
            throw .unavailable("The object store", cause: ObjectHeaders.Incomplete())
        }
        return id
    }

    /// The part's ETag.
    func sendPart(
        _ number: Int, of key: String, _ id: String, _ body: S3Request.Body
    ) async throws(Failure) -> String {
        var request = S3Request(method: .PUT, key: key, query: Self.query(ofPart: number, id))
        request.body = body
        guard let etag = try await call(request).headers.first(name: "ETag") else {
            throw .unavailable("The object store", cause: ObjectHeaders.Incomplete())
        }
        return ObjectHeaders.unquoted(etag)
    }

    static func query(ofPart number: Int, _ id: String) -> [(String, String)] {
        [("partNumber", String(number)), ("uploadId", id)]
    }

    /// By number; nil if the upload is not open.
    func parts(of key: String, _ id: String) async throws(Failure) -> [UploadedPart]? {
        var parts: [UploadedPart] = []
        var marker: String?
        while true {
            var request = S3Request(method: .GET, key: key, query: [("uploadId", id)])
            if let marker { request.query.append(("part-number-marker", marker)) }
            let document: XMLElement
            do throws(Failure) { document = try await call(request).document() } catch {
                guard error.answered?.isAbsent == true else { throw error }
                return nil
            }
            let page = document.all("Part").compactMap(UploadedPart.init(listed:))
            parts += page
            guard document.text(of: "IsTruncated") == "true", let last = page.last,
                last.number > Int(marker ?? "0") ?? 0
            else { return parts.sorted { $0.number < $1.number } }
            marker = String(last.number)
        }
    }

    /// Makes the object. The store may find an error after it has begun to answer success.
    func completeParts(of key: String, _ id: String, _ parts: [UploadedPart]) async throws(Failure) {
        let list = parts.map {
            "<Part><PartNumber>\($0.number)</PartNumber><ETag>\("\"\($0.etag)\"".escapedForXML)</ETag></Part>"
        }
        var request = S3Request(method: .POST, key: key, query: [("uploadId", id)])
        request.body = S3Request.document(
            "<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>")
        let reply = try await call(request)
        guard try reply.document().name != "Error" else {
            throw S3Error(status: 500, body: reply.body).failure
        }
    }

    /// Absent is fine.
    func abortParts(of key: String, _ id: String) async throws(Failure) {
        do {
            _ = try await call(S3Request(method: .DELETE, key: key, query: [("uploadId", id)]))
        } catch {
            guard error.answered?.isAbsent == true else { throw error }
        }
    }

    /// Every unfinished upload of the key; a store that cannot list them has none.
    func abortAll(of key: String) async throws(Failure) {
        let request = S3Request(method: .GET, query: [("uploads", ""), ("prefix", key)])
        let document: XMLElement
        do throws(Failure) { document = try await call(request).document() } catch {
            guard error.answered?.isUnsupported == true || error.answered?.isAbsent == true else {
                throw error
            }
            return
        }
        for upload in document.all("Upload") where upload.text(of: "Key") == key {
            guard let id = upload.text(of: "UploadId") else { continue }
            try await abortParts(of: key, id)
        }
    }
}

extension UploadedPart {
    fileprivate init?(listed element: XMLElement) {
        guard let number = element.text(of: "PartNumber").flatMap({ Int($0) }), number > 0,
            let etag = element.text(of: "ETag"), let bytes = element.text(of: "Size").flatMap({ Int64($0) })
        else { return nil }
        self.init(number: number, etag: ObjectHeaders.unquoted(etag), bytes: bytes)
    }
}
