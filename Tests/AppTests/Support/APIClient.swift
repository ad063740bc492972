import Foundation
import FoundationNetworking
import Testing

/// A client as anybody would write one: JSON over HTTP, nothing of the program's own types.
struct APIClient: Sendable {
    var base: URL
    var token: String?
    /// Of all who are to see what the others did, as soon as those were answered.
    var place: SharedPlace?

    /// The same person, who knows of nobody else's requests: the server alone keeps the person's own place.
    var alone: APIClient { APIClient(base: base, token: token) }
    /// Somebody without a session, who sees what this one did.
    var guest: APIClient { APIClient(base: base, place: place) }

    struct Answer: @unchecked Sendable {  // JSON values are immutable once decoded.
        let status: Int
        let headers: [String: String]
        let data: Data
        let json: [String: Any]

        subscript(_ path: String) -> Any? {
            path.split(separator: ".").reduce(json as Any?) { value, key in
                (value as? [String: Any])?[String(key)]
            }
        }
        func text(_ path: String) throws -> String {
            try #require(self[path] as? String, "\(path) in \(json)")
        }
        var code: String? { self["code"] as? String }
    }

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        configuration.timeoutIntervalForRequest = 60
        return URLSession(configuration: configuration)
    }()

    func send(
        _ method: String, _ path: String, _ body: Any? = nil, headers: [String: String] = [:],
        raw: Data? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: URL(string: path, relativeTo: base)!)
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        if let body {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try JSONSerialization.data(withJSONObject: body, options: .sortedKeys)
        }
        if let raw { request.httpBody = raw }
        place?.apply(to: &request)
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await Self.session.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        var headers: [String: String] = [:]
        for (name, value) in http.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
        if let seen = headers["consistency-token"] { place?.merge(seen) }
        // Not every answer is JSON.
        let json = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
        return Answer(status: http.statusCode, headers: headers, data: data, json: json)
    }

    static let password = "correct horse"

    /// A client of a new team's owner.
    static func signedUp(
        _ base: URL, email: String = "\(UUID().uuidString)@example.com", isolation: String? = nil
    ) async throws -> APIClient {
        var client = APIClient(base: base, place: SharedPlace())
        var body: [String: Any] = [
            "name": "Acme", "owner": ["email": email, "name": "Ann", "password": password],
        ]
        if let isolation { body["isolation"] = isolation }
        let answer = try await client.send("POST", "/v1/tenants", body)
        #expect(answer.status == 201, "\(answer.json)")
        client.token = try answer.text("session.accessToken")
        return client
    }

    /// Announces a file. Gives the answer of `POST /v1/videos`.
    func announce(
        _ file: Data, title: String = "Film", filename: String = "film.mp4", more: [String: Any] = [:],
        key: String? = nil
    ) async throws -> Answer {
        var body: [String: Any] = [
            "title": title, "filename": filename, "bytes": file.count, "contentType": "video/mp4",
        ]
        body.merge(more) { _, new in new }
        return try await send("POST", "/v1/videos", body, headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    /// Sends the parts that are missing and completes; does the same again after any crash.
    func finish(upload id: String, _ file: Data) async throws -> Answer {
        let upload = try await send("GET", "/v1/uploads/\(id)")
        // Thrown, not required: a failed requirement counts as told, even where it is tried again.
        guard upload.status == 200 else { throw StageFailure("\(upload.json) at \(base)") }
        if upload["state"] as? String == "completed" {
            return try await send("POST", "/v1/uploads/\(id)/complete", ["parts": [Any]()])
        }
        var parts = (upload["received"] as? [[String: Any]] ?? []).map {
            ["number": $0["number"]!, "etag": $0["etag"]!]
        }
        let size = try #require(upload["partBytes"] as? Int)
        for part in upload["parts"] as? [[String: Any]] ?? [] {
            let number = try #require(part["number"] as? Int)
            let start = (number - 1) * size
            let answer = try await APIClient(base: base).send(
                "PUT", try #require(part["url"] as? String),
                headers: part["headers"] as? [String: String] ?? [:],
                raw: file.subdata(in: start..<min(start + size, file.count)))
            guard answer.status == 200 else { throw StageFailure("part \(number): \(answer.json)") }
            parts.append(["number": number, "etag": try #require(answer.headers["etag"])])
        }
        return try await send("POST", "/v1/uploads/\(id)/complete", ["parts": parts])
    }

    /// Uploads a file from announcement to completion; the video's id.
    func upload(_ file: Data, title: String = "Film", filename: String = "film.mp4") async throws -> String {
        let announced = try await announce(file, title: title, filename: filename)
        try #require(announced.status == 201, "\(announced.json)")
        let done = try await finish(upload: announced.text("upload.id"), file)
        #expect(done.status == 202, "\(done.json)")
        return try announced.text("video.id")
    }

    /// The answer, once there is one of who can give it: processes that were killed or cut off may just be coming back.
    func served(_ method: String, _ path: String) async throws -> Answer {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let answer = try await send(method, path)
            guard (502...504).contains(answer.status), ContinuousClock.now < end else { return answer }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The video once it is `ready` or `failed`.
    func settled(_ video: String, within seconds: Int = 120) async throws -> Answer {
        for _ in 0..<(seconds * 10) {
            let answer = try await served("GET", "/v1/videos/\(video)")
            let state = answer["state"] as? String
            if answer.status != 200 || state == "ready" || state == "failed" { return answer }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Timeout(what: "video \(video) did not settle")
    }

    struct Timeout: Error { let what: String }
}
