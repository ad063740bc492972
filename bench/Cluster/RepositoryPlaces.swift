import Foundation

/// The checkout that the program runs from: its scripts, and the folder of the fetched wheels.
package struct RepositoryPlaces: Sendable {
    package let root: String

    /// The given folder, or the first upwards from the working folder or the program that holds the scripts.
    package init(root: String? = nil) throws {
        if let root {
            self.root = URL(filePath: root).standardizedFileURL.absoluteURL.path(percentEncoded: false)
            return
        }
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/"
        let starts = [FileManager.default.currentDirectoryPath, program].map { URL(filePath: $0) }
        for start in starts {
            var folder = start
            while folder.path != "/" {
                let path = folder.path(percentEncoded: false)
                if FileManager.default.isExecutableFile(atPath: path + "/" + Self.script) {
                    self.root = path
                    return
                }
                folder = folder.deletingLastPathComponent()
            }
        }
        throw ClusterFailure("No checkout with \(Self.script) was found: name it with --repository.")
    }

    private static let script = "scripts/fetch-wheels"

    var wheels: String { root + "/.build/wheels" }
    var libraryFolder: String { wheels + "/librdkafka" }

    /// Has the wheels' programs fetched if they are missing; quick when they are there.
    func fetchWheels() async throws {
        var environment = ProcessInfo.processInfo.environment
        environment["PIP_NO_INPUT"] = "1"
        let program = ChildProgram(
            command: [root + "/" + Self.script, wheels], environment: environment, folder: root)
        do {
            _ = try await program.run(deadline: .seconds(600))
        } catch let failure as ClusterFailure {
            throw ClusterFailure("The wheels could not be fetched. \(failure)")
        }
    }
}
