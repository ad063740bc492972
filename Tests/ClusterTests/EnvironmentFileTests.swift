import Foundation
import Testing

@testable import Cluster

@Suite struct EnvironmentFileTests {
    static let hostile = [
        "PLAIN": "a-b_c.d/e:f@g", "SPACE": "a b", "QUOTE": "it's 'so'", "DOLLAR": "$HOME `id` \\ \"x\"",
        "URL": "postgresql://u:p@h:1,h:2/d?target_session_attrs=any&x=1", "EMPTY": "",
    ]

    @Test func `what is written is read again`() {
        let file = EnvironmentFile(Self.hostile, libraryFolder: "/opt/some lib")
        #expect(EnvironmentFile(text: file.text) == file)
        #expect(EnvironmentFile(text: EnvironmentFile().text) == EnvironmentFile())
    }

    @Test func `a line that is no pair, or holds what was never written, is refused`() {
        #expect(EnvironmentFile(text: "NO PAIR") == nil)
        #expect(EnvironmentFile(text: "A=$(id)") == nil)
        #expect(EnvironmentFile(text: "LD_LIBRARY_PATH=/x") == nil)
    }

    @Test func `a shell that sources it has the same values, and its own library path behind`() async throws {
        let file = EnvironmentFile(Self.hostile, libraryFolder: "/opt/some lib")
        let path = NSTemporaryDirectory() + "/cluster-env-\(UUID().uuidString)"
        defer { unlink(path) }
        try PrivateFile.write(Data(file.text.utf8), to: path)
        let base = ["PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/mine"]
        let shell = ChildProgram(
            command: ["/bin/sh", "-c", "set -a; . \(path); set +a; env -0"], environment: base, folder: "/")
        let answer = try await shell.run()
        var seen: [String: String] = [:]
        for pair in answer.split(separator: "\0") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            seen[String(parts[0])] = String(parts[1])
        }
        for (key, value) in file.merged(over: base) { #expect(seen[key] == value) }
        #expect(seen["LD_LIBRARY_PATH"] == "/opt/some lib:/mine")
    }

    @Test func `private files can be read by their owner alone`() throws {
        let path = NSTemporaryDirectory() + "/cluster-private-\(UUID().uuidString)"
        defer { unlink(path) }
        for text in ["first", "second"] {
            try PrivateFile.write(Data(text.utf8), to: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }
    }
}
