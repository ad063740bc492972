import Testing

@testable import Profiles

@Suite struct OverrideTests {
    @Test("--set replaces a value, as YAML would write it") func replaces() throws {
        let profile = try SampleProfile.decode(overrides: [
            "http.port=0", "http.allowedOrigins=[https://a.example, https://b.example]",
            "directory.region='5'",
            "admin={host: localhost, port: 9000}", "secrets.createMissing=true", "http.port=8090",
        ]).profile
        #expect(profile.http.port == 8090)
        #expect(profile.http.allowedOrigins == ["https://a.example", "https://b.example"])
        #expect(profile.directory.region == "5")
        #expect(profile.admin.host == "localhost")
        #expect(profile.secrets.createMissing)
    }

    @Test("--set supplies what the file leaves out") func supplies() throws {
        let text = try SampleProfile.edited([("admin:\n  host: 127.0.0.1\n  port: 8081\n", "admin:\n")])
        let profile = try SampleProfile.decode(text, overrides: ["admin.host=::1", "admin.port=1"]).profile
        #expect(profile.admin == AdminSettings(host: "::1", port: 1))
    }

    @Test("--role replaces the roles of the file") func roles() throws {
        #expect(try SampleProfile.decode(roles: [.worker]).profile.roles == [.worker])
        #expect(
            SampleProfile.complaint(roles: [])
                == "--role: roles: must name at least one of: api, chat, worker, projector, scheduler, relay, gateway, scaler"
        )
    }

    @Test(
        "what is wrong with --set is told under its name",
        arguments: [
            ("http.prot=1", #"--set http.prot: unknown key; did you mean "http.port"?"#),
            (
                "scryptRounds=2",
                #"--set scryptRounds: unknown key; did you mean "identity.passwordHash.scryptRounds"?"#
            ),
            ("port=2", "--set port: unknown key; there is http.port, admin.port"),
            ("colour=red", "--set colour: unknown key"),
            ("http.port", "--set http.port: must be KEY=VALUE, such as http.port=8080"),
            ("=1", "--set =1: must be KEY=VALUE, such as http.port=8080"),
            ("http.port=web", #"--set http.port: must be a number from 0 to 65535, is "web""#),
            ("http.port=", "--set http.port: must be a number from 0 to 65535, is empty"),
            ("http.port=[", "--set http.port: not valid YAML: did not find expected node content"),
            ("http.idleTimeout=5", "--set http.idleTimeout: has no unit; write 5 and one of: ms, s, m, h, d"),
            ("admin={host: a, prot: 1}", #"--set admin: admin.prot: unknown key; did you mean "port"?"#),
            (
                "admin.port=8080",
                "--set admin.port: 127.0.0.1:8080 is taken by http (127.0.0.1:8080)"
            ),
            (
                "identity.tokenKey=hunter2",
                "--set identity.tokenKey: must be file:PATH or env:NAME"
            ),
        ])
    func complaints(argument: String, expected: String) {
        let complaint = SampleProfile.complaint(overrides: [argument])
        #expect(complaint.split(separator: "\n").first.map { $0.hasPrefix(expected) } == true, "\(complaint)")
    }

    @Test("problems of the file and of --set are told together, the file's first") func together() throws {
        let text = try SampleProfile.edited([("  port: 8080", "  prot: 8080")])
        #expect(
            SampleProfile.complaint(text, overrides: ["admin.port=x"]) == """
                profiles/sample.yaml:10:3: http.prot: unknown key; did you mean "port"?
                --set admin.port: must be a number from 0 to 65535, is "x"
                """)
    }

    @Test("--set cannot reach through a value that is not a section") func notASection() throws {
        let text = try SampleProfile.edited([("admin:\n  host: 127.0.0.1\n  port: 8081\n", "admin: 5\n")])
        let complaint = SampleProfile.complaint(text, overrides: ["admin.port=1"])
        #expect(complaint.contains(#"--set admin.port: the file has no section there, but "5""#))
    }
}
