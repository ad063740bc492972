import ArgumentParser
import Foundation
import Kernel
import Logging
import Profiles
import Telemetry

/// Events that a consumer group could not apply.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "List, show and replay events that could not be applied.",
        subcommands: [List.self, Show.self, Replay.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List dead letters, newest first.")
        @OptionGroup var options: ProfileOptions
        @Flag(name: .long, help: "One JSON object a line.") var json = false

        func run() async throws {
            try await withBackend(options) { backend in
                var after: UUIDv7?
                repeat {
                    let page = try await backend.deadLetters.list(PageRequest(limit: 100, after: after))
                    for letter in page.items { Output.line(json ? letter.json : letter.line) }
                    after = page.next
                } while after != nil
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one dead letter with its event.")
        @OptionGroup var options: ProfileOptions
        @Argument var id: String

        func run() async throws {
            try await withBackend(options) { backend in
                guard let id = UUIDv7(id), let letter = try await backend.deadLetters.letter(id) else {
                    throw CommandFailure.failed("there is no dead letter \(id)")
                }
                Output.line(letter.json)
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand dead letters to their group again; the running projector takes them.")
        @OptionGroup var options: ProfileOptions
        @Argument(help: "Ids, or `all`.") var ids: [String]

        func run() async throws {
            try await withBackend(options) { backend in
                for id in try await chosen(backend) {
                    guard try await backend.deadLetters.requestReplay(id) else {
                        throw CommandFailure.failed("there is no dead letter \(id)")
                    }
                    Output.line("replay of \(id) requested")
                }
            }
        }

        private func chosen(_ backend: Backend) async throws -> [UUIDv7] {
            guard ids == ["all"] else {
                return try ids.map { text in
                    guard let id = UUIDv7(text) else {
                        throw CommandFailure.usage("\"\(text)\" is not an id")
                    }
                    return id
                }
            }
            var all: [UUIDv7] = []
            var after: UUIDv7?
            repeat {
                let page = try await backend.deadLetters.list(PageRequest(limit: 100, after: after))
                all += page.items.map(\.id)
                after = page.next
            } while after != nil
            return all
        }
    }
}

/// Opens the backend of a profile for one command, and closes it.
func withBackend(_ options: ProfileOptions, _ body: (Backend) async throws -> Void) async throws {
    let profile = try options.load().profile
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: .warning) }
    let backend = try await Assembly(
        profile, metrics: MetricRegistry(), logger: Logger(label: "cloudstream")
    ).backend()
    do {
        try await body(backend)
    } catch {
        await backend.machinery.close()
        throw error
    }
    await backend.machinery.close()
}

extension DeadLetter {
    fileprivate var line: String {
        "\(id)  \(failedAt)  \(group)  \(event.type)  tenant \(event.tenant)  attempts \(attempts)  \(reason)"
            + (replayRequested ? "  (replay requested)" : "")
    }

    fileprivate var json: String {
        var json = JSONWriter()
        json.object { json in
            json.field("id", id.description)
            json.field("group", group)
            json.field("failedAt", failedAt)
            json.field("attempts", attempts)
            json.field("reason", reason)
            json.field("replayRequested", replayRequested)
            json.object("event") { $0.cloudEvent(event) }
        }
        return json.text
    }
}

extension JSONWriter {
    /// The envelope in CloudEvents' JSON format.
    mutating func cloudEvent(_ event: Event) {
        field("specversion", "1.0")
        field("id", event.id)
        field("source", "/tenants/\(event.tenant)")
        field("type", event.type)
        field("dataschema", "/v1/schemas/\(event.type)/\(event.version)")
        field("subject", event.key)
        field("time", event.time)
        field("datacontenttype", "application/json")
        if let traceParent = event.traceParent { field("traceparent", traceParent) }
        field("data", json: event.data)
    }
}
