import Foundation

/// A team of one person, made over the API.
struct SignUp: Sendable {
    let port: Int

    private struct Entry: Decodable {
        struct Session: Decodable { let accessToken: String }
        let session: Session
    }

    private struct Room: Decodable { let id: String }

    /// Opens what the person may do.
    func token() async throws -> String {
        try await onThread {
            let body = """
                {"name":"Bench","owner":{"email":"bench-\(UUID())@example.com","name":"Bench",\
                "password":"correct horse battery staple"}}
                """
            let answer = try KeepAliveClient(port: port).ask(
                "POST", "/v1/tenants", headers: ["Idempotency-Key": "\(UUID())"], body: body)
            guard answer.status == 201 else {
                throw RunFailure("nobody could sign up: \(String(decoding: answer.body, as: UTF8.self))")
            }
            return try JSONDecoder().decode(Entry.self, from: Data(answer.body)).session.accessToken
        }
    }

    /// A room of the team, open to all of it.
    func room(_ token: String) async throws -> String {
        try await onThread {
            let answer = try KeepAliveClient(port: port).ask(
                "POST", "/v1/rooms",
                headers: ["Idempotency-Key": "\(UUID())", "Authorization": "Bearer \(token)"],
                body: #"{"kind":"team","title":"Bench"}"#)
            guard answer.status == 201 else {
                throw RunFailure("no room was made: \(String(decoding: answer.body, as: UTF8.self))")
            }
            return try JSONDecoder().decode(Room.self, from: Data(answer.body)).id
        }
    }
}
