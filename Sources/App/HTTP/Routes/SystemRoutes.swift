import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// What machines ask: health, keys, the description of the API, and the schemas of events.
struct SystemRoutes: Sendable {
    let readiness: Readiness
    let publicKeys: String
    let catalogue: SchemaCatalogue
    let openAPI: ByteBuffer

    var routes: [Route] {
        [
            Route(.get, "/livez", access: .open, handler: live),
            Route(.get, "/readyz", access: .open, handler: ready),
            Route(.get, "/openapi.json", access: .open, handler: description),
            Route(.get, "/.well-known/jwks.json", access: .open, handler: keys),
            Route(.get, "/v1/schemas", access: .open, handler: schemas),
            Route(.get, "/v1/schemas/{type}/{version}", access: .open, handler: schema),
        ]
    }

    @Sendable private func live(_ exchange: Exchange) async throws -> Response {
        .json { $0.field("status", "ok") }
    }

    @Sendable private func ready(_ exchange: Exchange) async throws -> Response {
        await readiness.response()
    }

    @Sendable private func description(_ exchange: Exchange) async throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "public, max-age=300"],
            body: ResponseBody(byteBuffer: openAPI))
    }

    @Sendable private func keys(_ exchange: Exchange) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/jwk-set+json", .cacheControl: "public, max-age=300"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: publicKeys)))
    }

    @Sendable private func schemas(_ exchange: Exchange) async throws -> Response {
        .json { json in
            json.array("items", catalogue.entries) { json, entry in
                json.object {
                    $0.field("type", entry.type)
                    $0.field("version", entry.version)
                    $0.field("url", "/v1/schemas/\(entry.type)/\(entry.version)")
                }
            }
        }
    }

    @Sendable private func schema(_ exchange: Exchange) async throws -> Response {
        guard let type = exchange.context.parameters.get("type"),
            let version = exchange.context.parameters.get("version").flatMap(Int.init),
            let entry = catalogue.entries.first(where: { $0.type == type && $0.version == version })
        else { throw Failure.notFound("schema") }
        return Response(
            status: .ok,
            headers: [.contentType: "application/schema+json", .cacheControl: "public, max-age=3600"],
            body: ResponseBody(byteBuffer: entry.document))
    }
}

/// The JSON Schemas of all events, one file `TYPE.VERSION.json` each.
struct SchemaCatalogue: Sendable {
    struct Entry: Sendable {
        let type: String
        let version: Int
        let document: ByteBuffer
    }

    let entries: [Entry]

    init(folder: String) throws {
        entries = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
            let parts = name.split(separator: ".")
            guard parts.count >= 3, parts.last == "json", let version = Int(parts[parts.count - 2]) else {
                return nil
            }
            let content = try Data(contentsOf: URL(filePath: folder + "/" + name))
            return Entry(
                type: parts.dropLast(2).joined(separator: "."), version: version,
                document: ByteBuffer(bytes: content))
        }
    }
}
