import ArgumentParser
import Foundation
import Kernel
import Logging
import NIOCore
import Profiles
import Proxy
import ServiceLifecycle
import Telemetry

/// Runs the roles of a profile until told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve. This is what `app --profile NAME` does.", shouldDisplay: false)

    @OptionGroup var options: ProfileOptions

    @Flag(name: .long, help: "Print the whole configuration, secrets as references only, and stop.")
    var printConfig = false

    @Option(
        name: .customLong("listen-fd"),
        help: ArgumentHelp(
            "Role gateway: a listening socket that this process inherits, in place of gateway.host and gateway.port."
                + " Several gateways may hold it. The first socket of systemd's LISTEN_FDS is taken without this.",
            valueName: "descriptor"))
    var listenDescriptor: Int32?

    func run() async throws {
        if printConfig {
            return Output.line(try options.load(checkSecrets: false).profile.printed(format: .yaml))
        }
        let profile = try options.load().profile
        let level = profile.telemetry.logLevel.level
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
        let logger = Logger(label: "cloudstream")
        do {
            try await Process(profile: profile, listener: try listener(of: profile), logger: logger).run()
        } catch let failure as Failure {
            throw CommandFailure.failed("app: \(failure)")
        } catch let error as IOError {
            let http = profile.http
            throw CommandFailure.failed(
                "app: cannot listen on \(http.host):\(http.port) (http.port) and"
                    + " \(profile.admin.host):\(profile.admin.port) (admin.port): \(error.localizedDescription)."
                    + " Choose others, such as --set http.port=8090 --set admin.port=8091.")
        }
    }

    private func listener(of profile: Profile) throws -> InheritedListener? {
        let environment = ProcessInfo.processInfo.environment
        let announced = InheritedListener.announced(
            in: environment, to: ProcessInfo.processInfo.processIdentifier)
        guard let descriptor = listenDescriptor ?? announced else { return nil }
        guard profile.roles.contains(.gateway) else {
            throw CommandFailure.usage("--listen-fd, LISTEN_FDS: only role gateway takes a listening socket")
        }
        return try InheritedListener(descriptor)
    }
}

extension LogLevel {
    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
