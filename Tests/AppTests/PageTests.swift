import Foundation
import Testing

/// How the page is served: one small file that is asked for anew, all others for ever.
@Suite struct PageTests {
    @Test func thePageIsSmallAndItsFilesAreImmutable() async throws {
        try await RunningApp.shared { app in
            let client = APIClient(base: app.base)
            let page = try await client.send("GET", "/")
            let html = String(decoding: page.data, as: UTF8.self)
            #expect(page.status == 200)
            #expect(page.headers["cache-control"] == "no-cache")
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.contains("script-src 'self'") && !policy.contains("unsafe-inline"))
            #expect(!html.contains("{{assets}}") && !html.contains("style="))
            let tag = try #require(page.headers["etag"])
            #expect(try await client.send("GET", "/", headers: ["If-None-Match": tag]).status == 304)
            let assets = html.matches(of: /\/assets\/[0-9a-f]{16}\/[\w.\/-]+/).map { String($0.0) }
            #expect(assets.count >= 3)
            for asset in Set(assets) {
                let file = try await client.send("GET", asset)
                #expect(file.status == 200, "\(asset)")
                #expect(file.headers["cache-control"] == "public, max-age=31536000, immutable")
                #expect(file.headers["x-content-type-options"] == "nosniff")
            }
            let old = try #require(assets.first).replacing(
                /assets\/[0-9a-f]{16}/, with: "assets/0000000000000000")
            #expect(try await client.send("GET", old).status == 404)
            let escape = try await client.send(
                "GET", assets[0].replacing(/[^\/]+$/, with: "..%2f..%2fREADME.md"))
            // A gateway does not even pass it on.
            #expect(escape.status == (TestStage.current.hasGateway ? 400 : 404))
        }
    }
}
