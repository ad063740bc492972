import Glibc
package import Kernel

extension FileObjectStore: SignedObjectEndpoint {
    package var pathPrefix: String { URLSigner.pathPrefix }

    package func receive(
        path: String, query: String, length: Int64?, contentType: String?, body: ObjectBody
    ) async throws -> UploadedPart {
        // No length was signed as -1, so a request without one has no valid signature.
        let length = length ?? -1
        let ticket = try signer.ticket(
            path: path, query: query, length: length, contentType: contentType ?? "", now: now())
        let permit = try transfers.take()
        defer { withExtendedLifetime(permit) {} }
        let claim = try await pool.run { try self.claim(ticket, length: length) }
        try await claim.writer.receive(body)
        return try await pool.run { try claim.finish(length: length) }
    }

    private func claim(_ ticket: URLSigner.Ticket, length: Int64) throws -> PartClaim {
        do {
            guard let upload = try UploadFolder(id: ticket.upload, in: uploads) else {
                throw Failure.notFound("upload")
            }
            try requireSpace(for: length)
            return try PartClaim(ticket.number, length: length, of: upload, pool: pool)
        } catch let error as FileError where error.code == ENOENT {
            // It was aborted between two of these steps.
            throw Failure.notFound("upload")
        }
    }
}
