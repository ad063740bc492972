import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The web page out of memory: one digest names the whole tree, so every file but the first is immutable.
struct PageRoutes: Sendable {
    private struct File: Sendable {
        let contentType: String
        let bytes: ByteBuffer
    }

    private static let contentTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon",
        "webmanifest": "application/manifest+json", "woff2": "font/woff2",
    ]
    private static let maximumFileBytes = 4 << 20

    /// No inline script or style, nothing from elsewhere; media come from this origin or from the player's buffers.
    private static func contentPolicy(connectingTo others: String) -> String {
        """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
        media-src 'self' blob:; connect-src 'self'\(others); font-src 'self'; manifest-src 'self'; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'
        """
    }

    private let files: [String: File]
    private let index: ByteBuffer
    private let indexTag: String
    private let digest: String
    private let contentPolicy: String

    /// Reads the folder once. `internal` failure if it holds no index.html. `objectOrigin` is where the page sends the
    /// parts of uploads, if that is not its own origin.
    init(folder: String, objectOrigin: String?) throws {
        contentPolicy = Self.contentPolicy(connectingTo: objectOrigin.map { " " + $0 } ?? "")
        let folder = URL(filePath: folder).resolvingSymlinksInPath().path(percentEncoded: false)
        var files: [String: File] = [:]
        var hash = SHA256()
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        for name in names {
            let suffix = (name as NSString).pathExtension
            guard let contentType = Self.contentTypes[suffix] else { continue }
            let content = try Data(contentsOf: URL(filePath: folder + "/" + name))
            guard content.count <= Self.maximumFileBytes else { continue }
            hash.update(data: Data(name.utf8))
            hash.update(data: content)
            files[name] = File(contentType: contentType, bytes: ByteBuffer(bytes: content))
        }
        digest = hash.finalize().prefix(8).map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
        guard let page = files.removeValue(forKey: "index.html") else {
            throw Failure(.internal, "page_missing", "There is no index.html in \(folder) (http.web).")
        }
        index = ByteBuffer(
            string: String(buffer: page.bytes).replacing("{{assets}}", with: "/assets/\(digest)"))
        indexTag = "\"\(digest)\""
        self.files = files
    }

    var routes: [Route] {
        [
            Route(.get, "/", access: .open, handler: page),
            // A link for guests opens the same page; what it may show is asked for under /v1/shared.
            Route(.get, "/shared/{token}", access: .open, handler: page),
            Route(.get, "/assets/{digest}/{path+}", access: .open, handler: asset),
        ]
    }

    @Sendable private func page(_ exchange: Exchange) async throws -> Response {
        let headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache", .eTag: indexTag,
            .contentSecurityPolicy: contentPolicy,
        ]
        if exchange.request.headers[.ifNoneMatch] == indexTag {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: index))
    }

    @Sendable private func asset(_ exchange: Exchange) async throws -> Response {
        // An older digest means an older page: it must load anew rather than mix two versions.
        guard exchange.context.parameters.get("digest") == digest, let file = files[exchange.trailingPath]
        else {
            throw Failure.notFound("file")
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: file.contentType, .cacheControl: "public, max-age=31536000, immutable",
                .contentSecurityPolicy: contentPolicy,
            ], body: ResponseBody(byteBuffer: file.bytes))
    }
}
