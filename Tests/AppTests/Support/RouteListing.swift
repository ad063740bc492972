import Foundation
import Logging
import Profiles
import Telemetry
import Testing

@testable import App

/// The routes that the program registers, as `METHOD /path`.
enum RouteListing {
    static func all() async throws -> Set<String> {
        let repository = RunningApp.repository.path(percentEncoded: false)
        let folder = FileManager.default.temporaryDirectory.appending(path: "routes-\(UUID().uuidString)")
        let data = folder.path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(at: folder) }  // In the temporary folder it harms nobody.
        let profile = try ProfileLoader.load(
            nameOrFile: repository + "profiles/seed.yaml",
            overrides: [
                "http.web=\(repository)web", "http.schemas=\(repository)schemas",
                "relational.sqlite.path=\(data)/db.sqlite", "objects.files.path=\(data)/objects",
                "objects.files.signingKey=file:\(data)/a.key", "identity.tokenKey=file:\(data)/b.key",
                "playback.signingKey=file:\(data)/c.key",
            ], checkSecrets: false
        ).profile
        let (metrics, logger) = (MetricRegistry(), Logger(label: "test"))
        let backend = try await Assembly(profile, metrics: metrics, logger: logger).backend()
        let inFlight = InFlight(limit: 1)
        let server = APIServer(
            profile: profile, backend: backend,
            domain: Domain(profile: profile, backend: backend, inFlight: inFlight), inFlight: inFlight,
            metrics: metrics, logger: logger)
        let routes = try server.table().routes.map { route in
            "\(route.method) \(route.path.replacing("{path+}", with: "{path}"))"
        }
        await backend.machinery.close()
        return Set(routes)
    }
}
