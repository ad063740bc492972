import ArgumentParser
import Foundation
import Profiles

/// The program: one binary, whose profile decides what it is.
@main
struct CloudStream: AsyncParsableCommand {
    static let version = "0.2.0"

    static let configuration = CommandConfiguration(
        commandName: "app", abstract: "CloudStream: upload, watch and review videos as a team.",
        version: version,
        subcommands: [
            Serve.self, Check.self, Explain.self, Migrate.self, DeadLettersCommand.self, Projections.self,
        ],
        defaultSubcommand: Serve.self)

    static func main() async {
        // Before anything starts a thread: the child confines itself, which only a single thread can.
        if CommandLine.arguments.dropFirst().first == "media-worker" {
            Foundation.exit(MediaWorkerEntry.run())
        }
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Output.error(failure.message)
            Foundation.exit(failure.code)
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code == .success { Output.line(text) } else { Output.error(text) }
            Foundation.exit(code == .success ? 0 : code == .validationFailure ? 2 : 1)
        }
    }
}

/// What ends a command: 1 for what failed, 2 for wrong usage.
struct CommandFailure: Error {
    let code: Int32
    let message: String

    static func failed(_ message: String) -> Self { Self(code: 1, message: message) }
    static func usage(_ message: String) -> Self { Self(code: 2, message: message) }
}

/// Text for the person at the terminal.
enum Output {
    static func line(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
