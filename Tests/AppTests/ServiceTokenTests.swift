import Foundation
import Testing

/// Who may call a process that answers the API.
@Suite struct ServiceTokenTests {
    @Test func `behind a gateway an api answers it alone, and tells balancers that it is well`() async throws
    {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            for process in app.processes where process.roles.contains("api") && process.port != app.port {
                let address = try #require(URL(string: "http://127.0.0.1:\(process.port)"))
                var direct = client
                direct.base = address
                for forged in [nil, "", "Bearer x", "eyJhbGciOiJub25lIn0.e30."] {
                    let headers = forged.map { ["X-Service-Token": $0] } ?? [:]
                    let refused = try await direct.send("GET", "/v1/videos", headers: headers)
                    #expect(refused.status == 401 && refused.code == "service_unauthenticated")
                }
                #expect(try await direct.send("GET", "/readyz").status == 200)
            }
            // What a client says of itself is not passed on.
            let forged = ["X-Service-Token": "eyJhbGciOiJub25lIn0.e30."]
            #expect(try await client.send("GET", "/v1/videos", headers: forged).status == 200)
        }
    }
}
