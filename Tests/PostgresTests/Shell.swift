import Foundation
import TestProcess

struct ShellFailure: Error, CustomStringConvertible {
    let description: String
}

/// Runs a script as the user that servers of tests run as, since Postgres refuses to run as root.
func shell(_ script: String, asRoot: Bool = false) async throws {
    let isUser = getuid() == 0 && !asRoot
    let (end, output) = try await ChildProcess.run(
        isUser ? "/usr/sbin/runuser" : "/bin/bash",
        (isUser ? ["-u", "postgres", "--", "bash"] : []) + ["-ec", script], folder: "/")
    guard end == .exit(0) else { throw ShellFailure(description: "\(end) of: \(script)\n\(output)") }
}
